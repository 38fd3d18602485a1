import type { Usage } from "../../turn/usage.ts";

/** The prompt's tokens as OpenAI counts them: those read from the cache or written to it are included. */
export function promptTokens({ inputTokens, cacheReadInputTokens, cacheCreationInputTokens }: Usage): number {
  return inputTokens + cacheReadInputTokens + cacheCreationInputTokens;
}

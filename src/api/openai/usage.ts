import type { Usage } from "../../turn/usage.ts";

/** OpenAI counts what was read from the cache or written to it as part of the prompt. */
export function promptTokens({ inputTokens, cacheReadInputTokens, cacheCreationInputTokens }: Usage): number {
  return inputTokens + cacheReadInputTokens + cacheCreationInputTokens;
}

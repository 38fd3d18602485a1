import type { Usage } from "../../turn/usage.ts";

/** The prompt's tokens as OpenAI counts them: those read from the cache or written to it are included. */
export function promptTokens({ inputTokens, cacheReadInputTokens, cacheCreationInputTokens }: Usage): number {
  return inputTokens + cacheReadInputTokens + cacheCreationInputTokens;
}

/** A turn's token counts as the `usage` of a completion, be it of a chat or of a prompt. */
export function chatUsage(usage: Usage): object {
  const prompt = promptTokens(usage);
  return {
    prompt_tokens: prompt,
    completion_tokens: usage.outputTokens,
    total_tokens: prompt + usage.outputTokens,
    prompt_tokens_details: { cached_tokens: usage.cacheReadInputTokens, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: usage.thinkingTokens, audio_tokens: 0, accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

/** The `system_fingerprint` of an answer: which CLI has given it. */
export function systemFingerprint(cliVersion: string | undefined): string {
  return `fp_claude_code_${cliVersion ?? "unknown"}`;
}

/** Tokens as the Messages API counts them. */
export interface Usage {
  /** Input tokens that were neither read from the cache nor written to it. */
  readonly inputTokens: number;
  readonly cacheReadInputTokens: number;
  /** Input tokens that were written to the cache, whatever their lifetime. */
  readonly cacheCreationInputTokens: number;
  /** The part of `cacheCreationInputTokens` that lives for five minutes. */
  readonly ephemeral5mInputTokens: number;
  /** The part of `cacheCreationInputTokens` that lives for an hour. */
  readonly ephemeral1hInputTokens: number;
  /** Output tokens, thinking included. */
  readonly outputTokens: number;
  /** The part of `outputTokens` that was thinking. */
  readonly thinkingTokens: number;
}

/** How many tokens a request to the model has, as far as that can be told before the model is asked. */
export interface TokenCount {
  /** Of the system prompt, the tools and the messages together. An estimate: see `claude/context-usage.ts`. */
  readonly inputTokens: number;
}

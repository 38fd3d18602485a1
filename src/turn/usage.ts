/** The tokens that an answer used, as the Messages API counts them. */
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
  /** What else the API told in the answer's `usage`, under its own names: `service_tier`, `server_tool_use`. */
  readonly others: Readonly<Record<string, unknown>>;
}

export const noUsage: Usage = {
  inputTokens: 0, cacheReadInputTokens: 0, cacheCreationInputTokens: 0, ephemeral5mInputTokens: 0,
  ephemeral1hInputTokens: 0, outputTokens: 0, thinkingTokens: 0, others: {},
};

/**
 * What two requests to the model used together. Of `others` the uses of the API's own tools are summed too; of the rest
 * the later request's values win.
 */
export function sumOfUsage(one: Usage, other: Usage): Usage {
  return {
    inputTokens: one.inputTokens + other.inputTokens,
    cacheReadInputTokens: one.cacheReadInputTokens + other.cacheReadInputTokens,
    cacheCreationInputTokens: one.cacheCreationInputTokens + other.cacheCreationInputTokens,
    ephemeral5mInputTokens: one.ephemeral5mInputTokens + other.ephemeral5mInputTokens,
    ephemeral1hInputTokens: one.ephemeral1hInputTokens + other.ephemeral1hInputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    thinkingTokens: one.thinkingTokens + other.thinkingTokens,
    others: { ...one.others, ...other.others, ...toolUsesIn(one.others, other.others) },
  };
}

/** How often both requests together used the API's own tools, such as `web_search_requests`, where either tells it. */
function toolUsesIn(...others: readonly Usage["others"][]): Usage["others"] {
  const told = others.flatMap(({ server_tool_use: uses }) => (typeof uses === "object" && uses !== null ? [uses] : []));
  const sums = new Map<string, unknown>();
  for (const [name, value] of told.flatMap((uses) => Object.entries(uses) as [string, unknown][])) {
    const before = sums.get(name);
    sums.set(name, typeof before === "number" && typeof value === "number" ? before + value : value);
  }
  return told.length === 0 ? {} : { server_tool_use: Object.fromEntries(sums) };
}

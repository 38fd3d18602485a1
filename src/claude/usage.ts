import type { Usage } from "../turn/usage.ts";
import { isObject, type JsonObject } from "./protocol.ts";

/**
 * Converts the `usage` object of a Messages API answer. A count that is missing, negative or no number becomes 0, and a
 * fraction is cut off. Fields beside these are kept as they are; further members of these are not.
 */
export function toUsage(usage: JsonObject): Usage {
  const {
    input_tokens, cache_read_input_tokens, cache_creation_input_tokens, cache_creation, output_tokens,
    output_tokens_details, ...others
  } = usage;
  const created = isObject(cache_creation) ? cache_creation : {};
  const details = isObject(output_tokens_details) ? output_tokens_details : {};
  return {
    inputTokens: count(input_tokens),
    cacheReadInputTokens: count(cache_read_input_tokens),
    cacheCreationInputTokens: count(cache_creation_input_tokens),
    ephemeral5mInputTokens: count(created["ephemeral_5m_input_tokens"]),
    ephemeral1hInputTokens: count(created["ephemeral_1h_input_tokens"]),
    outputTokens: count(output_tokens),
    thinkingTokens: count(details["thinking_tokens"]),
    others,
  };
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? Math.max(0, Math.trunc(value)) : 0;
}

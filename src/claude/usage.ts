import type { Usage } from "../turn/usage.ts";
import { isObject, type JsonObject } from "./protocol.ts";

/**
 * Converts the `usage` object of a Messages API answer. A count that is missing, negative or no number becomes 0, and a
 * fraction is cut off.
 */
export function toUsage(usage: JsonObject): Usage {
  const created = isObject(usage["cache_creation"]) ? usage["cache_creation"] : {};
  const details = isObject(usage["output_tokens_details"]) ? usage["output_tokens_details"] : {};
  return {
    inputTokens: count(usage["input_tokens"]),
    cacheReadInputTokens: count(usage["cache_read_input_tokens"]),
    cacheCreationInputTokens: count(usage["cache_creation_input_tokens"]),
    ephemeral5mInputTokens: count(created["ephemeral_5m_input_tokens"]),
    ephemeral1hInputTokens: count(created["ephemeral_1h_input_tokens"]),
    outputTokens: count(usage["output_tokens"]),
    thinkingTokens: count(details["thinking_tokens"]),
  };
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? Math.max(0, Math.trunc(value)) : 0;
}

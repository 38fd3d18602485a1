import type { Usage } from "../turn.ts";
import { isObject, type JsonObject } from "./protocol.ts";

/** Anthropic's counts as OpenAI's: cached input is part of the prompt. */
export function toUsage(usage: JsonObject): Usage {
  const cacheWriteTokens = count(usage["cache_creation_input_tokens"]);
  const cachedTokens = count(usage["cache_read_input_tokens"]);
  const details = isObject(usage["output_tokens_details"]) ? usage["output_tokens_details"] : {};
  return {
    promptTokens: count(usage["input_tokens"]) + cacheWriteTokens + cachedTokens,
    cachedTokens,
    cacheWriteTokens,
    completionTokens: count(usage["output_tokens"]),
    reasoningTokens: count(details["thinking_tokens"]),
  };
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? Math.max(0, Math.trunc(value)) : 0;
}

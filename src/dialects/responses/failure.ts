import { BridgeError } from "../../errors.ts";

/**
 * A failure as this dialect's clients know it: its input is named as they name it, and a used-up window has the type by which
 * Codex stops (it would wait out any other `Retry-After`, hours even). `nowMs` is the clock of `resets_at`.
 */
export function asResponsesFailure(error: unknown, nowMs: number): unknown {
  if (!(error instanceof BridgeError)) return error;
  const { kind, message, param, retryAfterSeconds, shouldRetry, headers, cause } = error;
  const kept = { headers, cause, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }), ...(shouldRetry === undefined ? {} : { shouldRetry }) };
  if (kind === "usage_limit_reached") {
    const resetsAt = retryAfterSeconds === undefined ? {} : { resets_at: Math.round(nowMs / 1000) + retryAfterSeconds };
    return new BridgeError(kind, message, { ...kept, body: { type: "usage_limit_reached", ...resetsAt } });
  }
  return param === "messages" ? new BridgeError(kind, message, { ...kept, param: "input" }) : error;
}

import type { BridgeError } from "../../../errors.ts";
import type { Failure } from "../../dialect.ts";
import { openAiError, openAiFailure } from "../errors.ts";

/** The `error` of a `response.failed` event. */
export interface ResponseError {
  readonly code: string;
  readonly message: string;
}

/**
 * An error as the answer to a request for a response. The engine's `messages` are this dialect's `input`. A used-up
 * window has the type at which Codex stops: it would wait out any other `Retry-After`, for hours even. `nowMs` is the
 * clock of `resets_at`.
 */
export function responsesFailure(error: BridgeError, nowMs: number): Failure {
  const { status, headers } = openAiFailure(error);
  const written = openAiError(error);
  const named = written.param === "messages" ? { ...written, param: "input" } : written;
  if (error.kind !== "usage_limit_reached") return { status, headers, body: { error: named } };
  const { retryAfterSeconds } = error;
  const resetsAt = retryAfterSeconds === undefined ? {} : { resets_at: Math.round(nowMs / 1000) + retryAfterSeconds };
  return { status, headers, body: { error: { ...written, type: "usage_limit_reached", ...resetsAt } } };
}

/** An error behind the head: what the failed response holds of it. */
export function responseError(error: BridgeError): ResponseError {
  const { code, type, message } = openAiError(error);
  // Codex asks again on any code but a few: that of a quota is the one that fits a used-up window.
  return { code: error.kind === "usage_limit_reached" ? "insufficient_quota" : code ?? type, message };
}

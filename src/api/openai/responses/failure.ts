import { type BridgeError, type ErrorCode, hasCode } from "../../../errors.ts";
import type { Failure } from "../../dialect.ts";
import type { PartFields } from "../../part-fields.ts";
import { openAiError, openAiFailure } from "../errors.ts";

/** The `error` of a `response.failed` event. */
export interface ResponseError {
  readonly code: string;
  readonly message: string;
}

/**
 * Errors that are told as `response.failed` even before the answer. At a status of 400 Codex would give up. In
 * `response.failed` it understands them: it shortens a history that is too long, and says that the model is overloaded.
 */
const toldInStream: ReadonlySet<ErrorCode> = new Set(["prompt_too_long", "overloaded"]);

/** Whether an error is told as `response.failed` even if the stream has not begun. */
export function isToldInStream(error: BridgeError): boolean {
  return hasCode(error, toldInStream);
}

const partFields: PartFields = {
  model: "model", messages: "input", tools: "tools", toolChoice: "tool_choice", webSearch: "tools",
};

/**
 * Translates an error that occurs before the headers are sent. A used-up rate limit window gets the type
 * `usage_limit_reached`, at which Codex stops. With any other type it would wait out `Retry-After`, even for hours.
 * `nowMs` is the current time, from which `resets_at` is computed.
 */
export function responsesFailure(error: BridgeError, nowMs: number): Failure {
  const { status, headers } = openAiFailure(error);
  const told = openAiError(error, partFields);
  const written = { ...told, code: codeOf(error, told.code) };
  if (error.code !== "usage_limit_reached") return { status, headers, body: { error: written } };
  const { retryAfterSeconds } = error;
  const resetsAt = retryAfterSeconds === undefined ? {} : { resets_at: Math.round(nowMs / 1000) + retryAfterSeconds };
  return { status, headers, body: { error: { ...written, type: "usage_limit_reached", ...resetsAt } } };
}

/** Translates an error that occurs after the headers were sent, for the `response.failed` event. */
export function responseError(error: BridgeError): ResponseError {
  const { code, type, message } = openAiError(error);
  // Codex retries on all but a few codes. Of those few, `insufficient_quota` is the one that fits a used-up rate limit
  // window.
  return { code: error.code === "usage_limit_reached" ? "insufficient_quota" : codeOf(error, code) ?? type, message };
}

/** The `code` of an error in the Responses API, which has one of its own for an overloaded model. */
function codeOf({ code }: BridgeError, otherwise: string | null): string | null {
  return code === "overloaded" ? "server_is_overloaded" : otherwise;
}

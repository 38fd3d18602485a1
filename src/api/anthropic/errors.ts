import type { BridgeError, ErrorCode } from "../../errors.ts";
import type { ErrorForm, Failure, FailureContext } from "../dialect.ts";
import { fieldAtFault, type PartFields } from "../part-fields.ts";
import { retryAdvice } from "../retry-advice.ts";
import { anthropicWindowHeaders } from "./rate-limit.ts";

/** How Anthropic's API writes one of this server's error codes. */
interface CodeForm {
  /** HTTP status. */
  readonly status: number;
  /** `error.type`. */
  readonly type: string;
}

const badRequest = { status: 400, type: "invalid_request_error" } as const;

const codeForms = {
  invalid_request: badRequest,
  invalid_json: badRequest,
  missing_field: badRequest,
  invalid_type: badRequest,
  invalid_value: badRequest,
  unsupported_parameter: badRequest,
  prompt_too_long: badRequest,
  not_logged_in: { status: 401, type: "authentication_error" },
  invalid_api_key: { status: 401, type: "authentication_error" },
  billing_error: { status: 402, type: "billing_error" },
  account_refused: { status: 403, type: "permission_error" },
  forbidden: { status: 403, type: "permission_error" },
  not_found: { status: 404, type: "not_found_error" },
  model_not_found: { status: 404, type: "not_found_error" },
  method_not_allowed: { status: 405, type: "invalid_request_error" },
  request_timeout: { status: 408, type: "timeout_error" },
  session_busy: { status: 409, type: "invalid_request_error" },
  body_too_large: { status: 413, type: "request_too_large" },
  expectation_failed: { status: 417, type: "invalid_request_error" },
  upgrade_required: { status: 426, type: "invalid_request_error" },
  rate_limited: { status: 429, type: "rate_limit_error" },
  usage_limit_reached: { status: 429, type: "rate_limit_error" },
  server_busy: { status: 429, type: "rate_limit_error" },
  headers_too_large: { status: 431, type: "invalid_request_error" },
  client_closed: { status: 499, type: "api_error" },
  internal: { status: 500, type: "api_error" },
  storage_failed: { status: 500, type: "api_error" },
  upstream_error: { status: 500, type: "api_error" },
  cli_failed: { status: 500, type: "api_error" },
  not_implemented: { status: 501, type: "invalid_request_error" },
  cli_unavailable: { status: 503, type: "api_error" },
  shutting_down: { status: 503, type: "api_error" },
  turn_timeout: { status: 504, type: "timeout_error" },
  overloaded: { status: 529, type: "overloaded_error" },
} as const satisfies Record<ErrorCode, CodeForm>;

/** What the parts of a turn are called in a request to the Messages API. */
const partFields: PartFields = {
  model: "model", messages: "messages", tools: "tools", toolChoice: "tool_choice", webSearch: "tools",
};

/** Anthropic's body of an error, which is also the last event of a stream that fails. */
export interface AnthropicError {
  readonly type: "error";
  readonly error: { readonly type: string; readonly message: string; readonly details?: object };
  readonly request_id: string;
}

/** The API's words by which clients know that they have to shorten a conversation. */
const tooLongWords = "prompt is too long";

/**
 * Translates an error into Anthropic's body of one. That body has no member for the request's field at fault: the
 * message names the field.
 */
export function anthropicError(error: BridgeError, requestId: string): AnthropicError {
  const { type } = codeForms[error.code];
  return { type: "error", error: { type, message: messageOf(error), ...detailsOf(error) }, request_id: requestId };
}

/**
 * The details by which Anthropic's SDKs know that they have to send a conversation whole: threads are not stored here.
 */
const threadNotFound = { details: { error_code: "thread_not_found" } };

function detailsOf({ code, field }: BridgeError): { readonly details?: object } {
  return code === "not_found" && field === "thread" ? threadNotFound : {};
}

function messageOf(error: BridgeError): string {
  const { code, message } = error;
  const field = fieldAtFault(error, partFields);
  // An error of the parsers begins with its field already.
  const named = field === undefined || namesField(message, field) ? message : `${field}: ${message}`;
  return code === "prompt_too_long" && !named.toLowerCase().includes(tooLongWords)
    ? `${tooLongWords}: ${named}`
    : named;
}

/** Whether a message begins with a field or with a path in it, and not with a longer word: `models` is not `model`. */
function namesField(message: string, field: string): boolean {
  return message.startsWith(field) && /^(?:$|[:[. ])/u.test(message.slice(field.length, field.length + 1));
}

/** The header in which Anthropic's SDKs look for a request's id. */
export const requestIdHeader = "request-id";

/**
 * Translates an error into a response: Anthropic's status and body, the retry headers that their SDKs obey, and, for a
 * used-up rate limit window, the headers from which Claude Code tells when it resets.
 */
export function anthropicFailure(error: BridgeError, context: FailureContext): Failure {
  const { requestId } = context;
  return {
    status: codeForms[error.code].status,
    headers: { [requestIdHeader]: requestId, ...retryAdvice(error), ...spentWindow(error, context) },
    body: anthropicError(error, requestId),
  };
}

function spentWindow({ code, retryAfterSeconds }: BridgeError, { window, nowMs }: FailureContext): object {
  if (code !== "usage_limit_reached") return {};
  const told = window?.status === "rejected" ? window : undefined;
  const resetsAt = retryAfterSeconds === undefined ? undefined : Math.ceil(nowMs / 1000) + retryAfterSeconds;
  return anthropicWindowHeaders({
    status: "rejected", rateLimitType: told?.rateLimitType, resetsAt: told?.resetsAt ?? resetsAt,
    utilization: told?.utilization,
  }, nowMs);
}

/** Anthropic's form of errors, for endpoints that run no turn. */
export const anthropicErrors: ErrorForm = { requestIdHeader, failure: anthropicFailure };

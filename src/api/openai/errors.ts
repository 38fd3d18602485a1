import type { BridgeError, ErrorCode } from "../../errors.ts";
import type { ErrorForm, Failure } from "../dialect.ts";
import { fieldAtFault, type PartFields } from "../part-fields.ts";
import { retryAdvice } from "../retry-advice.ts";

/** How OpenAI's API writes one of this server's error codes. */
interface CodeForm {
  /** HTTP status. */
  readonly status: number;
  /** `error.type`. */
  readonly type: string;
  /** `error.code`; null where OpenAI sends null. */
  readonly code: string | null;
}

const codeForms = {
  invalid_request: { status: 400, type: "invalid_request_error", code: null },
  invalid_json: { status: 400, type: "invalid_request_error", code: "invalid_json" },
  missing_field: { status: 400, type: "invalid_request_error", code: "missing_required_parameter" },
  invalid_type: { status: 400, type: "invalid_request_error", code: "invalid_type" },
  invalid_value: { status: 400, type: "invalid_request_error", code: "invalid_value" },
  unsupported_parameter: { status: 400, type: "invalid_request_error", code: "unsupported_parameter" },
  prompt_too_long: { status: 400, type: "invalid_request_error", code: "context_length_exceeded" },
  not_logged_in: { status: 401, type: "authentication_error", code: "not_logged_in" },
  invalid_api_key: { status: 401, type: "authentication_error", code: "invalid_api_key" },
  account_refused: { status: 403, type: "permission_error", code: "account_refused" },
  forbidden: { status: 403, type: "permission_error", code: "forbidden" },
  not_found: { status: 404, type: "invalid_request_error", code: "not_found" },
  model_not_found: { status: 404, type: "invalid_request_error", code: "model_not_found" },
  method_not_allowed: { status: 405, type: "invalid_request_error", code: "method_not_allowed" },
  request_timeout: { status: 408, type: "timeout", code: "request_timeout" },
  session_busy: { status: 409, type: "invalid_request_error", code: "session_busy" },
  body_too_large: { status: 413, type: "invalid_request_error", code: "body_too_large" },
  expectation_failed: { status: 417, type: "invalid_request_error", code: "expectation_failed" },
  upgrade_required: { status: 426, type: "invalid_request_error", code: "upgrade_required" },
  rate_limited: { status: 429, type: "rate_limit_error", code: "rate_limit_exceeded" },
  usage_limit_reached: { status: 429, type: "rate_limit_error", code: "usage_limit_reached" },
  billing_error: { status: 429, type: "insufficient_quota", code: "insufficient_quota" },
  server_busy: { status: 429, type: "rate_limit_error", code: "server_busy" },
  headers_too_large: { status: 431, type: "invalid_request_error", code: null },
  client_closed: { status: 499, type: "invalid_request_error", code: "client_closed_request" },
  internal: { status: 500, type: "server_error", code: "internal_error" },
  storage_failed: { status: 500, type: "server_error", code: "storage_failed" },
  not_implemented: { status: 501, type: "invalid_request_error", code: "not_implemented" },
  upstream_error: { status: 502, type: "server_error", code: "upstream_error" },
  cli_failed: { status: 502, type: "server_error", code: "claude_cli_failed" },
  cli_unavailable: { status: 503, type: "server_error", code: "claude_cli_unavailable" },
  overloaded: { status: 503, type: "server_error", code: "overloaded" },
  shutting_down: { status: 503, type: "server_error", code: "shutting_down" },
  turn_timeout: { status: 504, type: "timeout", code: "turn_timeout" },
} as const satisfies Record<ErrorCode, CodeForm>;

/** OpenAI's form for an unknown `previous_response_id`; an unknown path is a 404. */
const previousNotFound: CodeForm = {
  status: 400, type: "invalid_request_error", code: "previous_response_not_found",
};

function codeFormOf({ code, field }: BridgeError): CodeForm {
  return code === "not_found" && field === "previous_response_id" ? previousNotFound : codeForms[code];
}

/** OpenAI's error object. All four keys are always present. */
export interface OpenAiError {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: string | null;
}

/**
 * The names of a turn's parts in a chat completion request. An unknown model at `/v1/models/{id}` is named `model` too.
 */
const chatFields: PartFields = {
  model: "model", messages: "messages", tools: "tools", toolChoice: "tool_choice", webSearch: "web_search_options",
};

/**
 * Translates an error into OpenAI's error object, the value of `error` in a body. `fields` has the names that the
 * endpoint's requests have for the parts of a turn.
 */
export function openAiError(error: BridgeError, fields: PartFields = chatFields): OpenAiError {
  const { type, code } = codeFormOf(error);
  return { message: messageOf(error), type, param: fieldAtFault(error, fields) ?? null, code };
}

/** OpenAI's words by which clients that do not look at the code know that they have to shorten a conversation. */
const tooLongWords = "This is longer than the maximum context length, in tokens.";

function messageOf({ code, message }: BridgeError): string {
  return code === "prompt_too_long" && !/context length/i.test(message) ? `${message} (${tooLongWords})` : message;
}

/**
 * Codes after which a retry is in vain: an unpaid bill, which is a 429 in this API, a prompt that is too long, and a
 * disk that somebody must look after.
 */
const vainCodes: ReadonlySet<ErrorCode> = new Set(["billing_error", "prompt_too_long", "storage_failed"]);

/** Translates an error into a response: OpenAI's status and body, and the retry headers that their SDKs obey. */
export function openAiFailure(error: BridgeError): Failure {
  const headers = retryAdvice(error, vainCodes);
  return { status: codeFormOf(error).status, headers, body: { error: openAiError(error) } };
}

/** OpenAI's form of errors, for paths that have no dialect. */
export const openAiErrors: ErrorForm = { failure: openAiFailure };

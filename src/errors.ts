/**
 * `BridgeError`, the only error class that is sent to clients, and the closed list of its codes. Each dialect decides
 * how an error looks on the wire.
 */

/** The `retryAfterSeconds` of `server_busy`, in seconds: a client that met a full server may retry after it. */
const busyRetrySeconds = 5;

/**
 * The codes of all failures that a client can meet. They are no API's own: each dialect has a table with its API's
 * words for them.
 */
export type ErrorCode =
  // The request is at fault.
  | "invalid_request"
  | "invalid_json"
  | "missing_field"
  | "invalid_type"
  | "invalid_value"
  | "unsupported_parameter"
  | "prompt_too_long"
  // The sender is not allowed to ask, or the CLI is not allowed to answer.
  | "not_logged_in"
  | "invalid_api_key"
  | "account_refused"
  | "forbidden"
  // The request names something that does not exist here: by its path, or by the field that the error names.
  | "not_found"
  | "model_not_found"
  | "method_not_allowed"
  // The request goes on with a conversation that another request is going on with.
  | "session_busy"
  // An API has the endpoint, and there is nothing here to serve it with.
  | "not_implemented"
  // Refused by the HTTP layer, before any dialect reads the request.
  | "request_timeout"
  | "body_too_large"
  | "headers_too_large"
  | "expectation_failed"
  | "upgrade_required"
  // The request is not answered now: a limit was reached, or the client left.
  | "rate_limited"
  | "usage_limit_reached"
  | "billing_error"
  | "server_busy"
  | "client_closed"
  // The server, the CLI or the upstream failed.
  | "internal"
  // What a request asks to be kept, or what was kept, cannot be written or read.
  | "storage_failed"
  | "upstream_error"
  | "cli_failed"
  | "cli_unavailable"
  | "overloaded"
  | "shutting_down"
  | "turn_timeout";

/**
 * The parts of a turn (`turn/turn.ts`) that can be at fault. The engine and the CLI do not know how a client's request
 * was written, so their errors name a part, and each dialect writes its own field's name for it.
 */
export type TurnPart = "model" | "messages" | "tools" | "toolChoice" | "webSearch";

/** Optional facts about a failure. */
export interface BridgeErrorDetails {
  /** The path of the request's field at fault, such as `messages[0].content`, where the request's form is known. */
  readonly field?: string;
  /** The part of the turn that is at fault, where only the turn is known: for errors of the engine and of the CLI. */
  readonly part?: TurnPart;
  /** After how long a retry may succeed, in seconds: that may be hours. Undefined where it is not known. */
  readonly retryAfterSeconds?: number;
  /** The underlying error. For `internal` errors it is written to the log; it is never sent to the client. */
  readonly cause?: unknown;
}

/** A failure with a code and a message for the client. The message never contains prompt text. */
export class BridgeError extends Error {
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly part: TurnPart | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message: string, details: BridgeErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "BridgeError";
    this.code = code;
    this.field = details.field;
    this.part = details.part;
    this.retryAfterSeconds = details.retryAfterSeconds;
  }
}

/** Makes the error for a client that closed its connection. */
export function clientClosed(): BridgeError {
  return new BridgeError("client_closed", "The client closed the request.");
}

/** Makes the error for a request that the server has no room for now; `message` gives the reason. */
export function serverBusy(message: string): BridgeError {
  return new BridgeError("server_busy", message, { retryAfterSeconds: busyRetrySeconds });
}

/** Makes the error for a request that comes while the server shuts down. */
export function shuttingDown(): BridgeError {
  return new BridgeError("shutting_down", "The server is shutting down.");
}

/** Whether an error is a `BridgeError` of one of these codes. */
export function hasCode(error: unknown, codes: ReadonlySet<ErrorCode>): boolean {
  return error instanceof BridgeError && codes.has(error.code);
}

/** Returns a `BridgeError` as it is. Any other value becomes the cause of an `internal` error with a fixed message. */
export function asBridgeError(error: unknown): BridgeError {
  if (error instanceof BridgeError) return error;
  return new BridgeError("internal", "The server failed on this request. Its log has the cause.", { cause: error });
}

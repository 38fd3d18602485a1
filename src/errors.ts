/**
 * The one error class that reaches a client, and the closed table of what it may say. How it is written is a dialect's
 * matter.
 */

/** What a client that was turned away for want of a place is told to wait, in seconds. */
const busyRetrySeconds = 5;

/** Every way in which a request may fail. */
export type ErrorCode =
  // The request cannot be honoured as it is.
  | "invalid_request"
  | "invalid_json"
  | "missing_field"
  | "invalid_type"
  | "invalid_value"
  | "unsupported_parameter"
  | "previous_response_not_found"
  | "context_length_exceeded"
  // Its sender may not ask.
  | "not_logged_in"
  | "invalid_api_key"
  | "account_refused"
  | "forbidden"
  // What it names does not exist here.
  | "not_found"
  | "model_not_found"
  | "method_not_allowed"
  // HTTP has its own reasons.
  | "request_timeout"
  | "body_too_large"
  | "headers_too_large"
  | "expectation_failed"
  | "upgrade_required"
  // Not now.
  | "rate_limited"
  | "usage_limit_reached"
  | "insufficient_quota"
  | "server_busy"
  | "client_closed"
  // The server, the CLI or the upstream failed.
  | "internal"
  | "upstream_error"
  | "cli_failed"
  | "cli_unavailable"
  | "overloaded"
  | "shutting_down"
  | "turn_timeout";

export interface BridgeErrorDetails {
  /** The request's field at fault, as a path: `messages[0].content`. */
  readonly field?: string;
  /** When a retry may succeed, in seconds from now. */
  readonly retryAfterSeconds?: number;
  /** False when a retry cannot help. */
  readonly shouldRetry?: boolean;
  /** What went wrong underneath; of an `internal` error it goes to the log, never to the client. */
  readonly cause?: unknown;
}

/** A failure with a code and a message meant for the client. It never holds any of a prompt. */
export class BridgeError extends Error {
  readonly kind: ErrorCode;
  readonly field: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly shouldRetry: boolean | undefined;

  constructor(kind: ErrorCode, message: string, details: BridgeErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "BridgeError";
    this.kind = kind;
    this.field = details.field;
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.shouldRetry = details.shouldRetry;
  }
}

/** The client has left. */
export function clientClosed(): BridgeError {
  return new BridgeError("client_closed", "The client closed the request.");
}

/** There is no place for the request now, for the reason that `message` tells. */
export function serverBusy(message: string): BridgeError {
  return new BridgeError("server_busy", message, { retryAfterSeconds: busyRetrySeconds });
}

/** The server takes nothing more. */
export function shuttingDown(): BridgeError {
  return new BridgeError("shutting_down", "The server is shutting down.");
}

/**
 * Any thrown value as a `BridgeError`. One of another class becomes `internal`, with a message that gives nothing away.
 */
export function asBridgeError(error: unknown): BridgeError {
  if (error instanceof BridgeError) return error;
  return new BridgeError("internal", "The server failed on this request. Its log has the cause.", { cause: error });
}

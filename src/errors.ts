/** The one error class that reaches a client, and the closed table of what it may say. */

/** What a client that was turned away for want of a place is told to wait, in seconds. */
const busyRetrySeconds = 5;

interface ErrorKind {
  /** HTTP status. */
  readonly status: number;
  /** OpenAI's `error.type`. */
  readonly type: string;
  /** OpenAI's `error.code`; null where OpenAI sends null. */
  readonly code: string | null;
}

const errorKinds = {
  invalid_request: { status: 400, type: "invalid_request_error", code: null },
  invalid_json: { status: 400, type: "invalid_request_error", code: "invalid_json" },
  missing_field: { status: 400, type: "invalid_request_error", code: "missing_required_parameter" },
  invalid_type: { status: 400, type: "invalid_request_error", code: "invalid_type" },
  invalid_value: { status: 400, type: "invalid_request_error", code: "invalid_value" },
  unsupported_parameter: { status: 400, type: "invalid_request_error", code: "unsupported_parameter" },
  previous_response_not_found: { status: 400, type: "invalid_request_error", code: "previous_response_not_found" },
  context_length_exceeded: { status: 400, type: "invalid_request_error", code: "context_length_exceeded" },
  not_logged_in: { status: 401, type: "authentication_error", code: "not_logged_in" },
  invalid_api_key: { status: 401, type: "authentication_error", code: "invalid_api_key" },
  account_refused: { status: 403, type: "permission_error", code: "account_refused" },
  forbidden: { status: 403, type: "permission_error", code: "forbidden" },
  not_found: { status: 404, type: "invalid_request_error", code: "not_found" },
  model_not_found: { status: 404, type: "invalid_request_error", code: "model_not_found" },
  method_not_allowed: { status: 405, type: "invalid_request_error", code: "method_not_allowed" },
  request_timeout: { status: 408, type: "timeout", code: "request_timeout" },
  body_too_large: { status: 413, type: "invalid_request_error", code: "body_too_large" },
  expectation_failed: { status: 417, type: "invalid_request_error", code: "expectation_failed" },
  upgrade_required: { status: 426, type: "invalid_request_error", code: "upgrade_required" },
  rate_limited: { status: 429, type: "rate_limit_error", code: "rate_limit_exceeded" },
  usage_limit_reached: { status: 429, type: "rate_limit_error", code: "usage_limit_reached" },
  insufficient_quota: { status: 429, type: "insufficient_quota", code: "insufficient_quota" },
  server_busy: { status: 429, type: "rate_limit_error", code: "server_busy" },
  client_closed: { status: 499, type: "invalid_request_error", code: "client_closed_request" },
  internal: { status: 500, type: "server_error", code: "internal_error" },
  upstream_error: { status: 502, type: "server_error", code: "upstream_error" },
  cli_failed: { status: 502, type: "server_error", code: "claude_cli_failed" },
  cli_unavailable: { status: 503, type: "server_error", code: "claude_cli_unavailable" },
  overloaded: { status: 503, type: "server_error", code: "overloaded" },
  shutting_down: { status: 503, type: "server_error", code: "shutting_down" },
  turn_timeout: { status: 504, type: "timeout", code: "turn_timeout" },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorKinds;

export interface BridgeErrorDetails {
  /** The request field at fault, as a path: `messages[0].content`. */
  readonly param?: string;
  /** When a retry may succeed, in seconds from now: becomes `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** False when a retry cannot help: becomes `x-should-retry: false`, which the OpenAI SDKs obey. */
  readonly shouldRetry?: boolean;
  /** Further response headers, lower-case: `allow` on a 405. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What a dialect's clients look for in the body in place of what all others get. */
  readonly body?: { readonly type?: string; readonly resets_at?: number };
  /** What went wrong underneath; of an `internal` error it goes to the log, never to the client. */
  readonly cause?: unknown;
}

/** A failure with an HTTP status and a message meant for the client. It never holds any of a prompt. */
export class BridgeError extends Error {
  readonly kind: ErrorCode;
  readonly param: string | null;
  readonly retryAfterSeconds: number | undefined;
  readonly shouldRetry: boolean | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly #body: BridgeErrorDetails["body"];

  constructor(kind: ErrorCode, message: string, details: BridgeErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "BridgeError";
    this.kind = kind;
    this.param = details.param ?? null;
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.shouldRetry = details.shouldRetry;
    this.headers = details.headers ?? {};
    this.#body = details.body;
  }

  /** HTTP status, 400 to 599. */
  get status(): number {
    return errorKinds[this.kind].status;
  }

  /** The body of OpenAI's error answer: all four keys, always. */
  toOpenAi(): { error: { message: string; type: string; param: string | null; code: string | null } } {
    const { type, code } = errorKinds[this.kind];
    return { error: { message: this.message, type, param: this.param, code, ...this.#body } };
  }
}

/** Who asked has left. */
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

/** Any thrown value as a `BridgeError`; what was not one becomes `internal` with a message that tells nothing of the inside. */
export function asBridgeError(error: unknown): BridgeError {
  if (error instanceof BridgeError) return error;
  return new BridgeError("internal", "The server failed on this request. Its log has the cause.", { cause: error });
}

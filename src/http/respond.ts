import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ErrorForm, Failure, RateLimitWindow } from "../api/dialect.ts";
import { asBridgeError, type BridgeError } from "../errors.ts";
import type { Logger } from "../log.ts";

/** How long a client may continue to send a refused body before its connection is closed, in milliseconds. */
const refusedBodyWaitMs = 1_000;

/** Makes an id for a request that brings none. */
export function newRequestId(): string {
  return `req_${randomUUID().replaceAll("-", "")}`;
}

/** The id of the request that is answered; undefined where the listener has given it none. */
export function requestIdOf(response: ServerResponse): string | undefined {
  return response.getHeader("x-request-id")?.toString();
}

/** Sends a JSON body. In answer to `HEAD`, Node itself leaves the body out. */
export function sendBytes(
  response: ServerResponse, status: number, body: Buffer, headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, jsonHeaders(body, headers));
  response.end(body);
}

function jsonHeaders(body: Buffer, more: Readonly<Record<string, string>>): Record<string, string | number> {
  return { "content-type": "application/json; charset=utf-8", "content-length": body.length, ...more };
}

/** Logs a failure: an internal one with its cause, any other with its code and field; `client_closed` is not logged. */
export function logFailure(failure: unknown, response: ServerResponse, log: Logger): void {
  const error = asBridgeError(failure);
  const id = requestIdOf(response);
  if (error.code === "internal") {
    log.error(
      "a request failed", { id, reason: error.cause instanceof Error ? error.cause.stack : String(error.cause) },
    );
  } else if (error.code !== "client_closed") {
    log.info("a request failed", { id, error: error.code, field: error.field ?? error.part });
  }
}

/**
 * Handles every failure of a request. If the response headers were not sent, it answers with a status. If they were, it
 * closes the connection. If the client has disconnected, it sends nothing. `errors` is the wire form of errors at the
 * path, `window` the subscription's rate limit window.
 */
export function sendFailure(
  request: IncomingMessage, response: ServerResponse, failure: unknown, errors: ErrorForm, log: Logger,
  window?: RateLimitWindow,
): void {
  const error = asBridgeError(failure);
  // A failure that gets a status needs no line of its own: the request's line in the log shows it.
  if (error.code === "internal" || response.headersSent) logFailure(error, response, log);
  if (response.destroyed || response.writableEnded) return;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, headers, body } = failureOf(error, errors, requestIdOf(response) ?? newRequestId(), window);
  const bytes = Buffer.from(JSON.stringify(body));
  if (request.complete) sendBytes(response, status, bytes, headers);
  else refuseBody(request, response, { status, headers, bytes });
}

/** Writes an error in a dialect's form, and adds the headers that HTTP requires with some statuses. */
export function failureOf(
  error: BridgeError, errors: ErrorForm, requestId: string, window?: RateLimitWindow,
): Failure {
  const context = { nowMs: Date.now(), requestId, ...(window === undefined ? {} : { window }) };
  const failure = errors.failure(error, context);
  return { ...failure, headers: { ...protocolHeaders(error), ...failure.headers } };
}

function protocolHeaders({ code }: BridgeError): Readonly<Record<string, string>> {
  switch (code) {
    case "invalid_api_key": return { "www-authenticate": "Bearer" };
    case "upgrade_required": return { upgrade: "HTTP/1.1", connection: "upgrade" };
    default: return {};
  }
}

interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
}

/**
 * Answers a request whose body is still coming: sends the whole answer at once, and discards the body for up to
 * `refusedBodyWaitMs` before the connection is closed, so that the client can read the answer.
 */
function refuseBody(request: IncomingMessage, response: ServerResponse, { status, headers, bytes }: Refusal): void {
  response.writeHead(status, jsonHeaders(bytes, { connection: "close", ...headers }));
  response.write(bytes);
  request.resume();
  const finish = (): void => {
    clearTimeout(timer);
    request.off("end", finish).off("close", finish);
    response.end();
  };
  const timer = setTimeout(finish, refusedBodyWaitMs);
  request.on("end", finish).on("close", finish);
}

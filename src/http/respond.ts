import type { IncomingMessage, ServerResponse } from "node:http";
import { asBridgeError, type BridgeError } from "../errors.ts";
import type { Logger } from "../log.ts";

/** How long a client may go on sending a body that was refused before its connection is closed, in milliseconds. */
const refusedBodyWaitMs = 1_000;

/** Sends a value as JSON. `HEAD` gets the head alone, by Node's own rule. */
export function sendJson(response: ServerResponse, status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): void {
  sendBytes(response, status, Buffer.from(JSON.stringify(value)), headers);
}

/** Sends JSON that is already bytes. */
export function sendBytes(response: ServerResponse, status: number, body: Buffer, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8", "content-length": body.length, ...headers });
  response.end(body);
}

/** The headers that carry an error's advice. */
export function adviceHeaders({ retryAfterSeconds, shouldRetry, headers }: BridgeError): Record<string, string> {
  return {
    ...headers,
    ...(retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) }),
    ...(shouldRetry === undefined ? {} : { "x-should-retry": String(shouldRetry) }),
  };
}

/** A failure in the operator's words: what went wrong inside with its cause, the rest with its kind alone. */
export function logFailure(failure: unknown, response: ServerResponse, log: Logger): void {
  const error = asBridgeError(failure);
  const id = response.getHeader("x-request-id")?.toString();
  if (error.kind === "internal") log.error("a request failed", { id, reason: error.cause instanceof Error ? error.cause.stack : String(error.cause) });
  else if (error.kind !== "client_closed") log.info("a request failed", { id, error: error.kind, param: error.param ?? undefined });
}

/** Where every failure of a request ends: a status if the head is not out, a cut connection if it is, nothing if the client is gone. */
export function sendFailure(request: IncomingMessage, response: ServerResponse, failure: unknown, log: Logger): void {
  const error = asBridgeError(failure);
  // What has a status is told by the request's own line.
  if (error.kind === "internal" || response.headersSent) logFailure(error, response, log);
  if (response.destroyed || response.writableEnded) return;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (request.complete) {
    sendJson(response, error.status, error.toOpenAi(), adviceHeaders(error));
    return;
  }
  refuseBody(request, response, error);
}

/** Answers while the body is still coming: the client gets the whole answer, and a moment to read it before the connection closes. */
function refuseBody(request: IncomingMessage, response: ServerResponse, error: BridgeError): void {
  const body = Buffer.from(JSON.stringify(error.toOpenAi()));
  response.writeHead(error.status, { "content-type": "application/json; charset=utf-8", "content-length": body.length, connection: "close", ...adviceHeaders(error) });
  response.write(body);
  request.resume();
  const finish = (): void => {
    clearTimeout(timer);
    request.off("end", finish).off("close", finish);
    response.end();
  };
  const timer = setTimeout(finish, refusedBodyWaitMs);
  request.on("end", finish).on("close", finish);
}

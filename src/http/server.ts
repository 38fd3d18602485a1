import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { BridgeError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { type AccessCheck, corsHeaders } from "./access.ts";
import type { Services } from "./exchange.ts";
import { OwedAnswers } from "./owed-answers.ts";
import { failureOf, logFailure, sendFailure } from "./respond.ts";
import { allowedMethods, handlerOf, type Match, type Route, Router } from "./router.ts";
import { defaultErrors } from "./routes.ts";

/** How long a client may take to send its whole request, in milliseconds. */
const requestTimeoutMs = 300_000;
/** How long a client may take to send its headers, in milliseconds. */
const headersTimeoutMs = 60_000;
/**
 * How long an idle connection is kept for the next request, in milliseconds; longer than the agents of usual clients
 * keep theirs.
 */
const keepAliveTimeoutMs = 75_000;
const ownRequestId = /^[\x21-\x7e]{1,128}$/u;

/** As Node itself looks for it, before it says that the client may continue. */
const continueExpectation = /(?:^|\W)100-continue(?:$|\W)/iu;
/** The first byte of a TLS connection: a record of the handshake. */
const tlsHandshake = 0x16;

/** Node's, with the bytes that the HTTP parser stopped at. */
type UnreadableError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer };

export interface HttpOptions {
  readonly services: Services;
  readonly routes: readonly Route[];
  readonly checkAccess: AccessCheck;
  readonly log: Logger;
}

/** The HTTP server, not yet listening. */
export function createHttpServer(options: HttpOptions): Server {
  const server = createServer(
    { requestTimeout: requestTimeoutMs, headersTimeout: headersTimeoutMs, keepAliveTimeout: keepAliveTimeoutMs }
  );
  const owed = new OwedAnswers();
  const router = new Router(options.routes);
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    owed.add(response);
    const target = targetOf(request.url ?? "");
    // Before anything can fail: the route says how a refusal is written.
    const match = router.find(target.path);
    const errors = match?.route.errors ?? defaultErrors;
    answer({ request, response, target, match, router }, options)
      .catch((failure: unknown) => sendFailure(request, response, failure, errors, options.log))
      // The failure could not be told.
      .catch((failure: unknown) => {
        logFailure(failure, response, options.log);
        response.destroy();
      });
  };
  server.on("request", onRequest);
  // Else Node answers an Expect that it does not know by itself, with an empty body.
  server.on("checkExpectation", onRequest);
  server.on("clientError", (error: UnreadableError, socket) => {
    // What comes behind a request must not be answered into the middle of its answer, nor in place of it.
    if (owed.isOwed(socket)) socket.destroy();
    else answerUnreadable(error, socket);
  });
  // Of one that listens: a connection that could not be accepted, with no file descriptor left.
  server.on("error", (error: NodeJS.ErrnoException) => {
    if (server.listening) options.log.error("a connection could not be accepted", { code: error.code });
  });
  return server;
}

/** A request that has come in. */
interface Arrival {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: Target;
  /** Undefined where nothing is served. */
  readonly match: Match | undefined;
  readonly router: Router;
}

async function answer(
  { request, response, target, match, router }: Arrival, { services, checkAccess, log }: HttpOptions,
): Promise<void> {
  const startedAtMs = performance.now();
  const method = request.method ?? "";
  const sentId = request.headers["x-request-id"];
  const requestId = typeof sentId === "string" && ownRequestId.test(sentId)
    ? sentId
    : `req_${randomUUID().replaceAll("-", "")}`;
  response.setHeader("x-request-id", requestId);
  const { authority, path } = target;
  const left = new AbortController();
  response.once("close", () => {
    left.abort();
    log.info("request", {
      id: requestId, method, path: path.split("?", 1)[0], ms: Math.round(performance.now() - startedAtMs),
      status: response.headersSent ? response.statusCode : undefined, complete: response.writableFinished,
    });
  });
  // A socket that breaks is told by 'close'.
  response.on("error", () => {});
  request.on("error", () => {});
  // Before the check: without them a page of this machine could not read why it is refused. A foreign one gets none.
  for (const [name, value] of Object.entries(corsHeaders(request.headers.origin))) response.setHeader(name, value);
  checkAccess(request.headers, request.rawHeaders, method);
  // RFC 9112 §3.2.2: it stands in the Host's place, so it must be as much ours.
  if (authority !== undefined) checkAccess({ ...request.headers, host: authority }, request.rawHeaders, method);
  const { expect } = request.headers;
  if (expect !== undefined && request.httpVersion === "1.1" && !continueExpectation.test(expect)) {
    throw new BridgeError("expectation_failed", "An Expect header may only say 100-continue.", { field: "expect" });
  }
  // Codex falls back to plain HTTP at once on 426, and only on that. Any other upgrade (Java's client offers h2c) may
  // be passed over.
  if (request.headers.upgrade?.toLowerCase() === "websocket") {
    throw new BridgeError("upgrade_required", "WebSocket is not served here; use plain HTTP.");
  }
  if (match === undefined) throw router.notFound(path);
  const { route, parameter } = match;
  const allow = allowedMethods(route);
  if (method === "OPTIONS") {
    const requestHeaders = request.headers["access-control-request-headers"];
    response.writeHead(204, { allow, ...corsHeaders(request.headers.origin, { requestHeaders }) });
    response.end();
    return;
  }
  const handler = handlerOf(route, method);
  if (handler === undefined) {
    response.setHeader("allow", allow);
    throw new BridgeError("method_not_allowed", `${method} is not served here; ${allow} are.`);
  }
  await handler({ request, response, signal: left.signal, giveUp: () => left.abort(), parameter }, services);
}

/** What a request asks for. */
interface Target {
  /** In the Host's place, where the whole URL was sent. */
  readonly authority: string | undefined;
  /** With its query. */
  readonly path: string;
}

/** A request's target; a client that takes this for a proxy sends the whole URL (RFC 9112 §3.2.2). */
function targetOf(url: string): Target {
  const [, authority, path = url] = /^http:\/\/([^/?#]*)(.*)$/isu.exec(url) ?? [];
  return { authority, path };
}

/** What the HTTP parser could not read, or a body whose sender stopped in the middle of it. */
function answerUnreadable(error: UnreadableError, socket: Duplex): void {
  switch (error.code) {
    case "ECONNRESET":
      socket.destroy();
      return;
    case "HPE_HEADER_OVERFLOW":
      return endRaw(
        socket, new BridgeError("headers_too_large", "The request's headers are too large.", { field: "headers" }),
      );
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return endRaw(
        socket,
        new BridgeError(
          "request_timeout", `The request was not complete after ${requestTimeoutMs / 1000} s.`, { field: "body" },
        ),
      );
    case "HPE_INVALID_EOF_STATE":
      return endRaw(
        socket, new BridgeError("invalid_json", "The request ended before its body was complete.", { field: "body" }),
      );
    default:
      return endRaw(socket, notHttp(error.rawPacket?.[0] === tlsHandshake));
  }
}

function notHttp(looksLikeTls: boolean): BridgeError {
  const mend = looksLikeTls ? " It looks like TLS: use http:// in place of https://." : "";
  return new BridgeError("invalid_request", `This is not a request that HTTP/1.1 knows.${mend}`);
}

/** Answers on a bare socket, where there is no response object. */
function endRaw(socket: Duplex, error: BridgeError): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const { status, body: failure } = failureOf(error, defaultErrors);
  const body = Buffer.from(JSON.stringify(failure));
  socket.once("error", () => {});
  socket.end(Buffer.concat([
    Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\nx-request-id: `
      + `req_${randomUUID().replaceAll("-", "")}\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: `
        + `${body.length}\r\n\r\n`),
    body,
  ]), () => socket.destroy());
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { ErrorForm } from "../api/dialect.ts";
import { BridgeError } from "../errors.ts";
import type { Access, Preflight } from "./access.ts";
import type { Services } from "./exchange.ts";
import { OwedAnswers } from "./owed-answers.ts";
import { logFailure, newRequestId, sendFailure } from "./respond.ts";
import { allowedMethods, handlerOf, pageAccessOf, type Route } from "./route.ts";
import { type Match, Router } from "./router.ts";
import { answerUnreadable, requestTimeoutMs, type UnreadableError } from "./unreadable.ts";

/** How long a client may take to send its headers, in milliseconds. */
const headersTimeoutMs = 60_000;
/**
 * How long an idle connection is kept open for the next request, in milliseconds: longer than common HTTP clients keep
 * theirs, so that the client closes the connection, not the server.
 */
const keepAliveTimeoutMs = 75_000;
/** A client's `x-request-id` that is kept: printable ASCII without spaces. */
const acceptedRequestId = /^[\x21-\x7e]{1,128}$/u;

/** Node's own test for the value that it answers with `100 Continue`. */
const continueExpectation = /(?:^|\W)100-continue(?:$|\W)/iu;

export interface HttpOptions {
  readonly services: Services;
  readonly routes: readonly Route[];
  /** The wire form of errors that belong to no route: for an unknown path, or for bytes that are no HTTP request. */
  readonly defaultErrors: ErrorForm;
  readonly access: Access;
}

/** Makes the HTTP server; it does not listen yet. */
export function createHttpServer(options: HttpOptions): Server {
  const { log } = options.services;
  const server = createServer(
    { requestTimeout: requestTimeoutMs, headersTimeout: headersTimeoutMs, keepAliveTimeout: keepAliveTimeoutMs }
  );
  const owed = new OwedAnswers();
  const router = new Router(options.routes);
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const target = targetOf(request.url ?? "");
    // Find the route before anything can fail: the route says in which wire form errors are written.
    const match = router.find(target.path, (name) => hasHeader(request, name));
    const errors = match?.route.errors ?? options.defaultErrors;
    owed.add(response, errors);
    answer({ request, response, target, match, router }, options)
      .catch((failure: unknown) => sendFailure(request, response, failure, errors, log))
      // `sendFailure` itself has failed.
      .catch((failure: unknown) => {
        logFailure(failure, response, log);
        response.destroy();
      });
  };
  server.on("request", onRequest);
  // Without this listener Node answers an unknown Expect header itself, with an empty body.
  server.on("checkExpectation", onRequest);
  server.on("clientError", (error: UnreadableError, socket) => {
    // While an earlier request's response is not complete, an error response would land in its middle, or be taken for
    // it.
    if (owed.isOwed(socket)) {
      socket.destroy();
      return;
    }
    try {
      answerUnreadable(error, socket, owed.formOfIncomplete(socket) ?? options.defaultErrors);
    } catch (failure) {
      log.error("a request failed", { reason: failure instanceof Error ? failure.stack : String(failure) });
      socket.destroy();
    }
  });
  // While the server listens, this event means that it could not accept a connection: no file descriptor was left.
  server.on("error", (error: NodeJS.ErrnoException) => {
    if (server.listening) log.error("a connection could not be accepted", { code: error.code });
  });
  return server;
}

/**
 * Whether a request has a header. A CORS preflight counts as having the headers that it announces for the request
 * behind it.
 */
function hasHeader({ method, headers }: IncomingMessage, name: string): boolean {
  const announced = method === "OPTIONS" ? headers["access-control-request-headers"] ?? "" : "";
  return Object.hasOwn(headers, name) || announced.toLowerCase().split(",").some((other) => other.trim() === name);
}

/** A request that has arrived, and its route. */
interface Arrival {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: Target;
  /** The route that serves the request; undefined if there is none. */
  readonly match: Match | undefined;
  readonly router: Router;
}

async function answer(
  { request, response, target, match, router }: Arrival, { services, access, defaultErrors }: HttpOptions,
): Promise<void> {
  const startedAtMs = performance.now();
  const { log } = services;
  const method = request.method ?? "";
  const sentId = request.headers["x-request-id"];
  const requestId = typeof sentId === "string" && acceptedRequestId.test(sentId) ? sentId : newRequestId();
  response.setHeader("x-request-id", requestId);
  const ownIdHeader = (match?.route.errors ?? defaultErrors).requestIdHeader;
  if (ownIdHeader !== undefined) response.setHeader(ownIdHeader, requestId);
  const { authority, path } = target;
  const left = new AbortController();
  response.once("close", () => {
    left.abort();
    log.info("request", {
      id: requestId, method, path: path.split("?", 1)[0], ms: Math.round(performance.now() - startedAtMs),
      status: response.headersSent ? response.statusCode : undefined, complete: response.writableFinished,
    });
  });
  // A broken socket also emits 'close', which is handled above. An 'error' without a listener could end the server.
  response.on("error", () => {});
  request.on("error", () => {});
  // Set CORS headers before the access check: a page that may be served needs them to read why it is refused. Without
  // an API key, `corsHeaders` gives a page of another site none.
  const page = match === undefined ? {} : pageAccessOf(match.route);
  const cors = access.corsHeaders(request.headers.origin, undefined, page);
  for (const [name, value] of Object.entries(cors)) response.setHeader(name, value);
  access.check(request.headers, request.rawHeaders, method);
  // RFC 9112 §3.2.2: the authority of a whole URL replaces the Host header, so it must pass the same check.
  if (authority !== undefined) access.check({ ...request.headers, host: authority }, request.rawHeaders, method);
  const { expect } = request.headers;
  if (expect !== undefined && request.httpVersion === "1.1" && !continueExpectation.test(expect)) {
    throw new BridgeError("expectation_failed", "An Expect header may only say 100-continue.", { field: "expect" });
  }
  // On 426, and only on that, Codex falls back to plain HTTP at once. Any other upgrade (Java's client offers h2c) is
  // ignored, as HTTP allows.
  if (request.headers.upgrade?.toLowerCase() === "websocket") {
    throw new BridgeError("upgrade_required", "WebSocket is not served here; use plain HTTP.");
  }
  if (match === undefined) throw router.notFound(path);
  const { route, parameter } = match;
  const allow = allowedMethods(route);
  if (method === "OPTIONS") {
    response.writeHead(204, { allow, ...access.corsHeaders(request.headers.origin, preflightOf(request), page) });
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

function preflightOf({ headers }: IncomingMessage): Preflight {
  return {
    requestHeaders: headers["access-control-request-headers"],
    isToPrivateNetwork: headers["access-control-request-private-network"] === "true",
  };
}

/** A request's target: the URL in its first line. */
interface Target {
  /** The host and port, if the client sent a whole URL. It replaces the Host header. */
  readonly authority: string | undefined;
  /** The path with its query. */
  readonly path: string;
}

/** Parses a request's target. A client that takes this server for a proxy sends a whole URL (RFC 9112 §3.2.2). */
function targetOf(url: string): Target {
  const [, authority, path = url] = /^http:\/\/([^/?#]*)(.*)$/isu.exec(url) ?? [];
  return { authority, path };
}

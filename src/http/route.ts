import type { ServerResponse } from "node:http";
import { sliceBytes } from "../api/body.ts";
import type {
  BodyLookup, CountDialect, Dialect, ErrorForm, Lookup, LookupRequest, TurnRequest,
} from "../api/dialect.ts";
import type { WireText } from "../json-text.ts";
import type { PageAccess } from "./access.ts";
import { answerCount } from "./answer-count.ts";
import { answerTurn } from "./answer-turn.ts";
import { readJsonBody } from "./body.ts";
import type { Exchange, Handler } from "./exchange.ts";
import { headerView } from "./header-view.ts";
import type { HeldAnswers } from "./held-answers.ts";
import { sendBytes } from "./respond.ts";
import { sendInSlices } from "./whole-answer.ts";

/** A path and how the server answers there. */
export interface Route {
  /** A pattern: the placeholder in `/v1/responses/{id}` matches one segment, in `/v1/models/{id...}` one or more. */
  readonly path: string;
  /** The wire form of errors at this path. */
  readonly errors: ErrorForm;
  /** Handlers by HTTP method. The one for `GET` serves `HEAD` too. */
  readonly handlers: Readonly<Record<string, Handler>>;
  readonly options?: RouteOptions;
}

/** Options of a route. Header names are in lower case. */
export interface RouteOptions {
  /** True: `/` and the 404 do not list the path, because nothing but an explanation is served there. */
  readonly isUnlisted?: true;
  /** A header: the route serves only requests that have it, and before routes of the same path that need none. */
  readonly onlyWith?: string;
  /** Request headers that a web page may send here, besides those that it may send to every path. */
  readonly requestHeaders?: readonly string[];
  /** Response headers that a web page may read here, besides those that it may read at every path. */
  readonly responseHeaders?: readonly string[];
}

/** Makes a dialect's route: `POST` runs turns. */
export function turnRoute<Request extends TurnRequest>(
  path: string, dialect: Dialect<Request>, options: RouteOptions = {},
): Route {
  return { path, errors: dialect, handlers: { POST: answerTurn(dialect) }, options };
}

/** Makes the route of a dialect's count: `POST` counts the tokens of a turn. */
export function countRoute<Request extends TurnRequest>(
  path: string, dialect: CountDialect<Request>, options: RouteOptions = {},
): Route {
  return { path, errors: dialect, handlers: { POST: answerCount(dialect) }, options };
}

/** Makes a route of endpoints that run no turn; `lookups` has one for each HTTP method. */
export function lookupRoute(
  path: string, errors: ErrorForm, lookups: Readonly<Record<string, Lookup>>, options: RouteOptions = {},
): Route {
  const handlers = Object.entries(lookups).map(([method, lookup]) => [method, answerLookup(lookup)] as const);
  return { path, errors, handlers: Object.fromEntries(handlers), options };
}

/** Makes the route of an endpoint that runs no turn and is sent a body: `POST` answers it. */
export function bodyLookupRoute(
  path: string, errors: ErrorForm, lookup: BodyLookup, options: RouteOptions = {},
): Route {
  return { path, errors, handlers: { POST: answerBodyLookup(lookup) }, options };
}

/** The paths that `/` and the 404 list to users: those without a placeholder, except `/` itself and the unlisted. */
export function listedPaths(routes: readonly Route[]): readonly string[] {
  const listed = routes.filter(({ options }) => options?.isUnlisted !== true);
  return [...new Set(listed.map(({ path }) => path))].filter((path) => path !== "/" && !path.includes("{"));
}

/** What a web page may do at a route's path besides what it may do at every path. */
export function pageAccessOf({ handlers, options }: Route): PageAccess {
  return { ...options, methods: Object.keys(handlers) };
}

/** The methods that a route serves, as an `Allow` header lists them. */
export function allowedMethods({ handlers }: Route): string {
  const served = Object.keys(handlers).flatMap((name) => (name === "GET" ? ["GET", "HEAD"] : [name]));
  return [...served, "OPTIONS"].join(", ");
}

/** A route's handler for a method; undefined where it serves none. */
export function handlerOf({ handlers }: Route, method: string): Handler | undefined {
  return handlers[method === "HEAD" ? "GET" : method];
}

function answerLookup(lookup: Lookup): Handler {
  return async (exchange, { held }) => {
    await sendText(exchange.response, await lookup(lookupRequestOf(exchange)), held);
  };
}

function answerBodyLookup(lookup: BodyLookup): Handler {
  return async (exchange, { maxBodyBytes, preparation, held }) => {
    const { request, response, signal } = exchange;
    const text = await preparation.run(async () =>
      await lookup(await readJsonBody(request, { maxBodyBytes, signal }), lookupRequestOf(exchange)));
    await sendText(response, text, held);
  };
}

function lookupRequestOf({ request, parameter }: Exchange): LookupRequest {
  const query = new URLSearchParams((request.url ?? "").split("?", 2)[1]);
  return { parameter, query, header: headerView(request.headers) };
}

async function sendText(response: ServerResponse, text: WireText, held: HeldAnswers): Promise<void> {
  // A stored response may be megabytes and its client slow: send it slice by slice, as the client reads.
  if (text.length > sliceBytes) await sendInSlices(response, text, held);
  else sendBytes(response, 200, Buffer.from(text, "latin1"));
}

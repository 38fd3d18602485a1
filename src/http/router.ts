import { sliceBytes } from "../api/body.ts";
import type { Dialect, ErrorForm, Lookup, TurnRequest } from "../api/dialect.ts";
import { BridgeError } from "../errors.ts";
import type { PageAccess } from "./access.ts";
import { answerTurn } from "./answer-turn.ts";
import type { Handler } from "./exchange.ts";
import { sendBytes } from "./respond.ts";
import { sendStored } from "./whole-answer.ts";

/** A path and the handlers that serve it. */
export interface Route {
  /** A pattern: the placeholder in `/v1/responses/{id}` matches one segment, in `/v1/models/{id...}` one or more. */
  readonly path: string;
  /** The wire form of errors at this path. */
  readonly errors: ErrorForm;
  /** Handlers by HTTP method. The one for `GET` serves `HEAD` too. */
  readonly handlers: Readonly<Record<string, Handler>>;
  /** The headers of its API that a web page may send and read here, besides those that it may at every path. */
  readonly pageHeaders?: PageHeaders;
}

/** A route's part of CORS: header names, in lower case. */
export type PageHeaders = Omit<PageAccess, "methods">;

/** The route that a path matched, and the part of the path that matched its placeholder ("" if it has none). */
export interface Match {
  readonly route: Route;
  readonly parameter: string;
}

const pathCharsShown = 200;

/** Makes a dialect's route: `POST` runs turns. */
export function turnRoute<Request extends TurnRequest>(
  path: string, dialect: Dialect<Request>, pageHeaders: PageHeaders = {},
): Route {
  return { path, errors: dialect, handlers: { POST: answerTurn(dialect) }, pageHeaders };
}

/** Makes a route of endpoints that run no turn; `lookups` has one for each HTTP method. */
export function lookupRoute(
  path: string, errors: ErrorForm, lookups: Readonly<Record<string, Lookup>>, pageHeaders: PageHeaders = {},
): Route {
  const handlers = Object.entries(lookups).map(([method, lookup]) => [method, answerLookup(lookup)] as const);
  return { path, errors, handlers: Object.fromEntries(handlers), pageHeaders };
}

/** The paths that have no placeholder, except `/`: these are listed to users. */
export function listedPaths(routes: readonly Route[]): readonly string[] {
  return routes.map(({ path }) => path).filter((path) => path !== "/" && !path.includes("{"));
}

/**
 * Finds a request's route. A path also matches without its `/v1` and with trailing slashes: clients make both mistakes.
 */
export class Router {
  readonly #patterns: readonly { readonly pattern: RegExp; readonly route: Route }[];
  readonly #listed: readonly string[];

  /** Throws an `Error` that names a path which is no pattern, or which another route before it always matches. */
  constructor(routes: readonly Route[]) {
    this.#patterns = routes.map((route) => ({ pattern: patternOf(route.path), route }));
    for (const [index, { path }] of routes.entries()) {
      const before = this.#patterns.slice(0, index).find(({ pattern }) => pattern.test(exampleOf(path)));
      if (before !== undefined) throw new Error(`The path ${path} is never reached: ${before.route.path} matches it.`);
    }
    this.#listed = listedPaths(routes);
  }

  /** The route of a URL's path; undefined where nothing is served. Never throws. */
  find(url: string): Match | undefined {
    const path = trimmed(pathOf(url));
    for (const { pattern, route } of this.#patterns) {
      const match = pattern.exec(path);
      if (match !== null) return { route, parameter: match[1] ?? "" };
    }
    return undefined;
  }

  /** Makes the error for a path that no route matches; it lists the paths that are served. */
  notFound(url: string): BridgeError {
    const path = trimmed(pathOf(url)).slice(0, pathCharsShown);
    const listed = `${this.#listed.slice(0, -1).join(", ")} and ${this.#listed.at(-1)}`;
    return new BridgeError("not_found", `Nothing is served at ${path}. There are ${listed}.`);
  }
}

/** What a web page may do at a route's path besides what it may do at every path. */
export function pageAccessOf({ handlers, pageHeaders }: Route): PageAccess {
  return { ...pageHeaders, methods: Object.keys(handlers) };
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
  return async ({ request, response, parameter }) => {
    const query = new URLSearchParams((request.url ?? "").split("?", 2)[1]);
    const body = await lookup({ parameter, query });
    // A stored response may be long and its client slow: send it in slices.
    if (body.length > sliceBytes) await sendStored(response, body);
    else sendBytes(response, 200, Buffer.from(body, "latin1"));
  };
}

function pathOf(url: string): string {
  return url.split("?", 1)[0] ?? "";
}

/** Removes trailing slashes and a leading `/v1`. */
function trimmed(path: string): string {
  return path.replace(/(?<!\/)\/+$/u, "").replace(/^\/v1(?=\/|$)/u, "");
}

const onePlaceholder = /^\{\w+\}$/u;
const restPlaceholder = /^\{\w+\.\.\.\}$/u;

function patternOf(path: string): RegExp {
  const segments = trimmed(path).split("/");
  const odd = segments.filter((segment) => /[{}]/u.test(segment));
  const isPlaceholder = odd.every((segment) => onePlaceholder.test(segment) || restPlaceholder.test(segment));
  if (!/^\/[^?#]*$/u.test(path) || odd.length > 1 || !isPlaceholder) {
    throw new Error(`The path ${path} is no route's: expected segments, of which one may be {name} or {name...}.`);
  }
  const source = segments.map((segment) => {
    if (restPlaceholder.test(segment)) return "(.+)";
    return onePlaceholder.test(segment) ? "([^/]+)" : segment.replace(/[.*+?^$()|[\]\\]/gu, "\\$&");
  });
  return new RegExp(`^${source.join("/")}$`, "u");
}

/** A path that the pattern matches. No other pattern names its braces, so only a placeholder can match them. */
function exampleOf(path: string): string {
  const segments = trimmed(path).split("/");
  return segments.map((segment) => (restPlaceholder.test(segment) ? "{}/{}" : segment)).join("/");
}

import { sliceBytes } from "../api/body.ts";
import type { Dialect, ErrorForm, Lookup, TurnRequest } from "../api/dialect.ts";
import { BridgeError } from "../errors.ts";
import { answerTurn } from "./answer-turn.ts";
import type { Handler } from "./exchange.ts";
import { sendBytes } from "./respond.ts";
import { sendStored } from "./whole-answer.ts";

/** What is served at a path. */
export interface Route {
  /** As documentation writes it: `/v1/responses/{id}` takes one segment, `/v1/models/{id...}` any number. */
  readonly path: string;
  /** How a refusal is written here. */
  readonly errors: ErrorForm;
  /** By the method. `GET` serves `HEAD` too. */
  readonly handlers: Readonly<Record<string, Handler>>;
}

/** A path's route, and what stands in its placeholder. */
export interface Match {
  readonly route: Route;
  readonly parameter: string;
}

const pathCharsShown = 200;

/** A dialect at a path: `POST` runs turns. */
export function turnRoute<Request extends TurnRequest>(path: string, dialect: Dialect<Request>): Route {
  return { path, errors: dialect, handlers: { POST: answerTurn(dialect) } };
}

/** Endpoints at a path that run no turn, by their method. */
export function lookupRoute(path: string, errors: ErrorForm, lookups: Readonly<Record<string, Lookup>>): Route {
  const handlers = Object.entries(lookups).map(([method, lookup]) => [method, answerLookup(lookup)] as const);
  return { path, errors, handlers: Object.fromEntries(handlers) };
}

/** The paths of a table that a person can ask for as they are. */
export function listedPaths(routes: readonly Route[]): readonly string[] {
  return routes.map(({ path }) => path).filter((path) => path !== "/" && !path.includes("{"));
}

/**
 * Finds a request's route. Every path is also served without `/v1`, and with a slash behind: clients err in both ways.
 */
export class Router {
  readonly #patterns: readonly { readonly pattern: RegExp; readonly route: Route }[];
  readonly #listed: readonly string[];

  constructor(routes: readonly Route[]) {
    this.#patterns = routes.map((route) => ({ pattern: patternOf(route.path), route }));
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

  /** The refusal of a path where nothing is served. */
  notFound(url: string): BridgeError {
    const path = trimmed(pathOf(url)).slice(0, pathCharsShown);
    const listed = `${this.#listed.slice(0, -1).join(", ")} and ${this.#listed.at(-1)}`;
    return new BridgeError("not_found", `Nothing is served at ${path}. There are ${listed}.`);
  }
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
    // A stored response may be long, and its reader slow.
    if (body.length > sliceBytes) await sendStored(response, body);
    else sendBytes(response, 200, Buffer.from(body, "latin1"));
  };
}

function pathOf(url: string): string {
  return url.split("?", 1)[0] ?? "";
}

/** Without slashes behind, and without `/v1`. */
function trimmed(path: string): string {
  return path.replace(/(?<!\/)\/+$/u, "").replace(/^\/v1(?=\/|$)/u, "");
}

function patternOf(path: string): RegExp {
  const source = trimmed(path).split("/").map((segment) => {
    if (/^\{\w+\.\.\.\}$/u.test(segment)) return "(.+)";
    if (/^\{\w+\}$/u.test(segment)) return "([^/]+)";
    return segment.replace(/[.*+?^$()|[\]\\]/gu, "\\$&");
  });
  return new RegExp(`^${source.join("/")}$`, "u");
}

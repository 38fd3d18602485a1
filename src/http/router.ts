import { BridgeError } from "../errors.ts";
import { listedPaths, type Route } from "./route.ts";

/** The route that a path matched, and the part of the path that matched its placeholder ("" if it has none). */
export interface Match {
  readonly route: Route;
  readonly parameter: string;
}

const pathCharsShown = 200;

/** A mistake that clients make in a path, and how the path is read. */
interface PathShape {
  readonly pattern: RegExp;
  readonly by: string;
  /** For the README: an example, and what it is taken for. */
  readonly looks: string;
  readonly as: string;
}

/** Applied in this order, both to a request's path and to the routes' own. */
export const pathShapes: readonly PathShape[] = [
  { pattern: /\/{2,}/gu, by: "/", looks: "/v1//chat/completions", as: "/v1/chat/completions" },
  { pattern: /\/$/u, by: "", looks: "/v1/chat/completions/", as: "/v1/chat/completions" },
  {
    pattern: /^(?:\/v1)+(?=\/|$)/u, by: "", looks: "/chat/completions, /v1/v1/chat/completions",
    as: "/v1/chat/completions",
  },
];

/** Finds a request's route. A path also matches with the mistakes of `pathShapes`. */
export class Router {
  readonly #patterns: readonly { readonly pattern: RegExp; readonly route: Route }[];
  readonly #listed: readonly string[];

  /** Throws an `Error` that names a path which is no pattern, or which another route before it always matches. */
  constructor(routes: readonly Route[]) {
    const particular = routes.filter(({ options }) => options?.onlyWith !== undefined);
    const general = routes.filter(({ options }) => options?.onlyWith === undefined);
    this.#patterns = [...particular, ...general].map((route) => ({ pattern: patternOf(route.path), route }));
    for (const [index, { route: { path, options } }] of this.#patterns.entries()) {
      const before = this.#patterns.slice(0, index).find(({ pattern, route }) =>
        pattern.test(exampleOf(path)) && [undefined, options?.onlyWith].includes(route.options?.onlyWith));
      if (before !== undefined) throw new Error(`The path ${path} is never reached: ${before.route.path} matches it.`);
    }
    this.#listed = listedPaths(routes);
  }

  /**
   * The route of a URL's path; undefined where nothing is served. `hasHeader` tells whether the request has a header.
   * Never throws.
   */
  find(url: string, hasHeader: (name: string) => boolean = () => false): Match | undefined {
    const path = trimmed(pathOf(url));
    for (const { pattern, route } of this.#patterns) {
      const needed = route.options?.onlyWith;
      const match = needed === undefined || hasHeader(needed) ? pattern.exec(path) : null;
      if (match !== null) return { route, parameter: match[1] ?? "" };
    }
    return undefined;
  }

  /**
   * Makes the error for a path that no route matches; it lists the paths that are served. If the path ends like one of
   * them, the message says what the client's base URL should be.
   */
  notFound(url: string): BridgeError {
    const path = trimmed(pathOf(url));
    const added = this.#listed.map(trimmed).find((served) => path.endsWith(served));
    const advice = added === undefined
      ? ""
      : ` The client's base URL should be this server's address with /v1 and nothing else behind it: the client adds ${
        added} itself.`;
    const listed = `${this.#listed.slice(0, -1).join(", ")} and ${this.#listed.at(-1)}`;
    const shown = path.slice(0, pathCharsShown);
    return new BridgeError("not_found", `Nothing is served at ${shown}. There are ${listed}.${advice}`);
  }
}

function pathOf(url: string): string {
  return url.split("?", 1)[0] ?? "";
}

/** A path without the mistakes of `pathShapes`, and without its `/v1`. */
function trimmed(path: string): string {
  return pathShapes.reduce((text, { pattern, by }) => text.replace(pattern, by), path);
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

/** A path that a pattern matches, with braces in place of its placeholder: only another placeholder matches braces. */
function exampleOf(path: string): string {
  const segments = trimmed(path).split("/");
  return segments.map((segment) => (restPlaceholder.test(segment) ? "{}/{}" : segment)).join("/");
}

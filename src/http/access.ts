/**
 * Decides whether a request is let in, and what a web page may read of the answer. Without an API key the server is
 * open to whatever reaches loopback, and a browser reaches it for any site that it shows. So the Host must name this
 * machine (against DNS rebinding), and the Origin must be a page of this machine, or one that the owner has named
 * (against cross-site requests). With a key, neither is checked: no page has the key unless its user gave it, and no
 * browser adds it to a request by itself, as it does with cookies.
 */

import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { BridgeError } from "../errors.ts";
import { isLoopbackAuthority, isLoopbackHost } from "../loopback.ts";

/**
 * Throws a `BridgeError`: 403 for a Host or Origin that is not allowed, 401 for a key that is missing or wrong.
 * `rawHeaders` shows a Host header sent twice, which `headers` hides. When `method` is given, a CORS preflight needs no
 * key: browsers never send one with it, and a preflight runs no handler.
 */
export type AccessCheck = (headers: IncomingHttpHeaders, rawHeaders?: readonly string[], method?: string) => void;

export interface AccessRules {
  /** The address that the server listens on. */
  readonly host: string;
  /** The key that clients must send. If undefined, requests need none, and Host and Origin are checked instead. */
  readonly apiKey: string | undefined;
  /**
   * Origins of other sites' pages that are served without a key: whole origins, or `scheme://*` for a whole scheme. In
   * lower case.
   */
  readonly allowedOrigins: readonly string[];
}

/** The access check of one server, and its CORS headers. */
export interface Access {
  readonly check: AccessCheck;
  readonly corsHeaders: CorsHeaders;
}

/**
 * Returns the CORS headers of a response to this Origin: none where no page of this Origin is served, and never `*`.
 * With a key every Origin gets them, so that a page can read that its key is missing or wrong. With `preflight`, which
 * tells what an OPTIONS request asks for, adds the headers that answer it. `page` is what the request's path allows
 * besides.
 */
export type CorsHeaders = (
  origin: string | undefined, preflight?: Preflight, page?: PageAccess,
) => Readonly<Record<string, string>>;

/** What a CORS preflight asks for. */
export interface Preflight {
  /** The preflight's `access-control-request-headers`. */
  readonly requestHeaders: string | undefined;
  /**
   * Whether a page on the internet asks for an address of this machine: the preflight's
   * `access-control-request-private-network`.
   */
  readonly isToPrivateNetwork?: boolean;
}

const preflightSecondsMax = 600;
const preflightHeadersMax = 64;
const allowedMethods: readonly string[] = ["GET", "POST", "DELETE", "OPTIONS"];
const allowedHeaders: readonly string[] = ["authorization", "content-type", "x-api-key", "x-request-id"];
/**
 * Further headers that are allowed where a page asks for them: those that OpenAI's and Anthropic's SDKs send, more with
 * each version, and those by which clients say who they are (OpenRouter's custom). The server reads none of them.
 */
const clientHeader = /^(?:(?:x-stainless|openai|anthropic)-[a-z0-9-]+|x-title|http-referer|x-requested-with)$/;
/**
 * Origins that may be sent back in `access-control-allow-origin`. No browser's is a star, or has a space or a comma.
 */
const printable = /^(?!\*$)[\x21-\x2b\x2d-\x7e]+$/;
// The response headers that a web page's script may read.
const exposedHeaders: readonly string[] = ["retry-after", "x-request-id", "x-should-retry"];

/** What a web page may do at one path besides what it may do at every path. Header names are in lower case. */
export interface PageAccess {
  /** The HTTP methods that a page's script may use. */
  readonly methods?: readonly string[];
  /** Request headers that a page's script may send. */
  readonly requestHeaders?: readonly string[];
  /** Response headers that a page's script may read. */
  readonly responseHeaders?: readonly string[];
}

/** Throws an `Error` for a non-loopback host without a key. Config refuses that too; this check does not rely on it. */
export function createAccess({ host, apiKey, allowedOrigins }: AccessRules): Access {
  if (apiKey === undefined) {
    if (!isLoopbackHost(host)) throw new Error("A host beyond loopback needs an API key.");
    const isAllowed = (origin: string): boolean => isLoopbackOrigin(origin) || isNamed(origin, allowedOrigins);
    return {
      check: (headers, rawHeaders) => {
        checkHost(headers, rawHeaders);
        checkOrigin(headers, isAllowed);
      },
      corsHeaders: corsHeadersFor(isAllowed),
    };
  }
  const expected = digest(apiKey);
  return {
    check: (headers, _rawHeaders, method) => {
      if (method === "OPTIONS" && headers["access-control-request-method"] !== undefined) return;
      checkKey(headers, expected);
    },
    corsHeaders: corsHeadersFor((origin) => printable.test(origin)),
  };
}

function corsHeadersFor(isAllowed: (origin: string) => boolean): CorsHeaders {
  return (origin, preflight, page = {}) => {
    if (origin === undefined || !isAllowed(origin)) return {};
    const headers = { "access-control-allow-origin": origin, vary: "origin" };
    const { methods = [], requestHeaders = [], responseHeaders = [] } = page;
    if (preflight === undefined) {
      return { ...headers, "access-control-expose-headers": listed(exposedHeaders, responseHeaders) };
    }
    const asked = (preflight.requestHeaders ?? "").toLowerCase().split(",", preflightHeadersMax);
    const ofClients = asked.map((name) => name.trim()).filter((name) => clientHeader.test(name));
    return {
      ...headers,
      "access-control-allow-methods": listed(allowedMethods, methods),
      "access-control-allow-headers": listed(allowedHeaders, requestHeaders, ofClients),
      "access-control-max-age": String(preflightSecondsMax),
      ...(preflight.isToPrivateNetwork === true ? { "access-control-allow-private-network": "true" } : {}),
    };
  };
}

/** Joins lists as a header's value, each name once. */
function listed(...lists: readonly (readonly string[])[]): string {
  return [...new Set(lists.flat())].join(", ");
}

/** Whether the owner has named this Origin, or all of its scheme. `null` names nobody: config does not take it. */
function isNamed(origin: string, allowedOrigins: readonly string[]): boolean {
  const name = origin.toLowerCase();
  const scheme = /^[a-z][a-z0-9+.-]*:\/\/(?=[^/?#@,\s]+$)/.exec(name)?.[0];
  return scheme !== undefined && (allowedOrigins.includes(name) || allowedOrigins.includes(`${scheme}*`));
}

function isLoopbackOrigin(origin: string): boolean {
  const match = /^https?:\/\/(.+)$/.exec(origin);
  return match?.[1] !== undefined && isLoopbackAuthority(match[1]);
}

function checkHost(headers: IncomingHttpHeaders, rawHeaders: readonly string[] = []): void {
  const hostHeaders = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === "host").length;
  if (headers.host !== undefined && hostHeaders <= 1 && isLoopbackAuthority(headers.host)) return;
  throw new BridgeError(
    "forbidden",
    "Without an API key this server answers only one Host header that names this machine (localhost, 127.0.0.1 or "
      + "[::1]). Set CLAUDE_MAX_API_KEY to serve other names.",
  );
}

function checkOrigin(headers: IncomingHttpHeaders, isAllowed: (origin: string) => boolean): void {
  const { origin } = headers;
  if (origin === undefined) {
    // For an <img> or a no-cors GET of another site's page, a browser sends no Origin but does send this header.
    if (headers["sec-fetch-site"] !== "cross-site") return;
    throw new BridgeError("forbidden", "Requests that another web site makes in a browser are not answered.");
  }
  if (isAllowed(origin)) return;
  throw new BridgeError(
    "forbidden",
    "This Origin is not allowed: without an API key only web pages served from this machine (http://localhost, "
      + "127.0.0.1 or [::1], any port) and those named by --allowed-origin may call this server from a browser. Set "
      + "CLAUDE_MAX_API_KEY to serve every page that has the key.",
  );
}

function checkKey(headers: IncomingHttpHeaders, expected: Buffer): void {
  const bearer = /^bearer +([^ ]+) *$/i.exec(headers.authorization ?? "")?.[1];
  const sent = [bearer, headers["x-api-key"]].filter((key) => typeof key === "string");
  if (sent.some((key) => timingSafeEqual(digest(key), expected))) return;
  const message =
    sent.length === 0
      ? "An API key is needed: send it as \"Authorization: Bearer KEY\" or \"x-api-key: KEY\"."
      : "The API key is not this server's (the one set by CLAUDE_MAX_API_KEY or --api-key).";
  throw new BridgeError("invalid_api_key", message);
}

/** Hashes a key to a fixed length: `timingSafeEqual` needs equal lengths, and its timing must not tell the key's. */
function digest(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

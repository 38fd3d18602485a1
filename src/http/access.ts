/**
 * Decides whether a request is let in. Without an API key the server is open to whatever reaches loopback, and a
 * browser reaches it for any site that it shows. So the Host must name this machine (against DNS rebinding), and the
 * Origin must be a page of this machine (against cross-site requests). With a key, the key takes the place of the Host
 * check; the Origin is still checked.
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
}

const preflightSecondsMax = 600;
const preflightHeadersMax = 64;
const allowedMethods: readonly string[] = ["GET", "POST", "DELETE", "OPTIONS"];
const allowedHeaders: readonly string[] = ["authorization", "content-type", "x-api-key", "x-request-id"];
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
export function createAccessCheck({ host, apiKey }: AccessRules): AccessCheck {
  if (apiKey === undefined) {
    if (!isLoopbackHost(host)) throw new Error("A host beyond loopback needs an API key.");
    return (headers, rawHeaders) => {
      checkHost(headers, rawHeaders);
      checkOrigin(headers);
    };
  }
  const expected = digest(apiKey);
  return (headers, _rawHeaders, method) => {
    checkOrigin(headers);
    if (method === "OPTIONS" && headers["access-control-request-method"] !== undefined) return;
    checkKey(headers, expected);
  };
}

/**
 * Returns the CORS headers of a response to this Origin: none unless the Origin is a loopback page's, and never `*`.
 * With `preflight`, which holds an OPTIONS request's `access-control-request-headers`, adds the headers that answer it.
 * `page` is what the request's path allows besides.
 */
export function corsHeaders(
  origin: string | undefined,
  preflight?: { readonly requestHeaders: string | undefined },
  page: PageAccess = {},
): Readonly<Record<string, string>> {
  if (origin === undefined || !isLoopbackOrigin(origin)) return {};
  const headers = { "access-control-allow-origin": origin, vary: "origin" };
  const { methods = [], requestHeaders = [], responseHeaders = [] } = page;
  if (preflight === undefined) {
    return { ...headers, "access-control-expose-headers": listed(exposedHeaders, responseHeaders) };
  }
  const asked = (preflight.requestHeaders ?? "").toLowerCase().split(",", preflightHeadersMax);
  // OpenAI's and Anthropic's SDKs send headers of this kind, more with each version.
  const stainless = asked.map((name) => name.trim()).filter((name) => /^x-stainless-[a-z0-9-]+$/.test(name));
  return {
    ...headers,
    "access-control-allow-methods": listed(allowedMethods, methods),
    "access-control-allow-headers": listed(allowedHeaders, requestHeaders, stainless),
    "access-control-max-age": String(preflightSecondsMax),
  };
}

/** Joins lists as a header's value, each name once. */
function listed(...lists: readonly (readonly string[])[]): string {
  return [...new Set(lists.flat())].join(", ");
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

function checkOrigin(headers: IncomingHttpHeaders): void {
  const { origin } = headers;
  if (origin === undefined) {
    // For an <img> or a no-cors GET of another site's page, a browser sends no Origin but does send this header.
    if (headers["sec-fetch-site"] !== "cross-site") return;
    throw new BridgeError("forbidden", "Requests that another web site makes in a browser are not answered.");
  }
  if (isLoopbackOrigin(origin)) return;
  throw new BridgeError(
    "forbidden",
    "This Origin is not allowed: only web pages served from this machine (http://localhost, 127.0.0.1 or [::1], any "
      + "port) may call this server from a browser, with or without an API key.",
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

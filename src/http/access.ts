/**
 * Who may ask. Without a key the server is open to whoever reaches loopback, and a browser does so for any site it
 * shows:
 * so the Host must be ours (DNS rebinding) and the Origin too (cross-site requests). With a key, the key decides.
 */

import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { BridgeError } from "../errors.ts";
import { isLoopbackAuthority, isLoopbackHost } from "../loopback.ts";

/**
 * Throws a `BridgeError`: 403 for a Host or Origin that is not let in, 401 for a key that is missing or wrong.
 * `rawHeaders` shows a Host header sent twice, which `headers` hides. With `method` given, a CORS preflight is not
 * asked for the key: browsers never send it there, and a preflight does nothing.
 */
export type AccessCheck = (headers: IncomingHttpHeaders, rawHeaders?: readonly string[], method?: string) => void;

export interface AccessRules {
  /** The address that is listened on. */
  readonly host: string;
  /** The key that clients must send; undefined lets everyone in whom loopback lets in. */
  readonly apiKey: string | undefined;
}

const preflightSecondsMax = 600;
const preflightHeadersMax = 64;
const allowedMethods = "GET, POST, DELETE, OPTIONS";
const allowedHeaders: readonly string[] = ["authorization", "content-type", "x-api-key", "x-request-id"];
// What a page's script may read beside the body.
const exposedHeaders = "retry-after, x-request-id, x-should-retry";

/** Throws an `Error` for a host beyond loopback without a key: config refuses that, and this must not depend on it. */
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
 * The CORS headers of an answer to this Origin: none unless it is a loopback page's, and never `*`.
 * `preflight` adds what an OPTIONS request asks; it holds that request's `access-control-request-headers`.
 */
export function corsHeaders(
  origin: string | undefined,
  preflight?: { readonly requestHeaders: string | undefined },
): Readonly<Record<string, string>> {
  if (origin === undefined || !isLoopbackOrigin(origin)) return {};
  const headers = { "access-control-allow-origin": origin, vary: "origin" };
  if (preflight === undefined) return { ...headers, "access-control-expose-headers": exposedHeaders };
  const asked = (
    preflight.requestHeaders ?? ""
  ).toLowerCase().split(",", preflightHeadersMax).map((name) => name.trim());
  const stainless = asked.filter((name) => /^x-stainless-[a-z0-9-]+$/.test(name));
  return {
    ...headers,
    "access-control-allow-methods": allowedMethods,
    "access-control-allow-headers": [...allowedHeaders, ...stainless].join(", "),
    "access-control-max-age": String(preflightSecondsMax),
  };
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
    // A browser leaves Origin off an <img> or a no-cors GET of a foreign page, but marks it so.
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

/** Of one length whatever the key's, so that comparing tells nothing of it. */
function digest(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

/** Reads a request's body within a size limit, decodes it strictly and parses it. No error message quotes the body. */

import type { IncomingMessage } from "node:http";
import { jsonDepthMax } from "../api/check.ts";
import { longNumberDigits, type NumberFields, parseWithLongNumbers } from "../api/long-numbers.ts";
import { BridgeError } from "../errors.ts";

/** How many bytes one MB of a configured limit is. */
export const bytesPerMegabyte = 1_048_576;

/**
 * How long nothing of a body may come, in milliseconds, before the request is refused: it takes up one of the places in
 * `Preparation`.
 */
export const stillBodyMsMax = 30_000;

export interface BodyLimits {
  /** Largest body, in bytes as sent. */
  readonly maxBodyBytes: number;
  /** Overrides `stillBodyMsMax`, in milliseconds. */
  readonly stillMsMax?: number;
  /** Aborts the reading. The read rejects with the signal's reason if that is a `BridgeError`, else `client_closed`. */
  readonly signal?: AbortSignal;
}

/**
 * Reads the JSON object in a request's body. Rejects with a `BridgeError`: 400 if it is not a JSON object, 413 beyond
 * the limit, 408 when nothing more of it comes for `stillMsMax`, `client_closed` if the client disconnects. The rest of
 * a refused body is discarded as it comes (by `sendFailure`), so that a client that is still sending can read the
 * answer. In the fields `numberFields`, long numbers keep their digits.
 */
export async function readJsonBody(
  request: IncomingMessage, limits: BodyLimits, numberFields?: NumberFields,
): Promise<unknown> {
  const { maxBodyBytes } = limits;
  const encoding = request.headers["content-encoding"];
  if (encoding !== undefined && encoding.trim().toLowerCase() !== "identity") {
    throw new BridgeError("invalid_request", "content-encoding: expected a body that is not compressed (identity)", {
      field: "content-encoding",
    });
  }
  if (Number(request.headers["content-length"] ?? 0) > maxBodyBytes) throw tooLarge(maxBodyBytes);
  return parseJsonObject(await readBytes(request, limits), numberFields);
}

function readBytes(
  request: IncomingMessage, { maxBodyBytes, stillMsMax = stillBodyMsMax, signal }: BodyLimits,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const timer = setTimeout(() => fail(stoodStill(stillMsMax)), stillMsMax).unref();

    const settle = (): void => {
      clearTimeout(timer);
      request.off("data", onData).off("end", onEnd).off("error", onError).off("close", onClose);
      signal?.removeEventListener("abort", onAbort);
    };
    const fail = (error: BridgeError): void => {
      settle();
      reject(error);
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      timer.refresh();
      if (bytes > maxBodyBytes) fail(tooLarge(maxBodyBytes));
      else chunks.push(chunk);
    };
    const onEnd = (): void => {
      settle();
      // Join the chunks once: growing a buffer with each chunk would copy a 10 MB image hundreds of times.
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, bytes));
    };
    const onError = (cause: unknown): void => fail(leftEarly(cause));
    const onClose = (): void => fail(leftEarly(undefined));
    const onAbort = (): void => {
      const reason: unknown = signal?.reason;
      fail(reason instanceof BridgeError ? reason : leftEarly(reason));
    };

    if (signal?.aborted === true) return onAbort();
    // A destroyed request has emitted its last event already; without this the promise would never settle.
    if (request.destroyed) return onClose();
    signal?.addEventListener("abort", onAbort);
    request.on("end", onEnd).on("error", onError).on("close", onClose).on("data", onData);
  });
}

function parseJsonObject(body: Buffer, numberFields: NumberFields | undefined): unknown {
  if (body.length === 0) throw invalidJson("The request body is empty; expected a JSON object.");
  const { isTooDeep, hasLongNumber } = surveyed(body, jsonDepthMax);
  if (isTooDeep) {
    throw invalidJson(
      `The request body is nested too deeply: at most ${jsonDepthMax} arrays and objects may stand inside each other.`
    );
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    throw invalidJson("The request body is not valid UTF-8.");
  }
  let value: unknown;
  try {
    value = hasLongNumber && numberFields !== undefined
      ? parseWithLongNumbers(text, numberFields)
      : JSON.parse(text);
  } catch (error) {
    throw invalidJson(`The request body is not valid JSON${jsonFault(error)}.`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  const got = value === null ? "null" : Array.isArray(value) ? "an array" : `a ${typeof value}`;
  throw new BridgeError("invalid_type", `The request body must be a JSON object, got ${got}.`, { field: "body" });
}

const quote = 0x22;
const digitZero = 0x30;
const digitNine = 0x39;
const backslash = 0x5c;
// Brackets and braces differ in one bit: 0x5b and 0x7b open, 0x5d and 0x7d close.
const caseBit = 0x20;
const openingBrace = 0x7b;
const closingBrace = 0x7d;
// The first bytes of a string are scanned one by one. For longer strings `indexOf` is faster, despite its call's cost.
const walkedStringBytes = 32;

/**
 * What `surveyed` finds in a body's bytes. `hasLongNumber`: a number in it may have more digits than JavaScript keeps.
 */
interface Survey { readonly isTooDeep: boolean; readonly hasLongNumber: boolean }

/**
 * Measures the nesting on the raw bytes, before the parser builds anything. This is safe in UTF-8: no byte of a
 * multi-byte character equals a bracket or a quote. Invalid JSON may be measured wrongly; the parser rejects it anyway.
 */
function surveyed(body: Buffer, depthMax: number): Survey {
  let depth = 0;
  let digits = 0;
  let hasLongNumber = false;
  for (let index = 0; index < body.length; index += 1) {
    const byte = body[index] ?? 0;
    if (byte >= digitZero && byte <= digitNine) {
      digits += 1;
      hasLongNumber ||= digits >= longNumberDigits;
      continue;
    }
    digits = 0;
    if (byte === quote) {
      index = stringEnd(body, index + 1);
    } else if ((byte | caseBit) === openingBrace) {
      depth += 1;
      if (depth > depthMax) return { isTooDeep: true, hasLongNumber };
    } else if ((byte | caseBit) === closingBrace) {
      depth -= 1;
    }
  }
  return { isTooDeep: false, hasLongNumber };
}

/**
 * Returns the index of the quote that closes the string whose first character is at `start`, or the body's length if
 * the string is not closed.
 */
function stringEnd(body: Buffer, start: number): number {
  let index = start;
  for (;;) {
    const walkEnd = Math.min(index + walkedStringBytes, body.length);
    for (; index < walkEnd; index += 1) {
      const byte = body[index];
      if (byte === quote) return index;
      if (byte === backslash) index += 1;
    }
    if (index >= body.length) return body.length;
    const found = body.indexOf(quote, index);
    if (found === -1) return body.length;
    let backslashes = 0;
    while (found - backslashes > index && body[found - backslashes - 1] === backslash) backslashes += 1;
    if (backslashes % 2 === 0) return found;
    index = found + 1;
  }
}

const parserWords = "(?:Expected|Unterminated|Bad|No number|Exponent|Unexpected (?:number|string|non-whitespace))";
const parserFault = new RegExp(`^(${parserWords}[^"]*?)(?: in JSON)? at position (\\d+)`);

/** Why V8 could not parse the body, and where; "" if V8's message would quote the body. */
function jsonFault(error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  if (message === "Unexpected end of JSON input") return ": it ends too early";
  const match = parserFault.exec(message);
  return match === null ? "" : `: ${match[1]} at position ${match[2]}`;
}

function invalidJson(message: string): BridgeError {
  return new BridgeError("invalid_json", message, { field: "body" });
}

function tooLarge(maxBodyBytes: number): BridgeError {
  const megabytes = Number((maxBodyBytes / bytesPerMegabyte).toPrecision(3));
  return new BridgeError(
    "body_too_large", `The request body is larger than ${megabytes} MB, the limit set by --max-body.`,
    { field: "body" },
  );
}

function stoodStill(stillMsMax: number): BridgeError {
  const message = `Nothing more of the request body came for ${stillMsMax / 1000} s.`;
  return new BridgeError("request_timeout", message, { field: "body" });
}

function leftEarly(cause: unknown): BridgeError {
  return new BridgeError("client_closed", "The client left before its request was complete.", { cause });
}

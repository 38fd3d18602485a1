import { BridgeError } from "../errors.ts";

/** The media type may be anything, or missing: what the bytes are is decided by the bytes. */
const dataUrl = /^data:([^;,]*)(?:;[a-z-]+=[^;,]+)*;base64,/iu;
const base64 = /^[A-Za-z0-9+/]+={0,2}$/u;

/** What a `data:` URL holds. */
export interface Base64Data {
  /** In lower case, without parameters: `image/png`. Whatever the client wrote, which may be nothing. */
  readonly mediaType: string;
  /** In base64. */
  readonly data: string;
}

/** Decodes a `data:` URL. Throws a BridgeError for any other URL; `path` is the request's field that holds the URL. */
export function decodeDataUrl(url: string, path: string): Base64Data {
  const match = dataUrl.exec(url);
  if (match === null) {
    throw new BridgeError(
      "unsupported_parameter", `${path}: expected a data: URL with base64, or for an image an http(s) URL.`,
      { field: path },
    );
  }
  const data = base64At(url.slice(match[0].length), path, " after the comma");
  return { mediaType: (match[1] ?? "").trim().toLowerCase(), data };
}

/** Whether a text is base64, without line ends in it. */
export function isBase64(text: string): boolean {
  return base64.test(text);
}

/** Returns base64 without the line ends that some encoders put into it. Throws a BridgeError for any other text. */
export function base64At(text: string, path: string, where = ""): string {
  if (base64.test(text)) return text;
  const joined = text.replace(/[\r\n]+/gu, "");
  if (base64.test(joined)) return joined;
  throw new BridgeError("invalid_value", `${path}: expected base64${where}.`, { field: path });
}

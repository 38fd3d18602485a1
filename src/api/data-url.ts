import { BridgeError } from "../errors.ts";

/** Matches any media type, or none: what the data is, its bytes decide. */
const dataUrl = /^data:([^;,]*)(?:;[a-z-]+=[^;,]+)*;base64,/iu;
const base64 = /^[A-Za-z0-9+/]+={0,2}$/u;

/** What a `data:` URL holds. */
export interface Base64Data {
  /** The media type as the client wrote it, in lower case and without parameters, such as `image/png`; may be empty. */
  readonly mediaType: string;
  /** The data, in base64. */
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

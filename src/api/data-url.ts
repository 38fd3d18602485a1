import { BridgeError } from "../errors.ts";

const dataUrl = /^data:([a-z]+\/[a-z0-9.+-]+)(?:;[a-z]+=[^;,]+)*;base64,/iu;
const base64 = /^[A-Za-z0-9+/]+={0,2}$/u;

/** What a `data:` URL holds. */
export interface Base64Data {
  /** In lower case, without parameters: `image/png`. */
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
  const data = url.slice(match[0].length);
  if (!base64.test(data)) {
    throw new BridgeError("invalid_value", `${path}: expected base64 after the comma.`, { field: path });
  }
  return { mediaType: (match[1] ?? "").toLowerCase(), data };
}

import { BridgeError } from "../errors.ts";
import { imageType } from "../image-type.ts";
import type { ImageBlock } from "../turn/message.ts";
import { type Base64Data, decodeDataUrl, isBase64 } from "./data-url.ts";

/** The image types that the Messages API accepts. */
const imageTypes: ReadonlySet<string> = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);
/** How many base64 characters are decoded to detect an image's type: 16 are the 12 bytes that `imageType` needs. */
const imageTypeChars = 16;

/**
 * Makes an image block from an http(s) or data URL, or from the base64 of an image, which some clients send in place of
 * a URL. `path` is the request's field that holds the URL, for errors.
 */
export function imageAt(url: string, path: string): ImageBlock {
  if (/^https?:\/\//iu.test(url)) return { type: "image", source: { type: "url", url, path } };
  if (typeOfBytes(url) !== undefined && isBase64(url)) return base64Image({ mediaType: "", data: url }, path);
  return base64Image(decodeDataUrl(url, path), path);
}

/**
 * Makes an image block from base64. The bytes decide its type: clients often declare a wrong one, or none, and the API
 * refuses an image of another type than it is said to be. The declared type counts only where the bytes tell nothing.
 * Throws a BridgeError that names the field `path` if the API does not accept the type.
 */
export function base64Image({ mediaType, data }: Base64Data, path: string): ImageBlock {
  const said = mediaType === "image/jpg" ? "image/jpeg" : mediaType;
  const type = typeOfBytes(data) ?? said;
  if (!imageTypes.has(type)) {
    throw new BridgeError("invalid_value", `${path}: expected a png, jpeg, gif or webp image.`, { field: path });
  }
  return { type: "image", source: { type: "base64", media_type: type, data } };
}

function typeOfBytes(data: string): string | undefined {
  return imageType(Buffer.from(data.slice(0, imageTypeChars), "base64"));
}

import { BridgeError } from "../errors.ts";
import { imageType } from "../image-type.ts";
import type { ImageBlock } from "../turn/message.ts";
import { type Base64Data, decodeDataUrl } from "./data-url.ts";

/** The image types that the Messages API accepts. */
const imageTypes: ReadonlySet<string> = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);
/** How many base64 characters are decoded to detect an image's type: 16 are the 12 bytes that `imageType` needs. */
const imageTypeChars = 16;

/** Makes an image block from an http(s) or data URL. `path` is the request's field that holds the URL, for errors. */
export function imageAt(url: string, path: string): ImageBlock {
  if (/^https?:\/\//iu.test(url)) return { type: "image", source: { type: "url", url, path } };
  return base64Image(decodeDataUrl(url, path), path);
}

/** Makes an image block from base64. `path` is the request's field that is at fault where the type is no image's. */
export function base64Image({ mediaType, data }: Base64Data, path: string): ImageBlock {
  const said = mediaType === "image/jpg" ? "image/jpeg" : mediaType;
  if (!imageTypes.has(said)) {
    throw new BridgeError("invalid_value", `${path}: expected a png, jpeg, gif or webp image.`, { field: path });
  }
  // The API refuses an image whose declared type is wrong, and clients often declare a wrong one: detect the type.
  const type = imageType(Buffer.from(data.slice(0, imageTypeChars), "base64")) ?? said;
  return { type: "image", source: { type: "base64", media_type: type, data } };
}

import { BridgeError } from "../../errors.ts";
import { imageType } from "../../image-type.ts";
import type { DocumentBlock, ImageBlock, TextBlock } from "../../turn/message.ts";
import { type Fields, objectAt, stringAt } from "../check.ts";

/** Image types that the Messages API takes. */
const imageTypes: ReadonlySet<string> = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);
/** In base64: enough for the bytes that tell. */
const imageTypeChars = 16;
const dataUrl = /^data:([a-z]+\/[a-z0-9.+-]+)(?:;[a-z]+=[^;,]+)*;base64,/iu;
const base64 = /^[A-Za-z0-9+/]+={0,2}$/u;

/** The Messages API refuses text that is empty or only white space, so it never becomes a block. */
export function textBlocks(text: string): TextBlock[] {
  return text.trim() === "" ? [] : [{ type: "text", text }];
}

/** A string is one text; null and nothing are none; an array goes part by part. */
export function blocksOf<Block>(
  content: unknown, path: string, parse: (part: Fields, type: string, path: string) => Block[],
): (Block | TextBlock)[] {
  if (content === undefined || content === null) return [];
  if (typeof content === "string") return textBlocks(content);
  if (!Array.isArray(content)) {
    throw new BridgeError("invalid_type", `${path}: expected a string or an array of parts.`, { field: path });
  }
  return content.flatMap((part: unknown, index): (Block | TextBlock)[] => {
    const partPath = `${path}[${index}]`;
    // Some clients put bare strings among the parts.
    if (typeof part === "string") return parse({ type: "text", text: part }, "text", partPath);
    const fields = objectAt(part, partPath);
    return parse(fields, stringAt(fields["type"], `${partPath}.type`), partPath);
  });
}

/** An image by its URL, which may be a data URL; `path` is the field that holds it. */
export function imageAt(url: string, path: string): ImageBlock {
  if (/^https?:\/\//iu.test(url)) return { type: "image", source: { type: "url", url, path } };
  const { mediaType, data } = decodeDataUrl(url, path);
  const said = mediaType === "image/jpg" ? "image/jpeg" : mediaType;
  if (!imageTypes.has(said)) {
    throw new BridgeError("invalid_value", `${path}: expected a png, jpeg, gif or webp image.`, { field: path });
  }
  // The API refuses an image that is not of the type it is said to be, and clients often say the wrong one.
  const type = imageType(Buffer.from(data.slice(0, imageTypeChars), "base64")) ?? said;
  return { type: "image", source: { type: "base64", media_type: type, data } };
}

/** A PDF by its data URL, among the fields of a file: `file_data` and `filename`. */
export function pdfAt(holder: Fields, path: string): DocumentBlock {
  if (holder["file_id"] !== undefined && holder["file_data"] === undefined) {
    throw new BridgeError(
      "unsupported_parameter", `${path}.file_id: files are not stored here; send file_data.`,
      { field: `${path}.file_id` },
    );
  }
  const dataPath = `${path}.file_data`;
  const { mediaType, data } = decodeDataUrl(stringAt(holder["file_data"], dataPath), dataPath);
  if (mediaType !== "application/pdf") {
    throw new BridgeError("invalid_value", `${dataPath}: expected a PDF.`, { field: dataPath });
  }
  const name = holder["filename"];
  return {
    type: "document", source: { type: "base64", media_type: mediaType, data },
    ...(typeof name === "string" && name !== "" ? { title: name } : {})
  };
}

function decodeDataUrl(url: string, path: string): { mediaType: string; data: string } {
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

/** The refusal of a kind of part that nothing can be made of. */
export function unsupportedPart(type: string, path: string): BridgeError {
  const known = /^[a-z_]{1,32}$/u.test(type) ? ` (${type})` : "";
  return new BridgeError(
    "unsupported_parameter", `${path}.type: this kind of content${known} is not supported here.`,
    { field: `${path}.type` },
  );
}

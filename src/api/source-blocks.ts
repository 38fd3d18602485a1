/** Readers for images and documents as Anthropic's API has them, with their data in `source`. */

import { BridgeError } from "../errors.ts";
import type { CitationsSetting, DocumentBlock, DocumentSource, ImageBlock, TextBlock } from "../turn/message.ts";
import { arrayAt, type Fields, isAbsent, objectAt, optionalBoolean, optionalObject, stringAt } from "./check.ts";
import { type Base64Data, base64At } from "./data-url.ts";
import { base64Image, imageAt } from "./image-block.ts";
import { textBlocks } from "./text-blocks.ts";

/** How the base64 of every PDF begins: `%PDF-`. */
const pdfStart = "JVBERi0";

/** Reads an image: base64, whose bytes decide its type, or an http(s) URL, which this server fetches. */
export function imageBlock(block: Fields, path: string): ImageBlock {
  const { source, type, at } = sourceOf(block, path);
  switch (type) {
    case "base64": return base64Image(base64Of(source, at), `${at}.data`);
    case "url": return imageAt(stringAt(source["url"], `${at}.url`), `${at}.url`);
    default: throw wrongSource(type, at, "base64 or url");
  }
}

/** Reads a document: a PDF as base64 or by its URL, which the API fetches; plain text; or blocks of text and images. */
export function documentBlock(block: Fields, path: string): DocumentBlock {
  const title = optionalString(block["title"], `${path}.title`);
  const context = optionalString(block["context"], `${path}.context`);
  return {
    type: "document", source: documentSource(block, path),
    ...(title === undefined ? {} : { title }),
    ...(context === undefined ? {} : { context }),
    ...citationsSetting(block["citations"], `${path}.citations`),
  };
}

function documentSource(block: Fields, path: string): DocumentSource {
  const { source, type, at } = sourceOf(block, path);
  switch (type) {
    case "base64": {
      const { mediaType, data } = base64Of(source, at);
      // The bytes decide: many clients call a PDF `application/octet-stream`.
      if (mediaType !== "application/pdf" && !data.startsWith(pdfStart)) throw wrongValue(`${at}.data`, "a PDF");
      return { type: "base64", media_type: "application/pdf", data };
    }
    case "text": {
      const data = stringAt(source["data"], `${at}.data`);
      if (data.trim() === "") throw wrongValue(`${at}.data`, "text");
      return { type: "text", media_type: "text/plain", data };
    }
    case "content": return { type: "content", content: partsOf(source["content"], `${at}.content`) };
    case "url": {
      const url = stringAt(source["url"], `${at}.url`);
      if (!/^https?:\/\//iu.test(url)) throw wrongValue(`${at}.url`, "an http(s) URL");
      return { type: "url", url };
    }
    default: throw wrongSource(type, at, "base64, text, content or url");
  }
}

function partsOf(content: unknown, path: string): string | readonly (TextBlock | ImageBlock)[] {
  if (typeof content === "string" && content.trim() !== "") return content;
  const entries = typeof content === "string" ? [] : arrayAt(content, path);
  const parts = entries.flatMap((value, index): readonly (TextBlock | ImageBlock)[] => {
    const partPath = `${path}[${index}]`;
    const part = objectAt(value, partPath);
    if (part["type"] === "image") return [imageBlock(part, partPath)];
    if (part["type"] === "text") return textBlocks(stringAt(part["text"], `${partPath}.text`));
    throw wrongValue(`${partPath}.type`, "text or image");
  });
  if (parts.length === 0) throw wrongValue(path, "text or images");
  return parts;
}

/** Reads `citations`: whether the model may cite a document or a search result. Empty where the client did not say. */
export function citationsSetting(value: unknown, path: string): { readonly citations?: CitationsSetting } {
  const enabled = optionalBoolean(optionalObject(value, path)?.["enabled"], `${path}.enabled`);
  return enabled === undefined ? {} : { citations: { enabled } };
}

function sourceOf(block: Fields, path: string) {
  const at = `${path}.source`;
  const source = objectAt(block["source"], at);
  return { source, type: stringAt(source["type"], `${at}.type`), at };
}

function base64Of(source: Fields, path: string): Base64Data {
  const said = source["media_type"];
  const data = base64At(stringAt(source["data"], `${path}.data`), `${path}.data`);
  return { mediaType: typeof said === "string" ? said.toLowerCase() : "", data };
}

function optionalString(value: unknown, path: string): string | undefined {
  const text = isAbsent(value) ? "" : stringAt(value, path);
  return text === "" ? undefined : text;
}

function wrongValue(path: string, expected: string): BridgeError {
  return new BridgeError("invalid_value", `${path}: expected ${expected}.`, { field: path });
}

function wrongSource(type: string, path: string, expected: string): BridgeError {
  const field = `${path}.type`;
  const why = type === "file" ? "files are not stored here; " : "";
  return new BridgeError("unsupported_parameter", `${field}: ${why}expected ${expected}.`, { field });
}

/** Readers for images and files in the forms that different APIs give them. */

import { BridgeError } from "../../errors.ts";
import type { DocumentBlock, ImageBlock } from "../../turn/message.ts";
import { type Fields, isAbsent, isFields, objectAt, stringAt } from "../check.ts";
import { base64At, decodeDataUrl } from "../data-url.ts";
import { base64Image, imageAt } from "../image-block.ts";

/** How the base64 of every PDF begins: `%PDF-`. */
const pdfStart = "JVBERi0";

/** Chat Completions: `image_url` is an object with the `url`, or the URL itself. */
export function chatImage(part: Fields, path: string): ImageBlock {
  const holder = part["image_url"];
  const url = typeof holder === "string" ? holder : objectAt(holder, `${path}.image_url`)["url"];
  return imageAt(stringAt(url, `${path}.image_url.url`), `${path}.image_url.url`);
}

/** Responses: `image_url` is the URL. Some clients put an object with the `url` there, as in Chat Completions. */
export function inputImage(part: Fields, path: string): ImageBlock {
  if (typeof part["file_id"] === "string") throw notStored(`${path}.file_id`, "image_url");
  if (isFields(part["image_url"])) return chatImage(part, path);
  return imageAt(stringAt(part["image_url"], `${path}.image_url`), `${path}.image_url`);
}

/** MCP: `data` is base64, `mimeType` its type. */
export function mcpImage(part: Fields, path: string): ImageBlock {
  return bareImage(part["data"], part["mimeType"], `${path}.data`);
}

/** The AI SDK: `image` is a URL, a data URL or base64, with its type in `mediaType` or `mimeType`. */
export function contentImage(part: Fields, path: string): ImageBlock {
  const image = stringAt(part["image"], `${path}.image`);
  if (/^(?:https?|data):/iu.test(image)) return imageAt(image, `${path}.image`);
  return bareImage(image, part["mediaType"] ?? part["mimeType"], `${path}.image`);
}

function bareImage(value: unknown, said: unknown, path: string): ImageBlock {
  const mediaType = typeof said === "string" ? said.toLowerCase() : "";
  return base64Image({ mediaType, data: base64At(stringAt(value, path), path) }, path);
}

/** Chat Completions: the file's fields are in `file`. */
export function chatFile(part: Fields, path: string): DocumentBlock {
  return pdfAt(objectAt(part["file"], `${path}.file`), `${path}.file`);
}

/** Responses: the file's fields are the part's own. */
export function inputFile(part: Fields, path: string): DocumentBlock {
  if (typeof part["file_url"] === "string" && isAbsent(part["file_data"])) {
    throw new BridgeError(
      "unsupported_parameter", `${path}.file_url: files are not fetched here; send file_data.`,
      { field: `${path}.file_url` },
    );
  }
  return pdfAt(part, path);
}

/** Makes a PDF block from a file's fields: `file_data`, which is a data URL or base64, and `filename`. */
function pdfAt(holder: Fields, path: string): DocumentBlock {
  if (holder["file_id"] !== undefined && holder["file_data"] === undefined) {
    throw notStored(`${path}.file_id`, "file_data");
  }
  const dataPath = `${path}.file_data`;
  const data = stringAt(holder["file_data"], dataPath);
  const decoded = data.startsWith(pdfStart)
    ? { mediaType: "", data: base64At(data, dataPath) }
    : decodeDataUrl(data, dataPath);
  return { ...pdf(decoded, dataPath), ...titleOf(holder["filename"]) };
}

/** The bytes decide: many clients call a PDF `application/octet-stream`. */
function pdf({ mediaType, data }: { readonly mediaType: string; readonly data: string }, path: string): DocumentBlock {
  if (mediaType !== "application/pdf" && !data.startsWith(pdfStart)) {
    throw new BridgeError("invalid_value", `${path}: expected a PDF.`, { field: path });
  }
  return { type: "document", source: { type: "base64", media_type: "application/pdf", data } };
}

function titleOf(name: unknown): Pick<DocumentBlock, "title"> {
  return typeof name === "string" && name !== "" ? { title: name } : {};
}

function notStored(path: string, instead: string): BridgeError {
  return new BridgeError(
    "unsupported_parameter", `${path}: files are not stored here; send ${instead}.`, { field: path },
  );
}

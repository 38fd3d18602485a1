import { BridgeError } from "../../errors.ts";
import type { DocumentBlock, ImageBlock, TextBlock, PromptBlock } from "../../turn/message.ts";
import { type Fields, isAbsent, objectAt, stringAt } from "../check.ts";
import { decodeDataUrl } from "../data-url.ts";
import { textBlocks } from "../text-blocks.ts";

/** How one of OpenAI's APIs writes the parts of a message's content. */
export interface PartForm {
  /** The types of a text part, whose text is in `text`. */
  readonly textTypes: readonly string[];
  readonly imageType: string;
  readonly fileType: string;
  /** Parses an image part. */
  readonly image: (part: Fields, path: string) => ImageBlock;
  /** Parses a file part, which must be a PDF. */
  readonly file: (part: Fields, path: string) => DocumentBlock;
}

/** Parses content: undefined, null, a string, or an array of parts. Throws a BridgeError for a part of another type. */
export interface ContentParser {
  /** A user's content: text, images, PDFs. */
  user(content: unknown, path: string): PromptBlock[];
  /** A tool's result: text, and images, which some clients send. */
  result(content: unknown, path: string): (TextBlock | ImageBlock)[];
  /** The assistant's content: text, or a refusal, which becomes text. */
  assistant(content: unknown, path: string): TextBlock[];
  /**
   * A system or developer message's content: one block with the text of all its parts, white-space parts included. None
   * where that text is blank.
   */
  system(content: unknown, path: string): TextBlock[];
}

/** Makes the parsers for the parts that one of OpenAI's APIs has. */
export function contentParser({ textTypes, imageType: image, fileType: file, ...form }: PartForm): ContentParser {
  const textOf = (part: Fields, type: string, path: string): TextBlock[] => {
    if (!textTypes.includes(type)) throw unsupportedPart(type, path);
    return textBlocks(stringAt(part["text"], `${path}.text`));
  };
  const shown = (part: Fields, type: string, path: string): (TextBlock | ImageBlock)[] =>
    (type === image ? [form.image(part, path)] : textOf(part, type, path));
  return {
    user: (content, path) => blocksOf<PromptBlock>(content, path, (part, type, partPath) =>
      (type === file ? [form.file(part, partPath)] : shown(part, type, partPath))),
    result: (content, path) => blocksOf(content, path, shown),
    assistant: (content, path) => blocksOf(content, path, (part, type, partPath) =>
      (type === "refusal"
        ? textBlocks(stringAt(part["refusal"], `${partPath}.refusal`))
        : textOf(part, type, partPath))),
    system: (content, path) => textBlocks(blocksOf<TextBlock>(content, path, (part, type, partPath) => {
      if (!textTypes.includes(type)) throw unsupportedPart(type, partPath);
      return [{ type: "text", text: stringAt(part["text"], `${partPath}.text`) }];
    }).map(({ text }) => text).join("")),
  };
}

/**
 * Turns a message's content into blocks. A string becomes one text block, null and absent content none. An array is
 * parsed part by part with `parse`.
 */
function blocksOf<Block>(
  content: unknown, path: string, parse: (part: Fields, type: string, path: string) => Block[],
): (Block | TextBlock)[] {
  if (isAbsent(content)) return [];
  if (typeof content === "string") return textBlocks(content);
  if (!Array.isArray(content)) {
    throw new BridgeError("invalid_type", `${path}: expected a string or an array of parts.`, { field: path });
  }
  return content.flatMap((part: unknown, index): (Block | TextBlock)[] => {
    const partPath = `${path}[${index}]`;
    // Some clients send plain strings among the parts.
    if (typeof part === "string") return parse({ type: "text", text: part }, "text", partPath);
    const fields = objectAt(part, partPath);
    return parse(fields, stringAt(fields["type"], `${partPath}.type`), partPath);
  });
}

/** Makes a PDF block from a file's fields: `file_data`, which is a data URL, and `filename`. */
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

/** Makes the error for a content part or item of a type that is not supported. */
export function unsupportedPart(type: string, path: string): BridgeError {
  const known = /^[a-z_]{1,32}$/u.test(type) ? ` (${type})` : "";
  return new BridgeError(
    "unsupported_parameter", `${path}.type: this kind of content${known} is not supported here.`,
    { field: `${path}.type` },
  );
}

import type { ImageBlock, TextBlock, UserBlock } from "../../../turn/message.ts";
import { type Fields, objectAt, stringAt } from "../../check.ts";
import { blocksOf, imageAt, pdfAt, textBlocks, unsupportedPart } from "../content-parts.ts";

/** Parses a user message's content: text, images, PDFs. */
export function userContent(content: unknown, path: string): UserBlock[] {
  return blocksOf<UserBlock>(content, path, (part, type, partPath) => {
    switch (type) {
      case "text": return textBlocks(stringAt(part["text"], `${partPath}.text`));
      case "image_url": return [image(part, partPath)];
      case "file": return [pdfAt(objectAt(part["file"], `${partPath}.file`), `${partPath}.file`)];
      default: throw unsupportedPart(type, partPath);
    }
  });
}

/** Parses a tool message's content: text, and images, which some clients send. */
export function toolContent(content: unknown, path: string): (TextBlock | ImageBlock)[] {
  return blocksOf<TextBlock | ImageBlock>(content, path, (part, type, partPath) => {
    switch (type) {
      case "text": return textBlocks(stringAt(part["text"], `${partPath}.text`));
      case "image_url": return [image(part, partPath)];
      default: throw unsupportedPart(type, partPath);
    }
  });
}

/** Parses an assistant message's content: text, or a refusal, which becomes text. */
export function assistantContent(content: unknown, path: string): TextBlock[] {
  return blocksOf(content, path, (part, type, partPath) => {
    switch (type) {
      case "text": return textBlocks(stringAt(part["text"], `${partPath}.text`));
      case "refusal": return textBlocks(stringAt(part["refusal"], `${partPath}.refusal`));
      default: throw unsupportedPart(type, partPath);
    }
  });
}

/** Parses content that may be text only (system and developer messages), and joins its parts. */
export function textContent(content: unknown, path: string): string {
  return blocksOf(content, path, (part, type, partPath): TextBlock[] => {
    if (type !== "text") throw unsupportedPart(type, partPath);
    return [{ type: "text", text: stringAt(part["text"], `${partPath}.text`) }];
  }).map(({ text }) => text).join("");
}

function image(part: Fields, path: string): ImageBlock {
  const urlPath = `${path}.image_url.url`;
  const holder = part["image_url"];
  return imageAt(
    stringAt(typeof holder === "string" ? holder : objectAt(holder, `${path}.image_url`)["url"], urlPath), urlPath,
  );
}

import type { TextBlock } from "../turn/message.ts";

/** Makes a text block; none for empty or white-space text, which the Messages API refuses. */
export function textBlocks(text: string): TextBlock[] {
  return text.trim() === "" ? [] : [{ type: "text", text }];
}

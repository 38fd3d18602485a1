/** The pieces of a raw body, and how they are written in a sentence. */
import type { Sent } from "./chat-transcript.ts";

/** A text, or blocks, as blocks; nothing is none of them. Anything else is one that nobody knows. */
export function asBlocks(content: unknown): readonly Sent[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  if (Array.isArray(content)) return content as readonly Sent[];
  return content === undefined ? [] : [{ type: "neither text nor blocks", content }];
}

/** Half of a surrogate pair is no character: the CLI sends U+FFFD in its place. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, "\ufffd");
}

/** A value in a sentence, cut. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

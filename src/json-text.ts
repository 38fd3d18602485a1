import type { JsonText } from "./turn/event.ts";

/** A string as the inside of a JSON string, in the form the CLI's own text is held in. */
export function encodeJsonText(text: string): JsonText {
  return Buffer.from(JSON.stringify(text).slice(1, -1), "utf8").toString("latin1") as JsonText;
}

/** The characters that a `JsonText` stands for. Throws SyntaxError if it is not the inside of a JSON string. */
export function decodeJsonText(text: JsonText): string {
  return JSON.parse(`"${Buffer.from(text, "latin1").toString("utf8")}"`) as string;
}

/** A value as JSON in latin1-held UTF-8 bytes, to be spliced around `JsonText` and written as latin1. */
export function jsonBytes(value: unknown): string {
  return Buffer.from(JSON.stringify(value), "utf8").toString("latin1");
}

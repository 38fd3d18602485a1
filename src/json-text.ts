import type { JsonText } from "./turn/event.ts";

/** Encodes a string as `JsonText`: escaped, without quotes, latin1-held. */
export function encodeJsonText(text: string): JsonText {
  return Buffer.from(JSON.stringify(text).slice(1, -1), "utf8").toString("latin1") as JsonText;
}

/** Decodes `JsonText` to the string it encodes. Throws SyntaxError if it is not a valid JSON string's content. */
export function decodeJsonText(text: JsonText): string {
  return JSON.parse(`"${Buffer.from(text, "latin1").toString("utf8")}"`) as string;
}

/** Serializes a value as latin1-held JSON. `JsonText` can be spliced into it; write the result as latin1. */
export function jsonBytes(value: unknown): string {
  return Buffer.from(JSON.stringify(value), "utf8").toString("latin1");
}

import type { JsonText } from "./turn/event.ts";

/**
 * Text on its way to a client: the bytes of UTF-8 text as latin1 characters, to be written as latin1. `JsonText` can be
 * joined to it as it is. A plain string cannot: an `é` in it, written as latin1, would not be UTF-8. So only the
 * functions of this file make `WireText`.
 */
export type WireText = string & { readonly __wireText: unique symbol };

/** Text that is held as latin1 already. */
type Latin1 = WireText | JsonText;

/** Wire text with nothing in it. */
export const noText = "" as WireText;

/** Encodes a string as `JsonText`: escaped, without quotes, latin1-held. */
export function encodeJsonText(text: string): JsonText {
  return Buffer.from(JSON.stringify(text).slice(1, -1), "utf8").toString("latin1") as JsonText;
}

/** Decodes `JsonText` to the string it encodes. Throws SyntaxError if it is not a valid JSON string's content. */
export function decodeJsonText(text: JsonText): string {
  return JSON.parse(`"${Buffer.from(text, "latin1").toString("utf8")}"`) as string;
}

/** Encodes a string as it is, without escapes. */
export function encodeWireText(text: string): WireText {
  return Buffer.from(text, "utf8").toString("latin1") as WireText;
}

/** Decodes what `encodeWireText` encodes. */
export function decodeWireText(text: WireText): string {
  return Buffer.from(text, "latin1").toString("utf8");
}

/** The bytes of wire text, as they go to a client or to a file. */
export function wireBytes(text: WireText): Uint8Array {
  return Buffer.from(text, "latin1");
}

/** The wire text of such bytes. */
export function wireTextOf(bytes: Uint8Array): WireText {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1") as WireText;
}

/** Serializes a value as JSON. */
export function jsonLatin1(value: unknown): WireText {
  return encodeWireText(JSON.stringify(value));
}

/** Serializes an object's fields as JSON without its braces, so that more can be put beside them. */
export function jsonMembers(value: object): WireText {
  return jsonLatin1(value).slice(1, -1) as WireText;
}

/** A number's digits as wire text. */
export function wireNumber(value: number): WireText {
  return String(value) as WireText;
}

/** Joins two or three texts: the fast way, for what is done with each delta. */
export function joinWireText(first: Latin1, second: Latin1, third: Latin1 = noText): WireText {
  return first + second + third as WireText;
}

/** Joins any number of texts. */
export function joinedWireText(texts: Iterable<Latin1>): WireText {
  let joined = "";
  for (const text of texts) joined += text;
  return joined as WireText;
}

/**
 * Returns the text as one piece of memory. A joined text is a tree of its parts, which is walked whenever it is
 * written: a constant part of thousands of chunks is made flat once.
 */
export function flatWireText(text: WireText): WireText {
  return Buffer.from(text, "latin1").toString("latin1") as WireText;
}

/** Tags a template: `` wireText`data: ${json}\n\n` `` encodes the constant parts and joins them with the others. */
export function wireText(constants: TemplateStringsArray, ...parts: readonly (Latin1 | number)[]): WireText {
  let text = encoded(constants[0]);
  for (const [index, part] of parts.entries()) text += part + encoded(constants[index + 1]);
  return text as WireText;
}

function encoded(constant = ""): string {
  // Most constants are ASCII, which is the same in UTF-8.
  return /^[\0-\x7f]*$/u.test(constant) ? constant : encodeWireText(constant);
}

/** Whether a schema of a raw body is the client's: as it is, or where its form has to change, by its words and meaning. */
import { formatTexts, patternTexts } from "../../src/own-words.ts";
import type { Sent } from "./chat-transcript.ts";
import { exactOf, isSameJson, plainOf } from "./exact-json.ts";
import { fitsSchema } from "./schema-sources/judge.ts";

/**
 * An object's schema goes up as it is; one with a union at its top says the same in another form. Numbers in `given`
 * are written as `parseExact` does.
 */
export function isSchemaFor(given: Sent, sent: unknown): boolean {
  if (sent === undefined || sent === null) return isSameJson(given, { type: "object", properties: {} });
  const { $schema: _draft, ...schema } = withoutBrokenPatterns(sent) as Sent;
  if (!unions.some((key) => schema[key] !== undefined)) return isSameJson(given, { ...schema, type: "object" });
  if (given["type"] !== "object" || unions.some((key) => given[key] !== undefined)) return false;
  return hasSameWords(given, exactOf(schema)) && meansTheSame(plainOf(given), schema);
}

/** The API takes no pattern that is no expression: it is told in words. */
function withoutBrokenPatterns(schema: unknown): unknown {
  return inWords(schema, "pattern", (pattern) => (isExpression(pattern) ? undefined : patternTexts.join(pattern)));
}

/** An answer's schema, as the CLI's tool has it: the CLI does not know a format. */
export function withoutFormats(schema: unknown): unknown {
  return inWords(schema, "format", (format) => formatTexts.join(format));
}

/** A schema in which words behind the description tell what a keyword says, wherever `tell` has any for it. */
function inWords(value: unknown, keyword: "pattern" | "format", tell: (text: string) => string | undefined): unknown {
  if (Array.isArray(value)) return value.map((inner) => inWords(inner, keyword, tell));
  if (typeof value !== "object" || value === null) return value;
  const whole: Sent = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, inWords(inner, keyword, tell)]));
  const { [keyword]: said, ...rest } = whole;
  const words = typeof said === "string" ? tell(said) : undefined;
  if (words === undefined) return whole;
  return { ...rest, description: rest["description"] === undefined ? words : `${rest["description"]}\n\n${words}` };
}

function isExpression(pattern: string): boolean {
  try {
    return new RegExp(pattern, "u").source !== "";
  } catch {
    return false;
  }
}

const unions = ["anyOf", "oneOf", "allOf"] as const;

/** Of the form that a union gets. */
const ofTheForm: ReadonlySet<string> = new Set([
  "", "#", "$defs", "$ref", "shape", "type", "object", "properties", "required", ...unions,
]);

/** Strings, names and numbers: none but the client's, and all of the client's, each about what it is about there. */
function hasSameWords(given: unknown, sent: unknown): boolean {
  const [told, own] = [new Map(wordsIn(given)), new Map(wordsIn(sent))];
  const areIn = (words: ReadonlyMap<string, string>, others: ReadonlyMap<string, string>): boolean => (
    [...words].every(([placed, word]) => others.has(placed) || ofTheForm.has(word)));
  return areIn(told, own) && areIn(own, told);
}

/** Where names are the client's: what stands behind one is about that. */
const named: ReadonlySet<string> = new Set(["properties", "patternProperties", "$defs", "definitions"]);

/** With and without the name that it is about. The steps of a pointer are words of their own; those in a list are no words. */
function wordsIn(value: unknown, about = ""): readonly (readonly [placed: string, word: string])[] {
  const placed = (word: string): readonly [string, string] => [`${about}: ${word}`, word];
  // What words tell of a keyword stands behind the description, and only where the keyword stood.
  if (typeof value === "string" && !value.startsWith("#/")) return counted(value.split("\n\n")).map(placed);
  if (typeof value === "string") return value.split("/").filter((step) => !/^\d+$/u.test(step)).map((step) => [`to ${step}`, step]);
  if (Array.isArray(value)) return value.flatMap((inner) => wordsIn(inner, about));
  if (typeof value !== "object" || value === null) return [placed(String(value))];
  return Object.entries(value).flatMap(([name, inner]) => {
    const isNames = named.has(name) && typeof inner === "object" && inner !== null && !Array.isArray(inner);
    if (!isNames) return [placed(name), ...wordsIn(inner, about)];
    // The form has the names of its members' properties at its top, too; its own definition is about the whole.
    return Object.entries(inner).flatMap(([key, schema]): ReturnType<typeof wordsIn> => (
      [[`named ${key}`, key], ...wordsIn(schema, ofTheForm.has(key) ? about : key)]));
  });
}

/** With a number behind what was said before. */
function counted(texts: readonly string[]): readonly string[] {
  return texts.map((text, index) => {
    const before = texts.slice(0, index).filter((one) => one === text).length;
    return before === 0 ? text : `${text} ${before + 1}`;
  });
}

function meansTheSame(given: unknown, sent: Sent): boolean {
  return documentsFor(sent).every((document) => (
    fitsSchema(given, document, "2020-12") === fitsSchema(sent, document, "2020-12")));
}

const longestText = 10_000;

/** Objects with one and two of the names that the schema has, and values of several types and at its bounds. */
function documentsFor(schema: Sent): readonly Sent[] {
  const text = JSON.stringify(schema);
  const names = [...new Set([...text.matchAll(/"([^"]+)":/gu)].map(([, name = ""]) => name))];
  const bounds = [...new Set([...text.matchAll(/:(-?\d+(?:\.\d+)?)(?=[,}])/gu)].map(([, digits]) => Number(digits)))];
  const around = bounds.flatMap((bound) => [bound - 1, bound, bound + 1]);
  const lengths = around.filter((length) => Number.isInteger(length) && length >= 0 && length <= longestText);
  const each = (values: readonly unknown[]): Sent[] => names.flatMap((name) => values.map((value) => ({ [name]: value })));
  const simple = each(["x", 1, null, []]);
  return [
    {}, ...simple, ...simple.flatMap((one) => simple.slice(0, 12).map((other) => ({ ...one, ...other }))),
    ...each([...around, ...lengths.map((length) => "x".repeat(length))]),
  ];
}

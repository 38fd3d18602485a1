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

/** Strings, names and numbers, in whatever place: none but the client's, and all of the client's. */
function hasSameWords(given: unknown, sent: unknown): boolean {
  const [told, own] = [new Set(wordsIn(given)), new Set(wordsIn(sent))];
  const isIn = (words: ReadonlySet<string>) => (word: string): boolean => words.has(word) || ofTheForm.has(word);
  return [...told].every(isIn(own)) && [...own].every(isIn(told));
}

/** The steps of a pointer are words of their own; those in a list are no words. */
function wordsIn(value: unknown): readonly string[] {
  // What words tell of a keyword stands behind the description, and only where the keyword stood.
  if (typeof value === "string") return value.startsWith("#/") ? value.split("/").filter((step) => !/^\d+$/u.test(step)) : value.split("\n\n");
  if (Array.isArray(value)) return value.flatMap(wordsIn);
  if (typeof value !== "object" || value === null) return [String(value)];
  return Object.entries(value).flatMap(([name, inner]) => [name, ...wordsIn(inner)]);
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

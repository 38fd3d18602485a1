/** Whether a schema of a raw body is the client's: as it is, or where its form has to change, by its words and meaning. */
import type { Sent } from "./chat-transcript.ts";
import { exactOf, isSameJson, plainOf } from "./exact-json.ts";
import { fitsSchema } from "./schema-sources/judge.ts";

/**
 * An object's schema goes up as it is; one with a union at its top says the same in another form. Numbers in `given`
 * are written as `parseExact` does.
 */
export function isSchemaFor(given: Sent, sent: unknown): boolean {
  if (sent === undefined || sent === null) return isSameJson(given, { type: "object", properties: {} });
  const { $schema: _draft, ...schema } = sent as Sent;
  if (!unions.some((key) => schema[key] !== undefined)) return isSameJson(given, { ...schema, type: "object" });
  if (given["type"] !== "object" || unions.some((key) => given[key] !== undefined)) return false;
  return hasSameWords(given, exactOf(schema)) && meansTheSame(plainOf(given), schema);
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
  if (typeof value === "string") return value.startsWith("#/") ? value.split("/").filter((step) => !/^\d+$/u.test(step)) : [value];
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

import { isSchema, type Schema } from "./keywords.ts";

/** What `readType` reads in a schema's `type`. */
export interface ReadType {
  /** JSON Schema's types; none where any type is valid. */
  readonly types: readonly string[];
  /** The `format` for a word that is no type of JSON Schema, such as `date`. */
  readonly format: string | undefined;
  /** Schemas in place of types, as draft-03 has them. */
  readonly schemas: readonly Schema[];
}

const types: ReadonlySet<unknown> = new Set([
  "string", "number", "integer", "boolean", "object", "array", "null",
]);

/** True for a type of JSON Schema. */
export function isType(value: unknown): boolean {
  return types.has(value);
}

/** JSON Schema's types by the words that other languages have for them. */
const words: ReadonlyMap<string, string> = new Map([
  ...[...types].map((type) => [String(type), String(type)] as const),
  ...["str", "text", "char", "varchar"].map((word) => [word, "string"] as const),
  ...["int", "int32", "int64", "long", "short", "uint", "uint32", "uint64", "bigint"].map(
    (word) => [word, "integer"] as const
  ),
  ...["float", "float32", "float64", "double", "decimal", "numeric"].map((word) => [word, "number"] as const),
  ["bool", "boolean"],
  ...["dict", "dictionary", "map", "hash", "hashmap", "struct"].map((word) => [word, "object"] as const),
  ...["list", "tuple", "set", "arraylist"].map((word) => [word, "array"] as const),
  ...["none", "nil", "nonetype", "undefined"].map((word) => [word, "null"] as const),
]);

/** The `format` of strings, by the words for them that stand in place of a type. */
const formats: ReadonlyMap<string, string> = new Map([
  ...["date", "time", "date-time", "uuid", "uri", "email"].map((word) => [word, word] as const),
  ["datetime", "date-time"], ["timestamp", "date-time"], ["url", "uri"],
]);

/** Words for a value of any type. */
const anyWords: ReadonlySet<string> = new Set(["", "any", "mixed", "unknown", "*", "type_unspecified"]);

/** True for a word that means a type, where it stands in place of a schema. */
export function isTypeWord(word: string): boolean {
  const lower = word.trim().toLowerCase();
  return words.has(lower) || (formats.has(lower) || anyWords.has(lower)) && lower !== "";
}

/** Reads a `type`: a word, several (`string|null`), or a list of words and schemas. Undefined for anything else. */
export function readType(value: unknown): ReadType | undefined {
  if (value === null) return { types: [], format: undefined, schemas: [] };
  const entries: readonly unknown[] = Array.isArray(value) ? value : [value];
  const types: string[] = [];
  const schemas: Schema[] = [];
  let format: string | undefined;
  let isAny = false;
  for (const entry of entries.flatMap(split)) {
    if (isSchema(entry)) schemas.push(entry);
    else if (entry === null) types.push("null");
    else if (typeof entry !== "string") return undefined;
    else {
      const word = entry.trim().toLowerCase();
      const type = words.get(word);
      if (type !== undefined) types.push(type);
      else if (formats.has(word)) {
        types.push("string");
        format = formats.get(word);
      } else {
        isAny = true;
        if (!anyWords.has(word)) format = entry.trim();
      }
    }
  }
  return { types: isAny ? [] : [...new Set(types)], format, schemas };
}

/** Splits `string|null`, and `string?`, into their types. */
function split(entry: unknown): readonly unknown[] {
  if (typeof entry !== "string") return [entry];
  if (/^\w+\?$/u.test(entry)) return [entry.slice(0, -1), "null"];
  return entry.includes("|") ? entry.split("|") : [entry];
}

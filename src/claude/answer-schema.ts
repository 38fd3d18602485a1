import { formatTexts } from "../own-words.ts";
import { isObject, type JsonObject } from "./protocol.ts";

/**
 * Rewrites an answer's schema, which is one of JSON Schema 2020-12, so that the CLI can compile it. The CLI compiles it
 * as JSON Schema draft-07 and allows no keyword that draft-07 does not know. When that fails, it runs without the
 * schema and without an error (measured on 2.1.197 and 2.1.330). So what draft-07 can express is rewritten, and the
 * rest is left out. Without that rest, an answer may fit this schema but not the client's.
 */
export function answerSchema(schema: JsonObject): JsonObject {
  const once = rewriter((reference) => reference)(schema);
  // A `$ref` without a target makes the whole schema invalid. The first pass may have removed a target, so only a
  // second pass can tell which references to drop.
  return rewriter((reference) => (leadsSomewhere(reference, once) ? reference : undefined))(once);
}

/** Maps a keyword's value to the one that is kept; undefined removes the keyword. */
type Keep = (value: unknown) => unknown;

const asItIs: Keep = (value) => value;
/** Keywords whose value is no schema, and means the same in draft-07. */
const plainKeywords = [
  "title", "description", "default", "examples", "readOnly", "writeOnly", "type", "const", "enum", "required",
  "multipleOf", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "minLength", "maxLength",
  "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties",
] as const;

/** Makes a function that rewrites a schema and its subschemas; `reference` maps the values of `$ref`. */
function rewriter(reference: Keep): (value: unknown) => JsonObject {
  const schema: Keep = (value) => (typeof value === "boolean" ? value : rewrite(value));
  const schemas: Keep = (value) => (Array.isArray(value) ? value.map(schema) : undefined);
  const named: Keep = (value) => {
    if (!isObject(value)) return undefined;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, schema(member)]));
  };
  /**
   * The keywords that are kept: those which mean the same in draft-07, in which the CLI reads the schema, and in
   * 2020-12, in which the API does.
   */
  const keywords: ReadonlyMap<string, Keep> = new Map<string, Keep>([
    ...plainKeywords.map((keyword) => [keyword, asItIs] as const),
    ["pattern", (value) => (isPattern(value) ? value : undefined)], ["items", schema], ["contains", schema],
    ["properties", named], ["patternProperties", named], ["additionalProperties", schema], ["propertyNames", schema],
    ["anyOf", schemas], ["oneOf", schemas], ["allOf", schemas], ["not", schema],
    ["$ref", reference], ["$defs", named],
  ]);
  const rewrite = (value: unknown): JsonObject => {
    const entries = Object.entries(isObject(value) ? inDraft07(value) : {}).flatMap(([name, entry]) => {
      const kept = keywords.get(name)?.(entry);
      return kept === undefined ? [] : [[name, kept]];
    });
    return Object.fromEntries(entries);
  };
  return rewrite;
}

/**
 * Replaces keywords that draft-07 lacks by ones that it has. `format` is added to the description, where the model
 * reads it: CLI 2.1.197 does not know the keyword.
 */
function inDraft07(value: JsonObject): JsonObject {
  const { format, prefixItems, description, patternProperties } = value;
  const told = typeof format === "string" ? [description, formatTexts.join(format)] : [];
  const arePatternsKept = patternProperties === undefined || arePatternsApart(patternProperties, value["properties"]);
  return {
    ...value,
    ...(told.length === 0 ? {} : { description: told.filter((part) => typeof part === "string").join("\n\n") }),
    ...(Array.isArray(prefixItems) ? { items: { anyOf: prefixItems } } : {}),
    // The CLI requires valid patterns that match no declared property. Where they are dropped, other properties must be
    // allowed: `additionalProperties: false` would forbid those that the patterns allowed.
    ...(arePatternsKept ? {} : { patternProperties: undefined, additionalProperties: true }),
  };
}

/**
 * True when all patterns are valid and surely match no declared property. Patterns are never run, because a client can
 * send one that backtracks for ever. So this is true only when no property is declared.
 */
function arePatternsApart(patterns: unknown, properties: unknown): boolean {
  return isObject(patterns) && Object.keys(patterns).every(isPattern)
    && Object.keys(isObject(properties) ? properties : {}).length === 0;
}

function isPattern(value: unknown): boolean {
  try {
    return typeof value === "string" && new RegExp(value, "u").source !== "";
  } catch {
    return false;
  }
}

/** True when a JSON Pointer reference such as `#/$defs/Cat` has a target in `root`. */
function leadsSomewhere(reference: unknown, root: JsonObject): boolean {
  if (reference === "#") return true;
  if (typeof reference !== "string" || !reference.startsWith("#/")) return false;
  let place: unknown = root;
  for (const step of reference.slice(2).split("/")) {
    const name = unescaped(step);
    if (typeof place !== "object" || place === null || !Object.hasOwn(place, name)) return false;
    place = (place as JsonObject)[name];
  }
  return true;
}

function unescaped(step: string): string {
  try {
    return decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
  } catch {
    return step;
  }
}

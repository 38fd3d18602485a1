import { formatTexts } from "../own-words.ts";
import { isObject, type JsonObject } from "./protocol.ts";

/**
 * Rewrites the client's schema of the answer so that the CLI can compile it. The CLI compiles it as JSON Schema
 * draft-07 and allows no keyword that draft-07 does not know. When that fails, it runs without the schema and without
 * an error (measured on 2.1.197 and 2.1.330). So what draft-07 can express is rewritten, and the rest is left out.
 * Without that rest, an answer may fit this schema but not the client's.
 */
export function answerSchema(schema: JsonObject): JsonObject {
  const once = rewriter((reference) => reference)(schema);
  // A `$ref` without a target makes the whole schema invalid. The first pass may have removed a target, so only a
  // second pass can tell which references to drop.
  return rewriter((reference) => (leadsSomewhere(reference, once) ? reference : undefined))(once);
}

/** Maps a keyword's value to the one that is kept; undefined removes the keyword. */
type Keep = (value: unknown) => unknown;

const only = (test: (value: unknown) => boolean): Keep => (value) => (test(value) ? value : undefined);
const text = only((value) => typeof value === "string");
const flag = only((value) => typeof value === "boolean");
const number = only((value) => typeof value === "number");
const count = only((value) => Number.isInteger(value) && (value as number) >= 0);
const anything: Keep = (value) => value;

const typeNames: ReadonlySet<unknown> = new Set(["string", "number", "integer", "boolean", "object", "array", "null"]);

/** Makes a function that rewrites a schema and its subschemas; `reference` maps the values of `$ref`. */
function rewriter(reference: Keep): (value: unknown) => JsonObject {
  const schema: Keep = (value) => (typeof value === "boolean" ? value : rewrite(value));
  const schemas: Keep = (value) => (Array.isArray(value) && value.length > 0 ? value.map(schema) : undefined);
  const named: Keep = (value) => {
    if (!isObject(value)) return undefined;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, schema(member)]));
  };
  /** The keywords that are kept: those which mean the same in draft-07 (the CLI's) and in 2020-12 (the upstream's). */
  const keywords: ReadonlyMap<string, Keep> = new Map([
    ["title", text], ["description", text], ["default", anything], ["examples", only(Array.isArray)],
    ["readOnly", flag], ["writeOnly", flag],
    ["type", types], ["const", anything], ["enum", only((value) => Array.isArray(value) && value.length > 0)],
    ["multipleOf", only((value) => typeof value === "number" && value > 0)],
    ["minimum", number], ["exclusiveMinimum", number], ["maximum", number], ["exclusiveMaximum", number],
    ["minLength", count], ["maxLength", count], ["pattern", only(isPattern)],
    ["items", schema], ["contains", schema], ["minItems", count], ["maxItems", count], ["uniqueItems", flag],
    ["properties", named], ["patternProperties", named], ["additionalProperties", schema], ["propertyNames", schema],
    ["required", required], ["minProperties", count], ["maxProperties", count],
    ["anyOf", schemas], ["oneOf", schemas], ["allOf", schemas], ["not", schema],
    ["$ref", reference], ["$defs", named], ["definitions", named],
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
 * Replaces keywords of other drafts and of OpenAPI by draft-07's. `format` is added to the description, where the model
 * reads it: CLI 2.1.197 does not know the keyword.
 */
function inDraft07(value: JsonObject): JsonObject {
  const { format, nullable, prefixItems, items, type, description, patternProperties } = value;
  const members = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : undefined;
  const told = typeof format === "string" ? [description, formatTexts.join(format)] : [];
  const arePatternsKept = patternProperties === undefined || arePatternsApart(patternProperties, value["properties"]);
  return {
    ...value,
    ...(told.length === 0 ? {} : { description: told.filter((part) => typeof part === "string").join("\n\n") }),
    ...(nullable === true && typeof type === "string" ? { type: [type, "null"] } : {}),
    ...(members === undefined ? {} : { items: { anyOf: members } }),
    // The CLI requires valid patterns that match no declared property. Where they are dropped, other properties must be
    // allowed: `additionalProperties: false` would forbid those that the patterns allowed.
    ...(arePatternsKept ? {} : { patternProperties: undefined, additionalProperties: true }),
    ...exclusiveBound(value, "minimum", "exclusiveMinimum"),
    ...exclusiveBound(value, "maximum", "exclusiveMaximum"),
  };
}

/** Draft-04 has the bound in `minimum` and a boolean in `exclusiveMinimum`; draft-07 has the bound in the latter. */
function exclusiveBound(value: JsonObject, bound: string, exclusive: string): JsonObject {
  return value[exclusive] === true ? { [bound]: undefined, [exclusive]: value[bound] } : {};
}

/** The known types of `type`, in lower case: Gemini's schema dialect writes them in capitals. */
function types(value: unknown): unknown {
  const lower = (Array.isArray(value) ? value : [value]).map(
    (type: unknown) => (typeof type === "string" ? type.toLowerCase() : type)
  );
  const known = [...new Set(lower)].filter((type) => typeNames.has(type));
  return known.length < 2 ? known[0] : known;
}

function required(value: unknown): unknown {
  return Array.isArray(value) ? [...new Set(value.filter((name) => typeof name === "string"))] : undefined;
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

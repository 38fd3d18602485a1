import { formatTexts } from "../../own-words.ts";
import type { Fields } from "../check.ts";

/**
 * The schema of an answer as the CLI takes one. It compiles the schema as JSON Schema draft-07 with no word in it that
 * this draft does not know, and where that fails it runs on without the schema and without an error (measured on
 * 2.1.197 and 2.1.330). So what draft-07 can say is said in it, and the rest is left out: the answer may then be freer
 * than the client's own check of it.
 */
export function answerSchema(schema: Fields): Fields {
  const once = rewriter((reference) => reference)(schema);
  // A reference that leads nowhere fails the whole. Where one leads is known only now that the rest stands.
  return rewriter((reference) => (leadsSomewhere(reference, once) ? reference : undefined))(once);
}

/**
 * The keywords of JSON Schema that constrain an answer and are left out of its schema: the CLI would drop the whole for
 * them, or the upstream reads them otherwise.
 */
export const ignoredKeywords: readonly string[] = [
  "if", "then", "else", "dependencies", "dependentRequired", "dependentSchemas", "unevaluatedProperties",
  "unevaluatedItems", "additionalItems",
  "minContains", "maxContains", "$dynamicRef", "$recursiveRef",
];

/** What a keyword's value becomes; undefined leaves the keyword out. */
type Keep = (value: unknown) => unknown;

const only = (test: (value: unknown) => boolean): Keep => (value) => (test(value) ? value : undefined);
const text = only((value) => typeof value === "string");
const flag = only((value) => typeof value === "boolean");
const number = only((value) => typeof value === "number");
const count = only((value) => Number.isInteger(value) && (value as number) >= 0);
const anything: Keep = (value) => value;

const typeNames: ReadonlySet<unknown> = new Set(["string", "number", "integer", "boolean", "object", "array", "null"]);

function rewriter(reference: Keep): (value: unknown) => Fields {
  const schema: Keep = (value) => (typeof value === "boolean" ? value : rewrite(value));
  const schemas: Keep = (value) => (Array.isArray(value) && value.length > 0 ? value.map(schema) : undefined);
  const named: Keep = (value) => (
    isFields(value) ? Object.fromEntries(
      Object.entries(value).map(([name, member]) => [name, schema(member)])
    ) : undefined
  );
  /** What draft-07 knows and draft 2020-12, which the upstream holds it to, reads alike. */
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
  const rewrite = (value: unknown): Fields => Object.fromEntries(Object.entries(
    isFields(value) ? inDraft07(value) : {}
  ).flatMap(([name, entry]) => {
    const kept = keywords.get(name)?.(entry);
    return kept === undefined ? [] : [[name, kept]];
  }));
  return rewrite;
}

/**
 * What other drafts and OpenAPI say, in draft-07's words. 2.1.197 knows no `format`: the model reads it in the
 * description.
 */
function inDraft07(value: Fields): Fields {
  const { format, nullable, prefixItems, items, type, description, patternProperties } = value;
  const members = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : undefined;
  return {
    ...value,
    ...(
      typeof format === "string" ? {
        description: [description, formatTexts.join(format)].filter((part) => typeof part === "string").join("\n\n")
      } : {}
    ),
    ...(nullable === true && typeof type === "string" ? { type: [type, "null"] } : {}),
    ...(members === undefined ? {} : { items: { anyOf: members } }),
    // Its keys must be patterns, and fit none of the properties; without them the others may not be forbidden.
    ...(
      patternProperties === undefined || arePatternsApart(patternProperties, value["properties"]) ? {} : {
        patternProperties: undefined, additionalProperties: true,
      }
    ),
    ...exclusiveBound(value, "minimum", "exclusiveMinimum"),
    ...exclusiveBound(value, "maximum", "exclusiveMaximum"),
  };
}

/** Draft-04 has the bound in one keyword and its kind in the other. */
function exclusiveBound(value: Fields, bound: string, exclusive: string): Fields {
  return value[exclusive] === true ? { [bound]: undefined, [exclusive]: value[bound] } : {};
}

/** Gemini's dialect has them in capitals. */
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

/** Whether the two say nothing of one property. A client's pattern is never run: one can be made to take for ever. */
function arePatternsApart(patterns: unknown, properties: unknown): boolean {
  return isFields(patterns) && Object.keys(patterns).every(isPattern)
    && Object.keys(isFields(properties) ? properties : {}).length === 0;
}

function isPattern(value: unknown): boolean {
  try {
    return typeof value === "string" && new RegExp(value, "u").source !== "";
  } catch {
    return false;
  }
}

function leadsSomewhere(reference: unknown, root: Fields): boolean {
  if (reference === "#") return true;
  if (typeof reference !== "string" || !reference.startsWith("#/")) return false;
  let place: unknown = root;
  for (const step of reference.slice(2).split("/")) {
    const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof place !== "object" || place === null || !Object.hasOwn(place, name)) return false;
    place = (place as Fields)[name];
  }
  return true;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

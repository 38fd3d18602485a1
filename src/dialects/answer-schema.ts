import type { Fields } from "./check.ts";

type Keep = (value: unknown) => unknown;

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
/** A keyword whose value is not of its kind is left out. */
const only = (test: (value: unknown) => boolean): Keep => (value) => (test(value) ? value : undefined);
const text = only((value) => typeof value === "string");
const flag = only((value) => typeof value === "boolean");
const number = only((value) => typeof value === "number");
const count = only((value) => Number.isInteger(value) && (value as number) >= 0);
const anything: Keep = (value) => value;
const schema: Keep = (value) => (typeof value === "boolean" ? value : rewritten(value));
const schemas: Keep = (value) => (Array.isArray(value) && value.length > 0 ? value.map(rewritten) : undefined);
const namedSchemas: Keep = (value) =>
  isFields(value) ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, typeof member === "boolean" ? member : rewritten(member)])) : undefined;

const typeNames: ReadonlySet<unknown> = new Set(["string", "number", "integer", "boolean", "object", "array", "null"]);

/** What JSON Schema draft-07 knows and draft 2020-12 reads alike, in the order of the specification. */
const keywords: ReadonlyMap<string, Keep> = new Map([
  ["title", text], ["description", text], ["default", anything], ["examples", only(Array.isArray)], ["readOnly", flag], ["writeOnly", flag],
  ["type", typeOf], ["enum", only((value) => Array.isArray(value) && value.length > 0)], ["const", anything],
  ["multipleOf", only((value) => typeof value === "number" && value > 0)],
  ["maximum", number], ["exclusiveMaximum", number], ["minimum", number], ["exclusiveMinimum", number],
  ["maxLength", count], ["minLength", count], ["pattern", only(isPattern)],
  ["items", schema], ["maxItems", count], ["minItems", count], ["uniqueItems", flag], ["contains", schema],
  ["maxProperties", count], ["minProperties", count], ["required", names], ["properties", namedSchemas],
  ["additionalProperties", schema], ["propertyNames", schema],
  ["anyOf", schemas], ["oneOf", schemas], ["allOf", schemas], ["not", schema],
  ["$ref", text], ["$defs", namedSchemas], ["definitions", namedSchemas],
]);

/**
 * The schema of an answer as the CLI takes one. It compiles the schema as draft-07 with no word in it that this draft does not
 * know, and where that fails it runs on without the schema and without an error (measured on 2.1.197 and 2.1.330). So what it
 * does not know is left out, or said in what it knows; 2.1.197 knows no `format`, which goes into the description.
 */
export function answerSchema(whole: Fields): Fields {
  return withoutDeadReferences(rewritten(whole), whole) as Fields;
}

function rewritten(value: unknown): Fields {
  if (!isFields(value)) return {};
  const known = inDraft07(value);
  const kept: Record<string, unknown> = {};
  for (const [name, entry] of Object.entries(known)) {
    const keep = keywords.get(name)?.(entry);
    if (keep !== undefined) kept[name] = keep;
  }
  return kept;
}

/** The dialects of other drafts and of OpenAPI, as far as draft-07 can say the same. */
function inDraft07(value: Fields): Fields {
  const { format, nullable, prefixItems, items, type, description } = value;
  const members = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : undefined;
  return {
    ...value,
    ...(typeof format === "string" ? { description: [description, `Format: ${format}.`].filter((part) => typeof part === "string").join("\n\n") } : {}),
    ...(nullable === true && typeof type === "string" ? { type: [type, "null"] } : {}),
    ...(members === undefined ? {} : { items: { anyOf: members } }),
    ...exclusiveBound(value, "minimum", "exclusiveMinimum"),
    ...exclusiveBound(value, "maximum", "exclusiveMaximum"),
  };
}

/** Draft-04 has the bound in one keyword and its kind in the other. */
function exclusiveBound(value: Fields, bound: string, exclusive: string): Fields {
  return value[exclusive] === true ? { [bound]: undefined, [exclusive]: value[bound] } : {};
}

function typeOf(value: unknown): unknown {
  const types = [...new Set((Array.isArray(value) ? value : [value]).map((type: unknown) => (typeof type === "string" ? type.toLowerCase() : type)))]
    .filter((type) => typeNames.has(type));
  return types.length < 2 ? types[0] : types;
}

function names(value: unknown): unknown {
  return Array.isArray(value) ? [...new Set(value.filter((name) => typeof name === "string"))] : undefined;
}

function isPattern(value: unknown): boolean {
  try {
    return typeof value === "string" && new RegExp(value, "u") instanceof RegExp;
  } catch {
    return false;
  }
}

/** A reference that leads nowhere in what is left would fail the whole. */
function withoutDeadReferences(value: unknown, root: unknown): unknown {
  const walk = (part: unknown, isSchema: boolean): unknown => {
    if (Array.isArray(part)) return part.map((member) => walk(member, isSchema));
    if (!isFields(part)) return part;
    return Object.fromEntries(Object.entries(part).flatMap(([name, entry]) => {
      if (isSchema && name === "$ref" && !leadsSomewhere(entry, value)) return [];
      return [[name, walk(entry, true)]];
    }));
  };
  void root;
  return walk(value, true);
}

function leadsSomewhere(reference: unknown, root: unknown): boolean {
  if (typeof reference !== "string" || !reference.startsWith("#")) return false;
  let place: unknown = root;
  for (const step of reference.slice(1).split("/").slice(1)) {
    const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof place !== "object" || place === null || !Object.hasOwn(place, name)) return false;
    place = (place as Fields)[name];
  }
  return reference === "#" || reference.startsWith("#/");
}

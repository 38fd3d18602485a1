/** What the API compiles of JSON Schema: for an answer's format, and for the tools that are strict. */
import { type Fields, isRecord } from "./rule.ts";

const unsupported: Readonly<Record<string, readonly string[]>> = {
  number: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
  string: ["minLength", "maxLength"],
  array: ["maxItems", "uniqueItems", "contains", "minContains", "maxContains", "prefixItems", "unevaluatedItems"],
  object: [
    "minProperties",
    "maxProperties",
    "patternProperties",
    "propertyNames",
    "unevaluatedProperties",
    "dependentRequired",
    "dependentSchemas",
  ],
};
const unsupportedAnywhere = ["not", "if", "then", "else", "oneOf"] as const;
const formats: ReadonlySet<unknown> = new Set([
  "date-time",
  "time",
  "date",
  "duration",
  "email",
  "hostname",
  "uri",
  "ipv4",
  "ipv6",
  "uuid",
]);
const maps = ["properties", "$defs", "definitions"] as const;
const lists = ["anyOf", "allOf"] as const;

/** The first thing in it that the API does not compile, in its words; null where it compiles all. */
export function unsupportedIn(root: Fields): string | null {
  const inNode = (schema: unknown, above: readonly string[]): string | null => {
    if (!isRecord(schema)) return null;
    return keywordIn(schema) ?? referenceIn(schema, above) ?? inChildren(schema, above);
  };
  const referenceIn = (schema: Fields, above: readonly string[]): string | null => {
    const { $ref: reference } = schema;
    if (typeof reference !== "string") return null;
    if (!reference.startsWith("#")) return `External $ref '${reference}' is not supported`;
    if (reference === "#" || above.includes(reference))
      return `Circular reference detected in schema definitions: ${reference}`;
    const target = reference
      .split("/")
      .slice(1)
      .reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), root);
    return target === undefined
      ? `Invalid $ref '${reference}': not found in schema`
      : inNode(target, [...above, reference]);
  };
  const inChildren = (schema: Fields, above: readonly string[]): string | null => {
    const children: unknown[] = [schema["items"]];
    for (const name of maps) if (isRecord(schema[name])) children.push(...Object.values(schema[name]));
    for (const name of lists) if (Array.isArray(schema[name])) children.push(...schema[name]);
    for (const child of children) {
      const found = inNode(child, above);
      if (found !== null) return found;
    }
    return null;
  };
  return inNode(root, []);
}

function keywordIn(schema: Fields): string | null {
  const { type, additionalProperties, minItems, format } = schema;
  const isObject =
    type === "object" || (Array.isArray(type) && type.includes("object")) || isRecord(schema["properties"]);
  if (isObject && additionalProperties !== false)
    return "For 'object' type, 'additionalProperties' must be explicitly set to false";
  const anywhere = unsupportedAnywhere.find((keyword) => Object.hasOwn(schema, keyword));
  if (anywhere !== undefined) return `Schema keyword '${anywhere}' is not supported`;
  for (const [kind, keywords] of Object.entries(unsupported)) {
    const keyword = keywords.find((name) => Object.hasOwn(schema, name));
    if (keyword !== undefined)
      return `For '${type === "integer" ? "integer" : kind}' type, property '${keyword}' is not supported`;
  }
  if (minItems !== undefined && minItems !== 0 && minItems !== 1)
    return "For 'array' type, 'minItems' values other than 0 or 1 are not supported";
  if (format !== undefined && !formats.has(format))
    return `For 'string' type, format '${String(format)}' is not supported`;
  return null;
}

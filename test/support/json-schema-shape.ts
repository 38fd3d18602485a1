/** Whether a value has the shape of a JSON Schema 2020-12: keyword by keyword, without resolving references. */

const typeNames = new Set(["null", "boolean", "object", "array", "number", "string", "integer"]);
const schemaKeywords = ["items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames", "unevaluatedItems", "unevaluatedProperties"];
const schemaListKeywords = ["anyOf", "oneOf", "allOf", "prefixItems"];
const schemaMapKeywords = ["properties", "patternProperties", "$defs", "dependentSchemas"];
// In draft 4 exclusiveMinimum was a boolean; such schemas still circulate and the API refuses them.
const numberKeywords = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
const countKeywords = ["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"];
const stringKeywords = ["$ref", "$id", "$schema", "$comment", "title", "description", "pattern", "format"];

export function isJsonSchemaShape(schema: unknown): boolean {
  if (typeof schema === "boolean") return true;
  if (!isRecord(schema)) return false;
  return typeFits(schema["type"])
    && fits(schema, schemaKeywords, isJsonSchemaShape)
    && fits(schema, schemaListKeywords, (value) => Array.isArray(value) && value.length > 0 && value.every(isJsonSchemaShape))
    && fits(schema, schemaMapKeywords, (value) => isRecord(value) && Object.values(value).every(isJsonSchemaShape))
    && fits(schema, numberKeywords, (value) => typeof value === "number")
    && fits(schema, countKeywords, (value) => Number.isInteger(value) && (value as number) >= 0)
    && fits(schema, stringKeywords, (value) => typeof value === "string")
    && fits(schema, ["enum", "examples"], Array.isArray)
    && fits(schema, ["required"], (value) => Array.isArray(value) && value.every((name) => typeof name === "string") && new Set(value).size === value.length);
}

function fits(schema: Record<string, unknown>, keywords: readonly string[], test: (value: unknown) => boolean): boolean {
  return keywords.every((keyword) => !Object.hasOwn(schema, keyword) || test(schema[keyword]));
}

function typeFits(type: unknown): boolean {
  if (type === undefined) return true;
  if (typeof type === "string") return typeNames.has(type);
  return Array.isArray(type) && type.length > 0 && type.every((name) => typeof name === "string" && typeNames.has(name));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

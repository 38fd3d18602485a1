/** Whether a value is a JSON Schema 2020-12: what its meta-schemas demand, by keyword. References are not resolved. */
import { isRecord } from "./rule.ts";

type Test = (value: unknown) => boolean;

const typeNames = new Set<unknown>(["null", "boolean", "object", "array", "number", "string", "integer"]);

const isString: Test = (value) => typeof value === "string";
const isBoolean: Test = (value) => typeof value === "boolean";
const isNumber: Test = (value) => typeof value === "number";
const isCount: Test = (value) => Number.isInteger(value) && Number(value) >= 0;
const isSetOfStrings: Test = (value) =>
  Array.isArray(value) && value.every(isString) && new Set(value).size === value.length;
const isSchemas: Test = (value) => Array.isArray(value) && value.length > 0 && value.every(isJsonSchema);
const isMapOf =
  (test: Test): Test =>
  (value) =>
    isRecord(value) && Object.values(value).every(test);
const isType: Test = (value) =>
  typeNames.has(value) ||
  (isSetOfStrings(value) &&
    (value as string[]).length > 0 &&
    (value as string[]).every((name) => typeNames.has(name)));
/** What is valid in ECMA-262, or in Python but for its own forms: which of them the API takes was not seen. */
const isPattern: Test = (value) => {
  if (typeof value !== "string") return false;
  const plain = value.replace(/^\(\?[aimsux]+\)/u, "").replaceAll(/\(\?P</gu, "(?<").replaceAll(/\\[AZ]/gu, "");
  return ["u", ""].some((flags) => compiles(plain, flags));
};

function compiles(pattern: string, flags: string): boolean {
  try {
    return new RegExp(pattern, flags) instanceof RegExp;
  } catch {
    return false;
  }
}

const keywords: Readonly<Record<string, Test>> = {
  ...all(
    [
      "items",
      "additionalProperties",
      "not",
      "if",
      "then",
      "else",
      "contains",
      "propertyNames",
      "unevaluatedItems",
      "unevaluatedProperties",
      "contentSchema",
    ],
    isJsonSchema,
  ),
  ...all(["anyOf", "oneOf", "allOf", "prefixItems"], isSchemas),
  ...all(["properties", "$defs", "definitions", "dependentSchemas"], isMapOf(isJsonSchema)),
  patternProperties: (value) => isMapOf(isJsonSchema)(value) && Object.keys(value as object).every(isPattern),
  // In draft 4 the exclusive ones were booleans; such schemas still circulate.
  ...all(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"], isNumber),
  multipleOf: (value) => isNumber(value) && Number(value) > 0,
  ...all(
    [
      "minLength",
      "maxLength",
      "minItems",
      "maxItems",
      "minContains",
      "maxContains",
      "minProperties",
      "maxProperties",
    ],
    isCount,
  ),
  ...all(
    [
      "$ref",
      "$dynamicRef",
      "$schema",
      "$comment",
      "title",
      "description",
      "format",
      "contentEncoding",
      "contentMediaType",
    ],
    isString,
  ),
  $id: (value) => isString(value) && /^[^#]*#?$/u.test(value as string),
  ...all(
    ["$anchor", "$dynamicAnchor"],
    (value) => isString(value) && /^[A-Za-z_][-A-Za-z0-9._]*$/u.test(value as string),
  ),
  $vocabulary: isMapOf(isBoolean),
  ...all(["uniqueItems", "deprecated", "readOnly", "writeOnly"], isBoolean),
  ...all(["enum", "examples"], Array.isArray),
  required: isSetOfStrings,
  dependentRequired: isMapOf(isSetOfStrings),
  dependencies: isMapOf((value) => isSetOfStrings(value) || isJsonSchema(value)),
  type: isType,
  pattern: isPattern,
};

export function isJsonSchema(schema: unknown): boolean {
  if (typeof schema === "boolean") return true;
  return (
    isRecord(schema) &&
    Object.entries(schema).every(
      ([keyword, value]) => !Object.hasOwn(keywords, keyword) || keywords[keyword]?.(value) === true,
    )
  );
}

function all(names: readonly string[], test: Test): Record<string, Test> {
  return Object.fromEntries(names.map((name) => [name, test]));
}

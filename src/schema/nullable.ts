import { isAssertion, type Schema } from "./keywords.ts";

/** Keywords that may forbid null even where `type` allows it. */
const others = ["$ref", "anyOf", "oneOf", "allOf", "not", "if"] as const;

/** Rewrites a schema that has OpenAPI 3.0's `nullable`: null is valid too. */
export function nullable(schema: Schema): Schema {
  if (others.some((keyword) => schema[keyword] !== undefined)) return orNull(schema);
  const { type, const: constant, enum: values, ...rest } = schema;
  return {
    ...rest,
    ...(type === undefined ? {} : { type: [...new Set([type].flat()), "null"].filter(isFirst) }),
    ...(Array.isArray(values) ? { enum: values.includes(null) ? values : [...values, null] } : {}),
    ...("const" in schema ? { enum: constant === null ? [null] : [constant, null] } : {}),
  };
}

function isFirst(value: unknown, index: number, all: readonly unknown[]): boolean {
  return all.indexOf(value) === index;
}

/**
 * The schema as an `anyOf` with null. Keywords that constrain nothing stay beside it, where the model looks for them
 * first.
 */
function orNull(schema: Schema): Schema {
  const isHeld = (keyword: string): boolean => isAssertion(keyword) || keyword === "$ref" || keyword === "$defs";
  const entries = Object.entries(schema);
  const held = entries.filter(([keyword]) => isHeld(keyword));
  const free = Object.fromEntries(entries.filter(([keyword]) => !isHeld(keyword)));
  const { anyOf } = schema;
  const shapes = held.length === 1 && Array.isArray(anyOf) ? anyOf : [Object.fromEntries(held)];
  return { ...free, anyOf: [...shapes, { type: "null" }] };
}

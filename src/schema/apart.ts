import type { Schema } from "./keywords.ts";

/** With more members than this, a union's members are not compared with one another. */
const comparedMax = 100;

/**
 * Whether no value fits two of a union's members. These are compiled schemas, so their objects are closed;
 * `definitions` has the targets of their references. False too where types, listed values and property names do not
 * tell.
 */
export function areApart(members: readonly Schema[], definitions: ReadonlyMap<string, Schema | undefined>): boolean {
  const schemas = members.map((member) => {
    const { $ref: reference } = member;
    return (typeof reference === "string" ? definitions.get(reference.slice("#/$defs/".length)) : undefined) ?? member;
  });
  return schemas.length <= comparedMax && schemas.every(
    (one, index) => schemas.slice(index + 1).every((other) => isApart(one, other))
  );
}

function isApart(one: Schema, other: Schema): boolean {
  if (hasOtherValues(one, other)) return true;
  if (one["type"] !== "object" || other["type"] !== "object") return false;
  const [properties, others] = [propertiesOf(one), propertiesOf(other)];
  // A value that fitted both would have all properties that either schema requires.
  return [...requiredBy(one), ...requiredBy(other)].some((name) => {
    const [mine, theirs] = [properties.get(name), others.get(name)];
    return mine === undefined || theirs === undefined || hasOtherValues(mine, theirs);
  });
}

/** Whether two schemas have no value in common, by the values that they list, or else by their types. */
function hasOtherValues(one: Schema, other: Schema): boolean {
  const [values, others] = [listedIn(one), listedIn(other)];
  if (values !== undefined && others !== undefined) return !values.some((value) => others.includes(value));
  const [types, otherTypes] = [typesIn(one), typesIn(other)];
  return types.length > 0 && otherTypes.length > 0 && !types.some((type) => otherTypes.includes(type));
}

function listedIn(schema: Schema): readonly unknown[] | undefined {
  return Object.hasOwn(schema, "const") ? [schema["const"]] : schema["enum"] as readonly unknown[] | undefined;
}

/** The types that a schema names; `integer` counts as `number`, as every whole number is one. */
function typesIn({ type = [] }: Schema): readonly unknown[] {
  return [type].flat().map((name) => (name === "integer" ? "number" : name));
}

function propertiesOf({ properties }: Schema): ReadonlyMap<string, Schema> {
  return new Map(Object.entries(properties as Readonly<Record<string, Schema>>));
}

function requiredBy({ required = [] }: Schema): readonly string[] {
  return required as readonly string[];
}

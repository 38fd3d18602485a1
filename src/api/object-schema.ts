import { BridgeError } from "../errors.ts";
import { unionTexts } from "../own-words.ts";
import { type Fields, isAbsent, isFields, kindOf } from "./check.ts";

const propertyName = /^[a-zA-Z0-9_.-]{1,64}$/u;
/** Matches the `$ref` of a member such as `{"$ref": "#/$defs/Cat"}`, as Pydantic and Zod write unions. */
const definitionReference = /^#\/(\$defs|definitions)\/([^/~%]+)$/u;
/** The most members that a union at the top of a schema may have. */
const unionMembersMax = 100;
/** The longest JSON of a union's members that is shown to the model, in characters; see `shapes`. */
const shapesCharsMax = 20_000;
const unions = ["anyOf", "oneOf", "allOf"] as const;

/**
 * Rewrites a client's JSON Schema for the Messages API, which requires an object at the top and allows no union there.
 * A union of objects becomes one object schema that accepts what any of its members accepts; its description lists the
 * members. Throws a BridgeError that names the field which cannot be rewritten.
 */
export function objectSchema(value: unknown, path: string): Fields {
  if (isAbsent(value)) return { type: "object", properties: {} };
  if (!isFields(value)) {
    throw new BridgeError(
      "invalid_type", `${path}: expected a JSON Schema object, got ${kindOf(value)}.`, { field: path },
    );
  }
  const union = unions.find((key) => value[key] !== undefined);
  const schema = union === undefined ? value : withoutUnion(value, union, path);
  if (!allowsObject(schema["type"])) {
    throw new BridgeError(
      "invalid_value", `${path}.type: expected "object" at the top of the schema.`, { field: `${path}.type` },
    );
  }
  const properties = schema["properties"];
  if (properties !== undefined && !isFields(properties)) {
    throw new BridgeError(
      "invalid_type", `${path}.properties: expected an object, got ${kindOf(properties)}.`,
      { field: `${path}.properties` },
    );
  }
  if (Object.keys(properties ?? {}).some((name) => !propertyName.test(name))) {
    throw new BridgeError(
      "invalid_value", `${path}.properties: Claude takes property names of 1 to 64 letters, digits, "_", "." and "-".`,
      { field: `${path}.properties` },
    );
  }
  return { ...schema, type: "object" };
}

/** Merges a top-level union's members into one object schema. Throws when a member is not an object. */
function withoutUnion(schema: Fields, key: (typeof unions)[number], path: string): Fields {
  const members: readonly unknown[] = Array.isArray(schema[key]) ? schema[key] : [];
  if (members.length > unionMembersMax) {
    throw new BridgeError(
      "invalid_value", `${path}.${key}: expected at most ${unionMembersMax} shapes, got ${members.length}.`,
      { field: `${path}.${key}` },
    );
  }
  const objects = members.map((member) => objectMember(member, schema)).filter((member) => member !== undefined);
  const hasOtherUnion = unions.some((other) => other !== key && schema[other] !== undefined);
  if (objects.length === 0 || objects.length !== members.length || hasOtherUnion) {
    throw new BridgeError(
      "invalid_value",
      `${path}.${key}: at the top of a schema Claude takes only an object, and this cannot be made one.`,
      { field: `${path}.${key}` },
    );
  }
  const { [key]: _members, ...rest } = schema;
  const required = objects.map((member) => new Set(stringsOf(member["required"])));
  const everywhere = [...(required[0] ?? [])].filter((name) => required.every((names) => names.has(name)));
  const anywhere = [...new Set(required.flatMap((names) => [...names]))];
  const told = key === "allOf" ? [] : [schema["description"], `${unionTexts[key]}${shapes(objects)}`];
  return {
    ...rest,
    properties: mergedProperties([schema, ...objects], key === "allOf" ? "allOf" : "anyOf"),
    required: [...new Set([...stringsOf(schema["required"]), ...(key === "allOf" ? anywhere : everywhere)])],
    ...(told.length === 0 ? {} : { description: told.filter((part) => typeof part === "string").join("\n\n") }),
  };
}

/**
 * Serializes a union's members as JSON for the model, each once: members may refer to the same definition. If the JSON
 * is longer than `shapesCharsMax`, only each member's property names are listed.
 */
function shapes(objects: readonly Fields[]): string {
  const distinct = [...new Set(objects)];
  const text = JSON.stringify(distinct);
  return text.length <= shapesCharsMax
    ? text
    : JSON.stringify(distinct.map(({ properties }) => Object.keys(isFields(properties) ? properties : {})));
}

/**
 * Returns a union's member if it is an object schema, or a reference to one in the schema's own definitions. Undefined
 * for any other member.
 */
function objectMember(member: unknown, schema: Fields): Fields | undefined {
  if (!isFields(member)) return undefined;
  const reference = member["$ref"];
  if (reference !== undefined) {
    const [, holder = "", name = ""] = typeof reference === "string" ? definitionReference.exec(reference) ?? [] : [];
    const definitions = schema[holder];
    const definition = isFields(definitions) && Object.hasOwn(definitions, name) ? definitions[name] : undefined;
    return isFields(definition) && definition["$ref"] === undefined ? objectMember(definition, schema) : undefined;
  }
  return allowsObject(member["type"]) && isFields(member["properties"] ?? {}) ? member : undefined;
}

function allowsObject(type: unknown): boolean {
  return isAbsent(type) || type === "object" || (Array.isArray(type) && type.includes("object"));
}

/** Merges the members' properties. If members define a property differently, `combine` joins the definitions. */
function mergedProperties(objects: readonly Fields[], combine: "anyOf" | "allOf"): Fields {
  const seen = new Map<string, Map<string, unknown>>();
  for (const { properties } of new Set(objects)) {
    for (const [name, property] of Object.entries(isFields(properties) ? properties : {})) {
      const variants = seen.get(name) ?? new Map<string, unknown>();
      seen.set(name, variants.set(JSON.stringify(property), property));
    }
  }
  return Object.fromEntries([...seen].map(([name, variants]) => {
    const [first, ...others] = variants.values();
    return [name, others.length === 0 ? first : { [combine]: [first, ...others] }];
  }));
}

function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

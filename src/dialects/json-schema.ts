import { BridgeError } from "../errors.ts";
import { type Fields, kindOf } from "./check.ts";

const propertyName = /^[a-zA-Z0-9_.-]{1,64}$/u;
const unions = ["anyOf", "oneOf", "allOf"] as const;

/**
 * A client's JSON Schema as the Messages API takes one: an object at the top, and no union there. A union of objects becomes
 * one object that each of its members fits, with the members told in words. Throws a BridgeError that names what cannot be.
 */
export function objectSchema(value: unknown, path: string): Fields {
  if (value === undefined || value === null) return { type: "object", properties: {} };
  if (!isFields(value)) throw new BridgeError("invalid_type", `${path}: expected a JSON Schema object, got ${kindOf(value)}.`, { param: path });
  const union = unions.find((key) => value[key] !== undefined);
  const schema = union === undefined ? value : withoutUnion(value, union, path);
  const type = schema["type"] ?? "object";
  if (type !== "object" && !(Array.isArray(type) && type.includes("object"))) {
    throw new BridgeError("invalid_value", `${path}.type: expected "object" at the top of the schema.`, { param: `${path}.type` });
  }
  const properties = schema["properties"];
  if (properties !== undefined && !isFields(properties)) {
    throw new BridgeError("invalid_type", `${path}.properties: expected an object, got ${kindOf(properties)}.`, { param: `${path}.properties` });
  }
  if (Object.keys(properties ?? {}).some((name) => !propertyName.test(name))) {
    throw new BridgeError("invalid_value", `${path}.properties: Claude takes property names of 1 to 64 letters, digits, "_", "." and "-".`, { param: `${path}.properties` });
  }
  return { ...schema, type: "object" };
}

function withoutUnion(schema: Fields, key: (typeof unions)[number], path: string): Fields {
  const members = schema[key];
  const isObjects = Array.isArray(members) && members.length > 0 && members.every((member) => isFields(member) && isFields(member["properties"] ?? {}));
  if (!isObjects || unions.some((other) => other !== key && schema[other] !== undefined)) {
    throw new BridgeError("invalid_value", `${path}.${key}: at the top of a schema Claude takes only an object, and this cannot be made one.`, { param: `${path}.${key}` });
  }
  const objects = members as readonly Fields[];
  const { [key]: _members, ...rest } = schema;
  const required = objects.map((member) => new Set(stringsOf(member["required"])));
  const everywhere = [...(required[0] ?? [])].filter((name) => required.every((names) => names.has(name)));
  const anywhere = [...new Set(required.flatMap((names) => [...names]))];
  const words = key === "allOf" ? "" : `${key === "oneOf" ? "Exactly" : "At least"} one of these shapes must fit: ${JSON.stringify(objects)}`;
  return {
    ...rest,
    type: "object",
    properties: mergedProperties([schema, ...objects]),
    required: [...new Set([...stringsOf(schema["required"]), ...(key === "allOf" ? anywhere : everywhere)])],
    ...(words === "" ? {} : { description: [schema["description"], words].filter((part) => typeof part === "string").join("\n\n") }),
  };
}

/** The members' properties together; one that they see differently may be any of what they say. */
function mergedProperties(objects: readonly Fields[]): Fields {
  const seen = new Map<string, unknown[]>();
  for (const { properties } of objects) {
    for (const [name, property] of Object.entries(isFields(properties) ? properties : {})) {
      const others = seen.get(name) ?? [];
      if (!others.some((other) => JSON.stringify(other) === JSON.stringify(property))) seen.set(name, [...others, property]);
    }
  }
  return Object.fromEntries([...seen].map(([name, variants]) => [name, variants.length === 1 ? variants[0] : { anyOf: variants }]));
}

function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

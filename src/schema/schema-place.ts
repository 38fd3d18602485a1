import { childrenOf, isSchema, type Schema } from "./keywords.ts";
import { valueAt } from "./pointer.ts";

/** The properties of one schema that have other names for the model than for the client. */
export interface RenamedNames {
  /** The schema that the model is given. */
  readonly root: Schema;
  /** The model's names by the client's. A name that is the same for both is not among them. */
  readonly toModel: ReadonlyMap<string, string>;
  readonly toClient: ReadonlyMap<string, string>;
}

/** Keywords whose subschemas apply to the same value as the schema around them. */
const sameValue: ReadonlySet<string> = new Set([
  "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas",
]);

/**
 * A place in a JSON value: which schemas may apply there, and so which properties have other names there. Which member
 * of a union a value fits is not looked at: a name that any member has counts.
 */
export class SchemaPlace {
  readonly #names: RenamedNames;
  readonly #schemas: readonly Schema[];
  /**
   * The places of properties' values, by the model's name. Only for properties that a schema names: a value may have
   * any number of others.
   */
  readonly #members = new Map<string, SchemaPlace>();
  #others: SchemaPlace | undefined;
  #elements: SchemaPlace | undefined;

  constructor(names: RenamedNames, schemas: readonly Schema[]) {
    this.#names = names;
    this.#schemas = sameValues(names.root, schemas);
  }

  /** The model's name for a property that the client has a value of here. */
  modelName(clientName: string): string {
    const name = this.#names.toModel.get(clientName);
    return name !== undefined && this.#schemas.some((schema) => speaksOf(schema, name)) ? name : clientName;
  }

  /** The client's name for a property that the model has given a value of here. */
  clientName(modelName: string): string {
    const name = this.#names.toClient.get(modelName);
    return name !== undefined && this.#schemas.some((schema) => speaksOf(schema, modelName)) ? name : modelName;
  }

  /** The place of a property's value, by the model's name. */
  member(modelName: string): SchemaPlace {
    const known = this.#members.get(modelName);
    if (known !== undefined) return known;
    const own = this.#schemas.filter(({ properties }) => isSchema(properties) && Object.hasOwn(properties, modelName));
    if (own.length === 0) return (this.#others ??= this.#within(["patternProperties", ...otherProperties]));
    const found = new SchemaPlace(this.#names, this.#schemas.flatMap((schema) => {
      const { properties } = schema;
      const named = isSchema(properties) && Object.hasOwn(properties, modelName) ? [properties[modelName]] : [];
      const others = named.length > 0 ? ["patternProperties"] : ["patternProperties", ...otherProperties];
      return [...named.filter(isSchema), ...held(schema, others)];
    }));
    this.#members.set(modelName, found);
    return found;
  }

  /** The place of an array's elements. */
  element(): SchemaPlace {
    return (this.#elements ??= this.#within(["prefixItems", "items", "contains", "unevaluatedItems"]));
  }

  #within(keywords: readonly string[]): SchemaPlace {
    return new SchemaPlace(this.#names, this.#schemas.flatMap((schema) => held(schema, keywords)));
  }
}

const otherProperties = ["additionalProperties", "unevaluatedProperties"] as const;

function held(schema: Schema, keywords: readonly string[]): Schema[] {
  return childrenOf(schema).flatMap(([[keyword = ""], child]) => (keywords.includes(keyword) ? [child] : []));
}

/** The schemas, and all those that apply to the same value through them. */
function sameValues(root: Schema, schemas: readonly Schema[]): readonly Schema[] {
  const found = new Set<Schema>();
  const waiting = [...schemas];
  for (let schema = waiting.pop(); schema !== undefined; schema = waiting.pop()) {
    if (found.has(schema)) continue;
    found.add(schema);
    waiting.push(...held(schema, [...sameValue]));
    const { $ref: reference } = schema;
    if (typeof reference !== "string" || !reference.startsWith("#")) continue;
    const target = valueAt(root, reference.slice(1));
    if (isSchema(target)) waiting.push(target);
  }
  return [...found];
}

function speaksOf(schema: Schema, name: string): boolean {
  const { properties, required, dependentRequired, dependentSchemas } = schema;
  const lists = [required, ...Object.values(isSchema(dependentRequired) ? dependentRequired : {})];
  return [properties, dependentRequired, dependentSchemas].some((held) => isSchema(held) && Object.hasOwn(held, name))
    || lists.some((names) => Array.isArray(names) && names.includes(name));
}

/** From whose names to whose properties are renamed. */
export type Direction = "toModel" | "toClient";

/** A property's new name, and the place of its value. */
export function renamedMember(place: SchemaPlace, name: string, direction: Direction): readonly [string, SchemaPlace] {
  if (direction === "toClient") return [place.clientName(name), place.member(name)];
  const modelName = place.modelName(name);
  return [modelName, place.member(modelName)];
}

/** A JSON value with its properties renamed. */
export function renamedValue(value: unknown, place: SchemaPlace, direction: Direction): unknown {
  if (Array.isArray(value)) return value.map((entry) => renamedValue(entry, place.element(), direction));
  if (!isSchema(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => {
    const [own, within] = renamedMember(place, name, direction);
    return [own, renamedValue(entry, within, direction)];
  }));
}

import { childrenOf, holdingOf, isSchema, type Schema, withChildren } from "./keywords.ts";
import { NameRules } from "./name-rules.ts";
import { type RenamedNames, renamedValue, SchemaPlace } from "./schema-place.ts";
import { pointerOf, stepsOf } from "./pointer.ts";
import type { Subject } from "./subject.ts";

/** What the Messages API accepts as a property's name. */
const nameThatFits = /^[a-zA-Z0-9_.-]{1,64}$/u;
/** How many characters are kept of a name that the API does not accept, so that a number has room behind it. */
const keptCharsMax = 56;

/** A schema whose properties have names that the Messages API accepts. */
export interface FittingSchema {
  readonly schema: Schema;
  /** The place of a value that the schema describes; undefined where no property was renamed. */
  readonly keys: SchemaPlace | undefined;
}

export function isFittingName(name: string): boolean {
  return nameThatFits.test(name);
}

/**
 * Renames the properties whose names the Messages API does not accept, wherever the schema names them. Such a property
 * gets the client's name as its title, unless it has one. Throws a BridgeError where a rule for names, such as a
 * pattern, would apply to one of the two names and not to the other.
 */
export function fittingProperties(schema: Schema, subject: Subject): FittingSchema {
  const { unfitting, taken } = namesIn(schema);
  if (unfitting.size === 0) return { schema, keys: undefined };
  const rules = new NameRules(schema, subject);
  const toModel = new Map<string, string>();
  for (const name of unfitting) {
    const fitting = rules.fitting(name, candidates(name, taken));
    taken.add(fitting);
    toModel.set(name, fitting);
  }
  const toClient = new Map([...toModel].map(([client, model]) => [model, client]));
  const renamed = rules.applied(renamedIn(schema, toModel), toModel);
  const names: RenamedNames = { root: renamed, toModel, toClient };
  const whole = valuesRenamed(renamed, names);
  return { schema: whole, keys: new SchemaPlace({ ...names, root: whole }, [whole]) };
}

interface Names { readonly unfitting: ReadonlySet<string>; readonly taken: Set<string> }

function namesIn(schema: Schema): Names {
  const unfitting = new Set<string>();
  const taken = new Set<string>();
  const waiting = [schema];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { properties, required, dependentRequired } = next;
    for (const name of Object.keys(isSchema(properties) ? properties : {})) {
      (isFittingName(name) ? taken : unfitting).add(name);
    }
    for (const names of [required, ...Object.values(isSchema(dependentRequired) ? dependentRequired : {})]) {
      if (Array.isArray(names)) for (const name of names) taken.add(String(name));
    }
    for (const [, child] of childrenOf(next)) waiting.push(child);
  }
  return { unfitting, taken };
}

/**
 * Names that the API accepts and that are not taken: first the client's without the characters at fault, then with
 * numbers.
 */
function* candidates(name: string, taken: ReadonlySet<string>): Generator<string> {
  const letters = name.normalize("NFKD").replaceAll(/\p{M}/gu, "").replaceAll("ß", "ss");
  const plain = letters.replaceAll(/[^a-zA-Z0-9_.-]+/gu, "_").replaceAll(/^_+|_+$/gu, "");
  const base = plain.slice(0, keptCharsMax) || "property";
  if (!taken.has(base)) yield base;
  for (let number = 2; ; number++) if (!taken.has(`${base}_${number}`)) yield `${base}_${number}`;
}

function renamedIn(schema: Schema, toModel: ReadonlyMap<string, string>): Schema {
  const rename = (name: unknown): unknown => toModel.get(name as string) ?? name;
  const keyed = (value: unknown, change: (entry: unknown, name: string) => unknown): unknown => (
    isSchema(value)
      ? Object.fromEntries(Object.entries(value).map(([name, entry]) => [rename(name), change(entry, name)]))
      : value);
  const list = (names: unknown): unknown => (Array.isArray(names) ? names.map(rename) : names);
  const titled = (entry: unknown, name: string): unknown => (
    toModel.has(name) && isSchema(entry) && entry["title"] === undefined ? { title: name, ...entry } : entry);
  const whole = withChildren(schema, (child) => (isSchema(child) ? renamedIn(child, toModel) : child));
  return Object.fromEntries(Object.entries(whole).map(([keyword, value]) => {
    switch (keyword) {
      case "properties": return [keyword, keyed(value, titled)];
      case "dependentSchemas": return [keyword, keyed(value, (entry) => entry)];
      case "dependentRequired": return [keyword, keyed(value, list)];
      case "required": return [keyword, list(value)];
      case "$ref": return [keyword, typeof value === "string" ? renamedPointer(value, toModel) : value];
      case "discriminator":
        return [keyword, isSchema(value) ? { ...value, propertyName: rename(value["propertyName"]) } : value];
      default: return [keyword, value];
    }
  }));
}

/** A reference whose pointer follows the renaming, where it leads through properties. */
function renamedPointer(reference: string, toModel: ReadonlyMap<string, string>): string {
  if (!reference.startsWith("#/")) return reference;
  let keyword: string | undefined;
  const steps = stepsOf(reference.slice(1)).map((step) => {
    if (keyword === undefined) {
      const holding = holdingOf(step);
      keyword = holding === "map" || holding === "list" ? step : undefined;
      return step;
    }
    const isName = keyword === "properties" || keyword === "dependentSchemas";
    keyword = undefined;
    return isName ? toModel.get(step) ?? step : step;
  });
  return `#${pointerOf(steps)}`;
}

/**
 * `single`: keywords whose value is a value that the schema describes. `lists`: those that have a list of such values.
 */
const single = ["const", "default", "example"] as const;
const lists = ["enum", "examples"] as const;

function valuesRenamed(schema: Schema, names: RenamedNames): Schema {
  const whole = withChildren(schema, (child) => (isSchema(child) ? valuesRenamed(child, names) : child));
  if (![...single, ...lists].some((keyword) => typeof whole[keyword] === "object")) return whole;
  const place = new SchemaPlace(names, [schema]);
  const value = (entry: unknown): unknown => renamedValue(entry, place, "toModel");
  const all = lists.filter((keyword) => Array.isArray(whole[keyword]))
    .map((keyword) => [keyword, (whole[keyword] as unknown[]).map(value)]);
  const one = single.filter((keyword) => whole[keyword] !== undefined)
    .map((keyword) => [keyword, value(whole[keyword])]);
  return { ...whole, ...Object.fromEntries([...all, ...one]) };
}

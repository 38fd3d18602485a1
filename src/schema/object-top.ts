import { unionText } from "../own-words.ts";
import { isAssertion, isSchema, type Schema, withChildren } from "./keywords.ts";
import { valueAt } from "./pointer.ts";
import { faultAt, type Subject } from "./subject.ts";

/** The most members that a union at the top of a schema may have. */
const unionMembersMax = 100;
const unions = ["anyOf", "oneOf", "allOf"] as const;
/** The name of the definition to which a union at the top is moved. */
const movedName = unionText;
/** What the schema `true` says. */
const anything: Schema = {};

/**
 * Rewrites a JSON Schema 2020-12 for the Messages API, which wants an object at the top of a tool's schema, and no
 * union there. A reference there is replaced by what it leads to. A union moves into a definition that the top refers
 * to, and the top shows the properties of its members. An object fits the result exactly if it fits `schema`. Throws a
 * BridgeError for a schema that no object fits.
 */
export function objectAtTop(schema: Schema, subject: Subject): Schema {
  const top = withoutReference(schema);
  const held = unions.filter((keyword) => top[keyword] !== undefined);
  const made = held.length === 0 ? top : withoutUnions(top, held, subject);
  if (!allowsObject(made["type"])) {
    throw faultAt(subject, "/type", 'expected "object" at the top of the schema.');
  }
  return { ...made, type: "object" };
}

/** Replaces a reference at the top by its target, if nothing that stands beside it constrains a value. */
function withoutReference(schema: Schema): Schema {
  const seen = new Set<unknown>();
  let top = schema;
  for (;;) {
    const { $ref: reference, ...rest } = top;
    const isAlone = Object.entries(rest).every(
      ([keyword, value]) => !isAssertion(keyword) || (keyword === "type" && value === "object")
    );
    const target = typeof reference === "string" && reference.startsWith("#/")
      ? valueAt(schema, reference.slice(1))
      : undefined;
    if (!isAlone || !isSchema(target) || seen.has(target) || target["$defs"] !== undefined) return top;
    seen.add(target);
    top = withoutUnused({ ...target, ...rest, ...(target["type"] === undefined ? {} : { type: target["type"] }) });
  }
}

/** Leaves out `$defs` if the schema has no reference. */
function withoutUnused(schema: Schema): Schema {
  const { $defs: _definitions, ...rest } = schema;
  return JSON.stringify(schema).includes('"$ref":') ? schema : rest;
}

/** Moves the unions at the top into a definition, with all that constrains a value beside them. */
function withoutUnions(top: Schema, held: readonly (typeof unions)[number][], subject: Subject): Schema {
  const groups = held.map((keyword) => ({ keyword, objects: objectMembers(top, keyword, subject) }));
  const { $defs: definitions, ...rest } = top;
  const moved = Object.entries(rest).filter(([keyword]) => isAssertion(keyword) || keyword === "$ref");
  const free = Object.entries(rest).filter(([keyword]) => !isAssertion(keyword) && keyword !== "$ref");
  const names = [...new Set([top, ...groups.flatMap(({ objects }) => objects)].flatMap(
    (schema) => Object.keys(propertiesOf(schema))
  ))];
  const required = new Set([
    ...requiredOf(top),
    ...groups.flatMap(({ keyword, objects }) => (keyword === "allOf" ? objects.flatMap(requiredOf) : inAll(objects))),
  ]);
  const shown = Object.fromEntries(names.map((name) => [name, property(name, top, groups)]));
  const base = {
    ...Object.fromEntries(free), type: top["type"] ?? "object", properties: shown, required: [...required]
  };
  const isWhole = held.every((keyword) => keyword === "allOf") && groups.every(({ objects }) => objects.every(isMerged))
    && isPlain(top) && !JSON.stringify(top).includes('"$ref":"#/allOf/');
  const known: Schema = isSchema(definitions) ? definitions : {};
  if (isWhole) return { ...base, ...(definitions === undefined ? {} : { $defs: known }) };
  let name = movedName;
  while (Object.hasOwn(known, name)) name += "_";
  // References into what was moved with the union need its new pointer.
  const link = (schema: unknown): unknown => (isSchema(schema) ? relinked(schema, name) : schema);
  const all = withChildren({ ...base, $defs: { ...known, [name]: Object.fromEntries(moved) } }, link);
  return { ...all, $ref: `#/$defs/${name}` };
}

function relinked(schema: Schema, name: string): Schema {
  const whole = withChildren(schema, (child) => (isSchema(child) ? relinked(child, name) : child));
  const { $ref: reference } = whole;
  const isMoved = typeof reference === "string" && /^#\/(?!\$defs\/)/u.test(reference);
  return isMoved ? { ...whole, $ref: `#/$defs/${name}${reference.slice(1)}` } : whole;
}

/** The members of a union that an object can fit. */
function objectMembers(top: Schema, keyword: (typeof unions)[number], subject: Subject): readonly Schema[] {
  const members = Array.isArray(top[keyword]) ? top[keyword] : [];
  if (members.length > unionMembersMax) {
    const words = `expected at most ${unionMembersMax} shapes, got ${members.length}.`;
    throw faultAt(subject, `/${keyword}`, words);
  }
  const all = [...new Set(members.map((member: unknown) => resolved(member, top)))];
  const fitting = all.map((member) => (member === true ? anything : member)).filter(isSchema)
    .filter(({ type }) => allowsObject(type));
  if (fitting.length > 0 && (keyword !== "allOf" || fitting.length === all.length)) return fitting;
  const words = "at the top of a schema Claude takes only an object, and this cannot be made one.";
  throw faultAt(subject, `/${keyword}`, words);
}

/** A union's member, or the schema that it refers to. */
function resolved(member: unknown, top: Schema): unknown {
  const seen = new Set<unknown>();
  let schema = member;
  while (isSchema(schema) && typeof schema["$ref"] === "string" && !seen.has(schema)) {
    seen.add(schema);
    const target = schema["$ref"].startsWith("#/") ? valueAt(top, schema["$ref"].slice(1)) : undefined;
    // Beside the reference other keywords constrain the value too: the two cannot be read as one schema.
    if (!isSchema(target) || Object.keys(schema).some(isAssertion)) return schema;
    schema = target;
  }
  return schema;
}

function allowsObject(type: unknown): boolean {
  return type === undefined || type === "object" || (Array.isArray(type) && type.includes("object"));
}

/** Keywords of a member that lose nothing when it is merged with the others of an `allOf`. */
const mergedKeywords: ReadonlySet<string> = new Set(["type", "properties", "required"]);

function isMerged(member: Schema): boolean {
  return Object.keys(member).every((keyword) => mergedKeywords.has(keyword));
}

/** Whether a schema constrains a value by its members and by what they may have, and by nothing else. */
function isPlain(schema: Schema): boolean {
  return Object.keys(schema).every((keyword) => (
    mergedKeywords.has(keyword) || keyword === "allOf" || (!isAssertion(keyword) && keyword !== "$ref")));
}

type Groups = readonly { readonly keyword: string; readonly objects: readonly Schema[] }[];

/**
 * The schema that the top shows for a property. What the members of an `allOf` say of it holds together. Of another
 * union only one member need fit, so what they say is shown only if each member speaks of the property; else only its
 * description is.
 */
function property(name: string, top: Schema, groups: Groups): unknown {
  const parts = [
    ...variantsOf(name, [top]),
    ...groups.flatMap(({ keyword, objects }) => {
      const variants = variantsOf(name, objects);
      if (keyword === "allOf" || variants.length === 0) return variants;
      const isSure = objects.every((object) => (
        Object.hasOwn(propertiesOf(object), name) || object["additionalProperties"] === false));
      if (!isSure) return [annotationsOf(variants)];
      return variants.length === 1 ? variants : [{ anyOf: variants }];
    }),
  ];
  const distinct = [...new Map(parts.map((part) => [JSON.stringify(part), part])).values()];
  return distinct.length === 1 ? distinct[0] : { allOf: distinct };
}

/** The schemas that the given ones have for a property, without repetitions. */
function variantsOf(name: string, schemas: readonly Schema[]): unknown[] {
  const found = schemas.flatMap((schema) => {
    const properties = propertiesOf(schema);
    return Object.hasOwn(properties, name) ? [properties[name]] : [];
  });
  return [...new Map(found.map((variant) => [JSON.stringify(variant), variant])).values()];
}

function annotationsOf(variants: readonly unknown[]): Schema {
  const { title, description } = variants.find(isSchema) ?? {};
  return { ...(title === undefined ? {} : { title }), ...(description === undefined ? {} : { description }) };
}

function propertiesOf({ properties }: Schema): Schema {
  return isSchema(properties) ? properties : {};
}

function requiredOf({ required }: Schema): readonly string[] {
  return Array.isArray(required) ? required.filter((name) => typeof name === "string") : [];
}

/** The properties that every one of the schemas requires. */
function inAll(schemas: readonly Schema[]): readonly string[] {
  const [first, ...others] = schemas.map(requiredOf);
  return first?.filter((name) => others.every((names) => names.includes(name))) ?? [];
}

import { exclusiveBound, flagIn, isPattern, listIn, namesIn, type Refuse, valueRepairs } from "./keyword-values.ts";
import { holdingOf, isAssertion, isSchema, type Schema } from "./keywords.ts";
import { linked, named, OpenReference, placesIn } from "./links.ts";
import { nullable } from "./nullable.ts";
import { patternIn, requiredFlag, requiredOf } from "./old-forms.ts";
import { stepOf, stepsOf, valueAt } from "./pointer.ts";
import { References } from "./references.ts";
import { faultAt, type Subject } from "./subject.ts";
import { isType, isTypeWord, readType } from "./type-words.ts";

/** Keywords that are not copied: names of drafts and schemas (references become pointers), and what is rewritten. */
const leftOut: ReadonlySet<string> = new Set([
  "$schema", "$id", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$vocabulary", "additionalItems", "nullable",
  "x-nullable", "exclusiveMinimum", "exclusiveMaximum",
]);

/**
 * Rewrites a client's JSON Schema, of any draft from 03 on, of OpenAPI 3.0, or slightly wrong in the ways that
 * generators are, as one of JSON Schema 2020-12 that means the same. Throws a BridgeError that names the place which
 * cannot be rewritten.
 */
export function repairedSchema(value: Schema, subject: Subject): Schema {
  return new SchemaRepair(value, subject).run();
}

class SchemaRepair {
  readonly #root: Schema;
  readonly #subject: Subject;
  readonly #draft: string;
  readonly #references: References;
  /** The repaired schemas by their pointers in the client's. */
  readonly #placed = new Map<string, Schema>();
  readonly #wanted = new Set<string>();

  constructor(root: Schema, subject: Subject) {
    this.#root = root;
    this.#subject = subject;
    this.#draft = /draft-0\d/u.exec(String(root["$schema"] ?? ""))?.[0] ?? "";
    this.#references = new References(root);
  }

  run(): Schema {
    const top = this.#node(this.#root, "");
    if (this.#wanted.size === 0) return top;
    const held: [string, Schema][] = [];
    // Such as OpenAPI's `#/components/schemas/Pet`: no keyword of JSON Schema holds it. It may refer to others.
    for (const target of this.#wanted) {
      if (!this.#placed.has(target)) held.push([stepsOf(target).at(-1) ?? "", this.#unheld(target)]);
    }
    const whole = held.length === 0
      ? top
      : { ...top, $defs: named([...Object.entries((top["$defs"] ?? {}) as Schema), ...held]) };
    this.#placed.set("", whole);
    const places = placesIn(whole);
    return linked(whole, (target) => `#${places.get(this.#placed.get(target) ?? whole) ?? ""}`);
  }

  #unheld(target: string): Schema {
    const value = valueAt(this.#root, target);
    return this.#node(isSchema(value) ? value : value === false ? { not: {} } : {}, target);
  }

  #refuse(at: string): Refuse {
    return (expected) => {
      throw faultAt(this.#subject, at, `expected ${expected}.`);
    };
  }

  #node(source: Schema, at: string): Schema {
    const kept = new Map<string, unknown>();
    const words: string[] = [];
    const set = (keyword: string, value: unknown): void => {
      if (value !== undefined) kept.set(keyword, value);
    };
    // Up to draft-07 the keywords beside a reference that would constrain a value are ignored.
    const standsAlone = /-0[3-7]/u.test(this.#draft) && typeof source["$ref"] === "string";
    for (const [keyword, value] of Object.entries(source)) {
      const place = `${at}${stepOf(keyword)}`;
      const refuse = this.#refuse(place);
      if (leftOut.has(keyword) || (keyword === "id" && typeof value === "string")) continue;
      if (standsAlone && isAssertion(keyword)) continue;
      const repair = valueRepairs.get(keyword);
      if (repair !== undefined) set(keyword, repair(value, refuse));
      else {
        switch (keyword) {
          case "type": this.#type(value, source, place, set); break;
          case "required": if (requiredFlag(value) === undefined) set(keyword, namesIn(value, refuse)); break;
          case "items": this.#items(value, source, at, set); break;
          case "$defs": case "definitions": {
            const earlier = Object.entries((kept.get("$defs") ?? {}) as Schema);
            const found = this.#map(value, place);
            if (found !== undefined) set("$defs", named([...earlier, ...Object.entries(found)]));
            break;
          }
          case "patternProperties": set(keyword, this.#patterns(value, place)); break;
          case "pattern": set(keyword, patternIn(value, words, refuse)); break;
          case "dependentRequired": case "dependentSchemas": case "dependencies":
            this.#dependencies(value, place, kept);
            break;
          case "$ref": case "$dynamicRef": case "$recursiveRef":
            set("$ref", this.#reference(value, at, keyword));
            break;
          default: set(keyword, this.#held(keyword, value, place));
        }
      }
    }
    if (source["exclusiveMinimum"] !== undefined) this.#exclusive("Minimum", source, at, kept);
    if (source["exclusiveMaximum"] !== undefined) this.#exclusive("Maximum", source, at, kept);
    if (this.#draft === "draft-03") this.#draft03(source, at, kept);
    // No value fits an empty `enum`.
    if (Array.isArray(kept.get("enum")) && (kept.get("enum") as unknown[]).length === 0) {
      kept.delete("enum");
      kept.set("not", {});
    }
    if (words.length > 0) set("description", [kept.get("description"), ...words].filter(Boolean).join("\n\n"));
    const own = standsAlone ? [] : requiredOf(source);
    if (own.length > 0) set("required", [...new Set([...((kept.get("required") ?? []) as string[]), ...own])]);
    const schema = Object.fromEntries(kept);
    // The value as a whole is an object: at the top `nullable` is ignored.
    const isNullable = at !== "" && [source["nullable"], source["x-nullable"]].some((value) => flagIn(value) === true);
    const placed = isNullable ? nullable(schema) : schema;
    this.#placed.set(at, placed);
    return placed;
  }

  #held(keyword: string, value: unknown, at: string): unknown {
    switch (holdingOf(keyword)) {
      case "one": return this.#one(value, at);
      case "list": return this.#list(value, at);
      case "map": return this.#map(value, at);
      default: return value;
    }
  }

  /** Repairs the value of a keyword that holds one schema. PHP writes an empty object as a list. */
  #one(value: unknown, at: string): Schema | boolean | undefined {
    if (value === null) return undefined;
    if (isSchema(value)) return this.#node(value, at);
    if (Array.isArray(value) && value.length === 0) return this.#node({}, at);
    if (typeof value === "string" && isTypeWord(value)) return this.#node({ type: value }, at);
    const flag = typeof value === "number" ? undefined : flagIn(value);
    return flag ?? this.#refuse(at)("a JSON Schema");
  }

  #list(value: unknown, at: string): unknown {
    if (value === null || (Array.isArray(value) && value.length === 0)) return undefined;
    const schemas = (listIn(value) ?? [value]).flatMap((entry, index) => {
      const schema = this.#one(entry, Array.isArray(value) ? `${at}/${index}` : at);
      return schema === undefined ? [] : [schema];
    });
    return schemas.length === 0 ? undefined : schemas;
  }

  /** Repairs a map of schemas. A boolean becomes an object: CLI 2.1.197 drops all tools for a property `true`. */
  #map(value: unknown, at: string): Schema | undefined {
    if (value === null) return undefined;
    if (Array.isArray(value) && value.length === 0) return {};
    if (!isSchema(value)) throw faultAt(this.#subject, at, "expected an object of JSON Schemas.", "invalid_type");
    return Object.fromEntries(Object.entries(value).map(([name, entry]) => {
      const place = `${at}${stepOf(name)}`;
      const schema = this.#one(entry, place) ?? true;
      return [name, typeof schema === "boolean" ? this.#node(schema ? {} : { not: {} }, place) : schema];
    }));
  }

  #patterns(value: unknown, at: string): Schema | undefined {
    for (const name of Object.keys(isSchema(value) ? value : {})) {
      if (!isPattern(name)) this.#refuse(`${at}${stepOf(name)}`)("a regular expression");
    }
    return this.#map(value, at);
  }

  #items(value: unknown, source: Schema, at: string, set: (keyword: string, value: unknown) => void): void {
    if (!Array.isArray(value)) return set("items", this.#one(value, `${at}/items`));
    if (value.length > 0) {
      if (source["prefixItems"] !== undefined) this.#refuse(`${at}/items`)("a schema beside prefixItems");
      set("prefixItems", this.#list(value, `${at}/items`));
    }
    if (source["additionalItems"] !== undefined) {
      set("items", this.#one(source["additionalItems"], `${at}/additionalItems`));
    }
  }

  #type(value: unknown, source: Schema, at: string, set: (keyword: string, value: unknown) => void): void {
    if (isType(value)) return set("type", value);
    const read = readType(value) ?? this.#refuse(at)("a type of JSON Schema");
    const { types, format, schemas } = read;
    if (schemas.length > 0) {
      if (source["anyOf"] !== undefined) this.#refuse(at)("names of types");
      const single = types.map((type) => ({ type }));
      set("anyOf", [...single, ...schemas.map((schema, index) => this.#node(schema, `${at}/${index}`))]);
    } else if (types.length > 0) set("type", types.length === 1 ? types[0] : types);
    if (format !== undefined && typeof source["format"] !== "string") set("format", format);
  }

  #exclusive(side: "Minimum" | "Maximum", source: Schema, at: string, kept: Map<string, unknown>): void {
    const keyword = `exclusive${side}` as const;
    const bound = side.toLowerCase();
    const value = source[keyword];
    if (typeof source["$ref"] === "string" && /-0[3-7]/u.test(this.#draft)) return;
    const flag = typeof value === "number" ? undefined : flagIn(value);
    if (flag === undefined) {
      const number = exclusiveBound(keyword)(value, this.#refuse(`${at}/${keyword}`));
      if (number !== undefined) kept.set(keyword, number);
    } else if (flag && kept.has(bound)) {
      kept.set(keyword, kept.get(bound));
      kept.delete(bound);
    }
  }

  #dependencies(value: unknown, at: string, kept: Map<string, unknown>): void {
    if (value === null || (Array.isArray(value) && value.length === 0)) return;
    if (!isSchema(value)) throw faultAt(this.#subject, at, "expected an object.", "invalid_type");
    const known = (kept.get("dependentRequired") ?? {}) as Readonly<Record<string, readonly string[]>>;
    const names = new Map(Object.entries(known));
    const schemas = Object.entries((kept.get("dependentSchemas") ?? {}) as Schema);
    for (const [name, entry] of Object.entries(value)) {
      const place = `${at}${stepOf(name)}`;
      if (isSchema(entry) && listIn(entry) === undefined) schemas.push([name, this.#node(entry, place)]);
      else if (typeof entry === "boolean") schemas.push([name, entry ? {} : { not: {} }]);
      else names.set(name, [...names.get(name) ?? [], ...namesIn(entry, this.#refuse(place)) ?? []]);
    }
    if (names.size > 0) kept.set("dependentRequired", Object.fromEntries(names));
    if (schemas.length > 0) kept.set("dependentSchemas", Object.fromEntries(schemas));
  }

  #reference(value: unknown, at: string, keyword: string): unknown {
    if (value === null) return undefined;
    if (typeof value !== "string") return this.#refuse(`${at}/${keyword}`)("a reference");
    if (keyword !== "$ref" && this.#references.hasResources) {
      this.#refuse(`${at}/${keyword}`)("no dynamic reference among schemas that have ids");
    }
    const target = this.#references.target(value, at);
    // The reference leads nowhere. The API does not follow it, so the model can still read its name.
    if (target === undefined) return value;
    this.#wanted.add(target);
    return new OpenReference(target);
  }

  #draft03(source: Schema, at: string, kept: Map<string, unknown>): void {
    const { divisibleBy, disallow, extends: base } = source;
    for (const keyword of ["divisibleBy", "disallow", "extends"]) kept.delete(keyword);
    if (divisibleBy !== undefined) {
      kept.set("multipleOf", valueRepairs.get("multipleOf")?.(divisibleBy, this.#refuse(`${at}/divisibleBy`)));
    }
    if (disallow !== undefined) kept.set("not", this.#node({ type: disallow }, `${at}/disallow`));
    if (base !== undefined) kept.set("allOf", this.#list(base, `${at}/extends`));
  }
}

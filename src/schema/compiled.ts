import { constraintTexts, exclusiveText } from "../own-words.ts";
import { areApart } from "./apart.ts";
import { isAssertion, isSchema, type Schema } from "./keywords.ts";

/**
 * Keywords that the API does not hold an answer to: the model is told them in words. It is also told the values of
 * `format`, `pattern` and `minItems` that the API does not take.
 */
export const toldKeywords: readonly string[] = [
  "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "maxItems",
  "uniqueItems", "contains", "minContains", "maxContains", "prefixItems", "unevaluatedItems", "minProperties",
  "maxProperties", "propertyNames", "dependentRequired", "not", "contentEncoding", "contentMediaType",
];

const told: ReadonlySet<string> = new Set(toldKeywords);
/** Keywords that constrain nothing and that a model may read. */
const annotations: ReadonlySet<string> = new Set([
  "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly",
]);
/** The values of `format` that the API holds an answer to. */
export const formats: readonly string[] = [
  "date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid",
];
/**
 * Regular expression syntax that the API does not take: lookaround, inline flags, named groups, back-references,
 * `\p{…}`, `\b` and anchors such as `\A`.
 */
const unknownInPatterns = /\(\?(?!:)|\\[bBAZzGpPk1-9]/u;
/**
 * Keywords that may apply to properties which the schema does not list. A compiled object is closed, so a schema with
 * one is not compiled.
 */
const opening = ["patternProperties", "dependentSchemas", "if", "then", "else", "contentSchema"] as const;
/** How deep schemas may be nested. */
const depthMax = 100;
const definition = /^#\/\$defs\/([\w.-]+)$/u;

/**
 * Rewrites a JSON Schema 2020-12 in the form that the Messages API can compile for an answer (`output_config.format`),
 * which then fits by construction. What the API does not compile is told in descriptions, if the rest still means what
 * the client's schema does. An object or a tuple that does not say whether it is open is closed. Returns undefined for
 * a schema that the API cannot hold an answer to: a recursive one, an object of any properties, a value of any type.
 */
export function compiledSchema(root: Schema): Schema | undefined {
  return new Compiler(root).run();
}

class Compiler {
  readonly #root: Schema;
  /**
   * The compiled `$defs`, by name. A definition is undefined while it is being compiled: a reference to it then is
   * recursive.
   */
  readonly #definitions = new Map<string, Schema | undefined>();
  #depth = 0;

  constructor(root: Schema) {
    this.#root = root;
  }

  run(): Schema | undefined {
    const top = this.#node(this.#root);
    if (top === undefined || this.#definitions.size === 0) return top;
    return { ...top, $defs: Object.fromEntries(this.#definitions) };
  }

  #node(value: unknown): Schema | undefined {
    if (!isSchema(value) || this.#depth >= depthMax) return undefined;
    this.#depth++;
    const compiled = this.#compiled(withoutSingleAllOf(value));
    this.#depth--;
    return compiled;
  }

  #compiled(schema: Schema): Schema | undefined {
    const asserted = Object.keys(schema).filter((keyword) => isAssertion(keyword) || keyword === "$ref");
    if (asserted.includes("$ref")) return asserted.length === 1 ? this.#reference(schema) : undefined;
    if (asserted.includes("allOf")) return undefined;
    const types = typesOf(schema);
    if (types.includes("object")) return this.#object(schema, types);
    const { anyOf, oneOf, type } = schema;
    if (anyOf !== undefined || oneOf !== undefined) {
      const isAlone = asserted.length === 1 || (asserted.length === 2 && type !== undefined);
      return isAlone ? this.#union(schema) : undefined;
    }
    if (types.length === 0 || asserted.some((keyword) => opening.some((name) => name === keyword))) return undefined;
    return types.includes("array") ? this.#array(schema, types) : plain(schema, types);
  }

  #reference(schema: Schema): Schema | undefined {
    const [, name] = definition.exec(String(schema["$ref"])) ?? [];
    const { $defs: definitions } = this.#root;
    if (name === undefined || !isSchema(definitions)) return undefined;
    if (!this.#definitions.has(name)) {
      this.#definitions.set(name, undefined);
      this.#definitions.set(name, this.#node(definitions[name]));
    }
    return this.#definitions.get(name) && { ...partOf(schema, annotations), $ref: schema["$ref"] };
  }

  #union(schema: Schema): Schema | undefined {
    const { anyOf, oneOf, type } = schema;
    const members = anyOf ?? oneOf;
    const isTyped = (member: Schema): boolean => member["type"] !== undefined || member["$ref"] !== undefined;
    const typed = (member: unknown): unknown => (
      type !== undefined && isSchema(member) && !isTyped(member) ? { type, ...member } : member);
    const compiled = compiledAll(Array.isArray(members) ? members : [], (member) => this.#node(typed(member)));
    if (compiled === undefined) return undefined;
    const base = partOf(schema, annotations);
    const isWhole = anyOf !== undefined || areApart(compiled, this.#definitions);
    return { ...(isWhole ? base : withWords(base, exclusiveText)), anyOf: compiled };
  }

  /** Compiles a schema whose types include `object`, with its other types. */
  #object(schema: Schema, types: readonly string[]): Schema | undefined {
    const { properties, required, dependentRequired, additionalProperties, unevaluatedProperties } = schema;
    const entries = Object.entries(isSchema(properties) ? properties : {});
    const union = schema["anyOf"] ?? schema["oneOf"];
    if (union !== undefined && entries.length === 0) {
      const { type: _type, required: _required, ...rest } = schema;
      const isAlone = Object.keys(rest).filter(isAssertion).length === 1 && required === undefined;
      return isAlone ? this.#union({ ...rest, type: "object" }) : undefined;
    }
    const others = [additionalProperties, unevaluatedProperties].filter((value) => value !== undefined);
    const isOpen = others.some((value) => value !== false) || (entries.length === 0 && others.length === 0);
    if (isOpen) return undefined;
    if (opening.some((keyword) => schema[keyword] !== undefined)) return undefined;
    const names = new Set(entries.map(([name]) => name));
    const alternatives = alternativesIn(union);
    const dependent = isSchema(dependentRequired) ? Object.entries(dependentRequired).flat(2) : [];
    const spokenOf = [required ?? [], dependent, alternatives ?? []].flat();
    if (alternatives === undefined || !spokenOf.every((name) => names.has(name as string))) return undefined;
    const compiled = compiledAll(entries, ([, child]) => this.#node(child));
    const rest = types.includes("array") ? this.#array(schema, types) : plain(schema, types, unionsIn(schema));
    if (compiled === undefined || rest === undefined) return undefined;
    return {
      ...rest, properties: Object.fromEntries(entries.map(([name], index) => [name, compiled[index]])),
      ...(required === undefined ? {} : { required }), additionalProperties: false,
    };
  }

  #array(schema: Schema, types: readonly string[]): Schema | undefined {
    const { items, prefixItems, minItems } = schema;
    const base = plain(schema, types, {
      ...unionsIn(schema), ...(Array.isArray(prefixItems) && items !== undefined ? { items } : {}),
      ...(Number(minItems ?? 0) > 1 ? { minItems } : {}),
    });
    const fewest = minItems === 0 || minItems === 1 ? { minItems } : {};
    if (base === undefined) return undefined;
    if (!Array.isArray(prefixItems)) {
      const element = items === undefined ? {} : this.#node(items);
      return element && { ...base, ...(items === undefined ? {} : { items: element }), ...fewest };
    }
    const elements = compiledAll(items === undefined || items === false ? prefixItems : [...prefixItems, items],
      (element) => this.#node(element));
    if (elements === undefined) return undefined;
    const distinct = [...new Map(elements.map((element) => [JSON.stringify(element), element])).values()];
    return { ...base, items: distinct.length === 1 ? distinct[0] : { anyOf: distinct }, ...fewest };
  }
}

/**
 * Compiles the keywords that hold for every type. Those that the API does not enforce, and `more`, are put into the
 * description.
 */
function plain(schema: Schema, types: readonly string[], more: Schema = {}): Schema | undefined {
  const { const: only, enum: values, pattern, format } = schema;
  const listed = Array.isArray(values) ? values : Object.hasOwn(schema, "const") ? [only] : [];
  if (listed.some((value) => typeof value === "object" && value !== null)) return undefined;
  const isPatternTaken = typeof pattern === "string" && !unknownInPatterns.test(pattern);
  const isFormatTaken = formats.some((taken) => taken === format);
  const words = {
    ...partOf(schema, told), ...(pattern === undefined || isPatternTaken ? {} : { pattern }),
    ...(format === undefined || isFormatTaken ? {} : { format }),
    ...more,
  };
  const base = described(partOf(schema, annotations), words);
  return base && {
    ...base, type: types.length === 1 ? types[0] : types,
    ...(values === undefined ? {} : { enum: values }), ...(Object.hasOwn(schema, "const") ? { const: only } : {}),
    ...(isPatternTaken ? { pattern } : {}), ...(isFormatTaken ? { format } : {}),
  };
}

function described(schema: Schema, constraints: Schema): Schema | undefined {
  if (Object.keys(constraints).length === 0) return schema;
  const text = JSON.stringify(constraints);
  // A schema that no value fits, or a reference to a definition, cannot be told in words alone.
  if (text.includes('"$ref":') || text.includes('"not":{}')) return undefined;
  return withWords(schema, constraintTexts.join(text));
}

function withWords(schema: Schema, words: string): Schema {
  const { description } = schema;
  return { ...schema, description: typeof description === "string" ? `${description}\n\n${words}` : words };
}

function partOf(schema: Schema, keywords: ReadonlySet<string>): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => keywords.has(keyword)));
}

/** Replaces a schema that only has an `allOf` of one member by that member: some generators write a reference so. */
function withoutSingleAllOf(schema: Schema): Schema {
  const { allOf, ...rest } = schema;
  const isAlone = Array.isArray(allOf) && allOf.length === 1 && isSchema(allOf[0])
    && !Object.keys(rest).some((keyword) => isAssertion(keyword) || keyword === "$ref");
  return isAlone ? withoutSingleAllOf({ ...(allOf[0] as Schema), ...rest }) : schema;
}

/** The types of the values that fit; an empty list if they may be of any type. */
function typesOf(schema: Schema): readonly string[] {
  const { type, enum: values, const: only } = schema;
  if (type !== undefined) return [type].flat() as string[];
  if (Array.isArray(values)) return [...new Set(values.map(typeOf))];
  if (Object.hasOwn(schema, "const")) return [typeOf(only)];
  return schema["properties"] === undefined ? [] : ["object"];
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/** The unions beside an object's properties. */
function unionsIn({ anyOf, oneOf }: Schema): Schema {
  return { ...(anyOf === undefined ? {} : { anyOf }), ...(oneOf === undefined ? {} : { oneOf }) };
}

/** The names in a union that only says which properties are required together; undefined for any other union. */
function alternativesIn(union: unknown): readonly unknown[] | undefined {
  if (union === undefined) return [];
  if (!Array.isArray(union)) return undefined;
  const isOnlyRequired = union.every((member) => (
    isSchema(member) && Object.keys(member).every((keyword) => keyword === "required" || !isAssertion(keyword))));
  return isOnlyRequired ? union.flatMap((member: Schema) => member["required"] ?? []) : undefined;
}

/** Compiles each value; undefined if one cannot be compiled. */
function compiledAll<Value>(
  values: readonly Value[], compile: (value: Value) => Schema | undefined,
): readonly Schema[] | undefined {
  const compiled: Schema[] = [];
  for (const value of values) {
    const made = compile(value);
    if (made === undefined) return undefined;
    compiled.push(made);
  }
  return compiled;
}

/** A validator of JSON documents by JSON Schema, of the drafts from 03 to 2020-12 and of OpenAPI 3.0. Formats are not judged. */

export type Draft = "03" | "04" | "06" | "07" | "2019-09" | "2020-12" | "openapi-3.0";
type Fields = Readonly<Record<string, unknown>>;

/** What of a value a schema has judged: names of properties, and how many elements from the first. */
interface Judged { readonly valid: boolean; readonly names: ReadonlySet<string>; readonly elements: number }

const invalid: Judged = { valid: false, names: new Set(), elements: 0 };
const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
const same = (one: unknown, other: unknown): boolean => sorted(one) === sorted(other);

function sorted(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (isFields(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner));
}

/** Whether a document fits a schema. Throws for a reference that leads nowhere. */
export function fitsSchema(root: unknown, document: unknown, draft: Draft): boolean {
  return new Judge(root, draft).judge(root, document, "").valid;
}

class Judge {
  readonly #root: unknown;
  readonly #draft: Draft;
  readonly #year: number;

  constructor(root: unknown, draft: Draft) {
    this.#root = root;
    this.#draft = draft;
    this.#year = { "03": 3, "04": 4, "openapi-3.0": 5, "06": 6, "07": 7, "2019-09": 2019, "2020-12": 2020 }[draft];
  }

  judge(schema: unknown, value: unknown, way: string): Judged {
    if (typeof schema === "boolean") return { valid: schema, names: new Set(), elements: 0 };
    if (!isFields(schema)) throw new Error(`no schema at ${way}: ${JSON.stringify(schema)}`);
    const reference = schema["$ref"] ?? schema["$dynamicRef"] ?? schema["$recursiveRef"];
    if (this.#year < 2019 && typeof reference === "string") return this.judge(this.#target(reference), value, reference);
    if (schema["nullable"] === true && value === null) return { valid: true, names: new Set(), elements: 0 };
    const names = new Set<string>();
    let elements = 0;
    const add = (other: Judged): boolean => {
      if (!other.valid) return false;
      for (const name of other.names) names.add(name);
      elements = Math.max(elements, other.elements);
      return true;
    };
    const within = (inner: unknown, at: string): Judged => this.judge(inner, value, `${way}/${at}`);
    if (typeof reference === "string" && !add(this.judge(this.#target(reference), value, reference))) return invalid;
    if (!this.#typeFits(schema, value, way) || !numberFits(schema, value, this.#year) || !stringFits(schema, value)) return invalid;
    if (Array.isArray(schema["enum"]) && !schema["enum"].some((entry) => same(entry, value))) return invalid;
    if ("const" in schema && this.#year > 5 && !same(schema["const"], value)) return invalid;
    for (const [index, part] of listOf(schema["allOf"]).entries()) if (!add(within(part, `allOf/${index}`))) return invalid;
    if (this.#year === 3) for (const part of [schema["extends"] ?? []].flat()) if (!add(within(part, "extends"))) return invalid;
    if (this.#year === 3 && schema["disallow"] !== undefined && within({ type: schema["disallow"] }, "disallow").valid) return invalid;
    if (Array.isArray(schema["anyOf"]) && schema["anyOf"].map((part) => add(within(part, "anyOf"))).every((fits) => !fits)) return invalid;
    if (Array.isArray(schema["oneOf"]) && schema["oneOf"].map((part) => add(within(part, "oneOf"))).filter(Boolean).length !== 1) return invalid;
    if (schema["not"] !== undefined && within(schema["not"], "not").valid) return invalid;
    if (schema["if"] !== undefined && this.#year >= 7) {
      const branch = add(within(schema["if"], "if")) ? "then" : "else";
      if (schema[branch] !== undefined && !add(within(schema[branch], branch))) return invalid;
    }
    if (Array.isArray(value)) {
      const count = this.#elements(schema, value, elements, way);
      if (count === undefined) return invalid;
      elements = count;
    }
    if (isFields(value) && !this.#properties(schema, value, names, way)) return invalid;
    return { valid: true, names, elements };
  }

  #typeFits(schema: Fields, value: unknown, way: string): boolean {
    if (schema["type"] === undefined) return true;
    return [schema["type"]].flat().some((type: unknown) => {
      if (isFields(type)) return this.judge(type, value, `${way}/type`).valid;
      switch (type) {
        case "null": return value === null;
        case "array": return Array.isArray(value);
        case "object": return isFields(value);
        case "integer": return Number.isInteger(value);
        case "string": case "number": case "boolean": return typeof value === type;
        default:
          if (type === "any" && this.#year === 3) return true;
          throw new Error(`no type of draft ${this.#draft} at ${way}: ${String(type)}`);
      }
    });
  }

  /** How many elements are judged; undefined where one does not fit. */
  #elements(schema: Fields, value: readonly unknown[], before: number, way: string): number | undefined {
    if (value.length < Number(schema["minItems"] ?? 0) || value.length > Number(schema["maxItems"] ?? Infinity)) return undefined;
    if (schema["uniqueItems"] === true && new Set(value.map(sorted)).size < value.length) return undefined;
    const isOld = Array.isArray(schema["items"]) && this.#year < 2020;
    const first = listOf(isOld ? schema["items"] : schema["prefixItems"]);
    const rest = isOld ? schema["additionalItems"] : schema["items"];
    const fits = (inner: unknown, index: number): boolean => this.judge(inner, value[index], `${way}/items`).valid;
    if (!first.slice(0, value.length).every(fits)) return undefined;
    let judged = Math.max(before, Math.min(first.length, value.length));
    if (rest !== undefined) {
      if (value.slice(first.length).some((_entry, index) => !fits(rest, first.length + index))) return undefined;
      judged = value.length;
    }
    if (schema["contains"] !== undefined && this.#year > 5) {
      const found = value.filter((_entry, index) => fits(schema["contains"], index)).length;
      if (found < Number(schema["minContains"] ?? 1) || found > Number(schema["maxContains"] ?? Infinity)) return undefined;
    }
    const left = schema["unevaluatedItems"];
    if (left !== undefined && this.#year >= 2019 && value.some((_entry, index) => index >= judged && !fits(left, index))) return undefined;
    return judged;
  }

  #properties(schema: Fields, value: Fields, names: Set<string>, way: string): boolean {
    const given = Object.keys(value);
    if (given.length < Number(schema["minProperties"] ?? 0) || given.length > Number(schema["maxProperties"] ?? Infinity)) return false;
    const known = isFields(schema["properties"]) ? schema["properties"] : {};
    const required = this.#year === 3 ? Object.keys(known).filter((name) => isFields(known[name]) && known[name]["required"] === true) : listOf(schema["required"]);
    if (!required.every((name) => Object.hasOwn(value, String(name)))) return false;
    const patterns = Object.entries(isFields(schema["patternProperties"]) ? schema["patternProperties"] : {});
    for (const name of given) {
      const fits = (inner: unknown): boolean => this.judge(inner, value[name], `${way}/properties/${name}`).valid;
      const own = [...(Object.hasOwn(known, name) ? [known[name]] : []), ...patterns.flatMap(([pattern, inner]) => (new RegExp(pattern, "u").test(name) ? [inner] : []))];
      const others = own.length === 0 && schema["additionalProperties"] !== undefined ? [schema["additionalProperties"]] : [];
      if (![...own, ...others].every(fits)) return false;
      if (own.length + others.length > 0) names.add(name);
      if (schema["propertyNames"] !== undefined && !this.judge(schema["propertyNames"], name, `${way}/propertyNames`).valid) return false;
    }
    const dependencies = ["dependencies", "dependentRequired", "dependentSchemas"].flatMap((keyword) => Object.entries(isFields(schema[keyword]) ? schema[keyword] : {}));
    for (const [name, needed] of dependencies) {
      if (!Object.hasOwn(value, name)) continue;
      if (typeof needed === "string" || Array.isArray(needed)) {
        if (![needed].flat().every((other) => Object.hasOwn(value, String(other)))) return false;
      } else {
        const judged = this.judge(needed, value, `${way}/dependencies`);
        if (!judged.valid) return false;
        for (const other of judged.names) names.add(other);
      }
    }
    const left = schema["unevaluatedProperties"];
    if (left !== undefined && this.#year >= 2019) {
      for (const name of given) if (!names.has(name) && !this.judge(left, value[name], `${way}/unevaluatedProperties`).valid) return false;
      for (const name of given) names.add(name);
    }
    return true;
  }

  #target(reference: string): unknown {
    const hash = reference.indexOf("#");
    const [uri, fragment] = hash === -1 ? [reference, ""] : [reference.slice(0, hash), reference.slice(hash + 1)];
    const start = uri === "" ? this.#root : found(this.#root, (schema) => [schema["$id"], schema["id"]].includes(uri));
    if (fragment !== "" && !fragment.startsWith("/")) {
      return found(this.#root, (schema) => [schema["$anchor"], schema["$dynamicAnchor"]].includes(fragment) || [schema["$id"], schema["id"]].includes(`#${fragment}`));
    }
    const target = fragment.split("/").slice(1).map((step) => decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~"))
      .reduce<unknown>((place, step) => (typeof place === "object" && place !== null && Object.hasOwn(place, step) ? (place as Fields)[step] : undefined), start);
    if (target === undefined) throw new Error(`a reference leads nowhere: ${reference}`);
    return target;
  }
}

function found(value: unknown, isIt: (schema: Fields) => boolean): unknown {
  if (isFields(value) && isIt(value)) return value;
  for (const inner of typeof value === "object" && value !== null ? Object.values(value) : []) {
    const it = found(inner, isIt);
    if (it !== undefined) return it;
  }
  return undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function numberFits(schema: Fields, value: unknown, year: number): boolean {
  if (typeof value !== "number") return true;
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const divisor = schema[year === 3 ? "divisibleBy" : "multipleOf"];
  if (typeof divisor === "number" && !Number.isInteger(Number((value / divisor).toPrecision(12)))) return false;
  const isOver = exclusiveMinimum === true ? value > Number(minimum) : value >= Number(minimum ?? -Infinity);
  const isUnder = exclusiveMaximum === true ? value < Number(maximum) : value <= Number(maximum ?? Infinity);
  return isOver && isUnder && (typeof exclusiveMinimum !== "number" || value > exclusiveMinimum) && (typeof exclusiveMaximum !== "number" || value < exclusiveMaximum);
}

function stringFits(schema: Fields, value: unknown): boolean {
  if (typeof value !== "string") return true;
  const length = [...value].length;
  if (length < Number(schema["minLength"] ?? 0) || length > Number(schema["maxLength"] ?? Infinity)) return false;
  return typeof schema["pattern"] !== "string" || new RegExp(schema["pattern"], "u").test(value);
}

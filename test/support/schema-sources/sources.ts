/** How the drafts, and the generators that clients use, write a schema: a style each. */
import type { Random } from "../random.ts";
import type { Draft } from "./judge.ts";
import type { Meaning, Whole, Wishes } from "./meaning.ts";

type Fields = Record<string, unknown>;

export interface Source {
  readonly name: string;
  /** By what the schema as written is judged; undefined where it is valid by no draft. */
  readonly draft: Draft | undefined;
  readonly style: Style;
  readonly wishes?: Partial<Wishes>;
}

interface Style {
  readonly declares?: string;
  readonly holder: "definitions" | "$defs" | "components";
  readonly nullable: "keyword" | "types" | "anyOf" | "oneOf";
  readonly exclusive: "boolean" | "number";
  readonly tuple: "items" | "prefixItems";
  readonly needs: "dependencies" | "dependentRequired" | "strings";
  /** `const`, or an `enum` of one. */
  readonly constant: "const" | "enum";
  /** Required members say so themselves, as in draft-03. */
  readonly requires?: "members";
  /** All is in a definition that the top refers to. */
  readonly topReference?: boolean;
  /** References by `$id` or an anchor in place of a pointer. */
  readonly references?: "ids" | "anchors" | "dynamic";
  /** Words of the generator for types. */
  readonly types?: Readonly<Record<string, unknown>>;
  /** Keywords that say nothing, of which some are added to each schema: their values, by the kind of schema. */
  readonly notes: Readonly<Record<string, readonly unknown[]>>;
  /** Changes a schema that was written, in the generator's wrong ways. */
  readonly slips?: readonly ((schema: Fields, random: Random, isTop: boolean) => Fields)[];
  readonly wrapsReferences?: boolean;
  /** An any is written in this way. */
  readonly anything?: unknown;
}

/** Writes a schema in a source's style. */
export function written({ style }: Source, { top, definitions }: Whole, random: Random): Fields {
  const referenceTo = (name: string): Fields => {
    switch (style.references) {
      case "ids": return { $ref: name };
      case "anchors": return { $ref: `#${name}` };
      case "dynamic": return { $dynamicRef: `#${name}` };
      default: return { $ref: `#/${style.holder === "components" ? "components/schemas" : style.holder}/${name}` };
    }
  };
  const noted = (schema: Fields): Fields => {
    const chosen = Object.entries(style.notes).filter(([keyword]) => schema[keyword] === undefined && random.below(9) === 0);
    return { ...schema, ...Object.fromEntries(chosen.map(([keyword, values]) => [keyword, random.pick(values)])) };
  };
  const slipped = (schema: Fields, isTop = false): Fields => (style.slips ?? []).reduce((made, slip) => (random.below(3) === 0 ? slip(made, random, isTop) : made), schema);
  const typed = (type: string): Fields => {
    const word = style.types?.[type] ?? type;
    return word === null ? {} : { type: Array.isArray(word) ? random.pick(word) : word };
  };
  const bounds = (low: string, high: string, min: number | undefined, max: number | undefined): Fields => ({ ...(min === undefined ? {} : { [low]: min }), ...(max === undefined ? {} : { [high]: max }) });
  const write = (meaning: Meaning, isTop = false): Fields => {
    if (meaning.kind === "any" && style.anything !== undefined) return style.anything as Fields;
    return slipped(noted(plain(meaning)), isTop);
  };
  const plain = (meaning: Meaning): Fields => {
    switch (meaning.kind) {
      case "any": return {};
      case "boolean": case "null": return typed(meaning.kind);
      case "string": return { ...typed("string"), ...bounds("minLength", "maxLength", meaning.min, meaning.max), ...(meaning.pattern === undefined ? {} : { pattern: meaning.pattern }), ...(meaning.format === undefined ? {} : { format: meaning.format }) };
      case "number": case "integer": {
        const { min, max, above, below, step } = meaning;
        const exclusive = style.exclusive === "number"
          ? bounds("exclusiveMinimum", "exclusiveMaximum", above, below)
          : { ...bounds("minimum", "maximum", above, below), ...(above === undefined ? {} : { exclusiveMinimum: true }), ...(below === undefined ? {} : { exclusiveMaximum: true }) };
        return { ...typed(meaning.kind), ...bounds("minimum", "maximum", min, max), ...exclusive, ...(step === undefined ? {} : { [style.declares?.includes("draft-03") === true ? "divisibleBy" : "multipleOf"]: step }) };
      }
      case "enum": return { enum: meaning.values };
      case "const": return style.constant === "const" ? { const: meaning.value } : { enum: [meaning.value] };
      case "list": return { ...typed("array"), ...(meaning.of.kind === "any" && random.below(2) === 0 ? {} : { items: write(meaning.of) }), ...bounds("minItems", "maxItems", meaning.min, meaning.max), ...(meaning.unique === undefined ? {} : { uniqueItems: meaning.unique }) };
      case "tuple": {
        const [first, rest] = style.tuple === "items" ? ["items", "additionalItems"] : ["prefixItems", "items"];
        return { ...typed("array"), [first as string]: meaning.first.map((part) => write(part)), ...(meaning.closed ? { [rest as string]: false } : meaning.rest === undefined ? {} : { [rest as string]: write(meaning.rest) }) };
      }
      case "object": return objectOf(meaning);
      case "nullable": return nullable(meaning.of);
      case "union": {
        const shapes = meaning.of.map((part) => write(part));
        // Draft-03 has no unions but of types.
        if (style.declares?.includes("draft-03") === true) return { type: shapes };
        return { [meaning.isExclusive ? "oneOf" : "anyOf"]: shapes };
      }
      case "not": return style.declares?.includes("draft-03") === true ? { disallow: [plain(meaning.but)] } : { not: plain(meaning.but) };
      case "named": return style.wrapsReferences === true ? { allOf: [referenceTo(meaning.name)] } : referenceTo(meaning.name);
    }
  };
  const objectOf = (meaning: Extract<Meaning, { kind: "object" }>): Fields => {
    const { members, others, needs } = meaning;
    const required = members.filter(({ isRequired }) => isRequired).map(({ name }) => name);
    const properties = Object.fromEntries(members.map(({ name, meaning: inner, isRequired }) => [name, style.requires === "members" && isRequired ? { ...write(inner), required: true } : write(inner)]));
    const dependencies = Object.fromEntries(needs.map(([name, other]) => [name, style.needs === "strings" ? other : [other]]));
    return {
      ...typed("object"), properties, ...(style.requires === "members" || required.length === 0 ? {} : { required }),
      ...(others === undefined ? {} : { additionalProperties: others === "none" ? false : write(others) }),
      ...(needs.length === 0 ? {} : { [style.needs === "strings" ? "dependencies" : style.needs]: dependencies }),
    };
  };
  const nullable = (of: Meaning): Fields => {
    const inner = write(of);
    if (style.nullable === "keyword") return { ...inner, nullable: true };
    const canBeTyped = style.nullable === "types" && typeof inner["type"] === "string" && inner["enum"] === undefined && inner["const"] === undefined;
    if (canBeTyped) return { ...inner, type: [inner["type"], "null"] };
    if (style.declares?.includes("draft-03") === true) return { type: [inner, "null"] };
    return { [style.nullable === "oneOf" && of.kind !== "nullable" ? "oneOf" : "anyOf"]: [inner, { type: "null" }] };
  };
  const body = write(top, true);
  const named = Object.fromEntries(Object.entries(definitions).map(([name, meaning]) => {
    const identity: Fields = style.references === "ids" ? { $id: name } : style.references === "anchors" ? { $anchor: name } : style.references === "dynamic" ? { $dynamicAnchor: name } : {};
    return [name, { ...identity, ...write(meaning) }];
  }));
  const all = style.topReference === true ? { ...named, Args: body } : named;
  const held = Object.keys(all).length === 0 ? {} : style.holder === "components" ? { components: { schemas: all } } : { [style.holder]: all };
  return { ...(style.declares === undefined ? {} : { $schema: style.declares }), ...(style.topReference === true ? { $ref: `#/${style.holder}/Args` } : body), ...held };
}

const text = { title: ["T"], description: ["What it is."] } as const;
const old: Pick<Style, "exclusive" | "tuple" | "needs" | "holder"> = { exclusive: "boolean", tuple: "items", needs: "dependencies", holder: "definitions" };
const middle: Pick<Style, "exclusive" | "tuple" | "needs" | "holder" | "constant"> = { exclusive: "number", tuple: "items", needs: "dependencies", holder: "definitions", constant: "const" };
const late: Pick<Style, "exclusive" | "tuple" | "needs" | "holder" | "constant"> = { exclusive: "number", tuple: "prefixItems", needs: "dependentRequired", holder: "$defs", constant: "const" };
const all: Partial<Wishes> = { hasTuples: true, hasNeeds: true, hasNot: true, hasRecursion: true, hasOddNames: true };

const without = (schema: Fields, ...keywords: string[]): Fields => Object.fromEntries(Object.entries(schema).filter(([keyword]) => !keywords.includes(keyword)));
const onlyIf = (keyword: string, change: (value: any, schema: Fields) => Fields) => (schema: Fields): Fields => (schema[keyword] === undefined ? schema : { ...schema, ...change(schema[keyword], schema) });
const asText = (...keywords: string[]) => (schema: Fields): Fields => ({ ...schema, ...Object.fromEntries(keywords.filter((keyword) => typeof schema[keyword] === "number").map((keyword) => [keyword, String(schema[keyword])])) });
const absent = (keyword: string, value: unknown) => (schema: Fields): Fields => (schema[keyword] === undefined && schema["type"] !== undefined ? { ...schema, [keyword]: value } : schema);

export const sources: readonly Source[] = [
  { name: "draft-03", draft: "03", wishes: { ...all, lacksOneOf: true }, style: { ...old, declares: "http://json-schema.org/draft-03/schema#", nullable: "types", constant: "enum", requires: "members", needs: "strings", anything: { type: "any" }, notes: { ...text, default: ["x", 1], format: ["color"], id: ["http://example.com/a"] } } },
  { name: "draft-04", draft: "04", wishes: all, style: { ...old, declares: "http://json-schema.org/draft-04/schema#", nullable: "types", constant: "enum", notes: { ...text, default: [null, {}], format: ["uri"], media: [{ type: "image/png" }], exclusiveMinimum: [false], exclusiveMaximum: [false], "x-order": [1] } } },
  { name: "draft-06", draft: "06", wishes: { ...all, hasTopUnion: true }, style: { ...middle, declares: "http://json-schema.org/draft-06/schema#", nullable: "anyOf", notes: { ...text, examples: [["a"], [1]], default: [0], propertyNames: [{}], $comment: ["c"] } } },
  { name: "draft-07", draft: "07", wishes: all, style: { ...middle, declares: "http://json-schema.org/draft-07/schema#", nullable: "types", notes: { ...text, readOnly: [true], writeOnly: [false], $comment: ["c"], contentEncoding: ["base64"], contentMediaType: ["text/html"], examples: [[]], if: [true] } } },
  { name: "2019-09", draft: "2019-09", wishes: { ...all, hasTopUnion: true }, style: { ...middle, declares: "https://json-schema.org/draft/2019-09/schema", needs: "dependentRequired", holder: "$defs", references: "anchors", nullable: "oneOf", notes: { ...text, deprecated: [true], minContains: [1], unevaluatedItems: [true], $comment: ["c"], default: [1], examples: [[1]] } } },
  { name: "2020-12", draft: "2020-12", wishes: { ...all, hasTopUnion: true }, style: { ...late, declares: "https://json-schema.org/draft/2020-12/schema", references: "dynamic", nullable: "types", notes: { ...text, deprecated: [false], unevaluatedProperties: [true], contentSchema: [{}], contentMediaType: ["application/json"], $comment: ["c"], default: ["d"], readOnly: [true] } } },
  { name: "OpenAPI 3.0", draft: "openapi-3.0", wishes: { hasNot: true, hasOddNames: true, hasTopUnion: true }, style: { ...old, constant: "enum", nullable: "keyword", holder: "components", wrapsReferences: true, notes: { ...text, example: ["e", null, { a: 1 }], deprecated: [true], xml: [{ name: "n" }], externalDocs: [{ url: "https://example.com" }], readOnly: [true], discriminator: [{ propertyName: "kind" }], nullable: [false], format: ["int64", "password"], "x-nullable": [false] } } },
  { name: "OpenAPI 3.1", draft: "2020-12", wishes: all, style: { ...late, nullable: "types", holder: "components", notes: { ...text, example: ["e"], examples: [["a"]], deprecated: [true], xml: [{ attribute: true }], externalDocs: [{ url: "https://example.com" }], discriminator: [{ propertyName: "kind", mapping: { a: "#/components/schemas/A" } }], contentMediaType: ["image/png"], "x-internal": [true] } } },
  { name: "pydantic v1", draft: "07", wishes: { hasTuples: true, hasRecursion: true, hasOddNames: true }, style: { ...middle, nullable: "anyOf", constant: "enum", wrapsReferences: true, notes: { title: ["City", "Query"], description: ["D"], default: [null, 5, []], env_names: [["a"]], format: ["date"], example: ["x"], extra: ["y"], "x-field": [1] } } },
  { name: "pydantic v2", draft: "2020-12", wishes: { hasTuples: true, hasRecursion: true, hasOddNames: true, hasTopUnion: true }, style: { ...late, nullable: "anyOf", notes: { title: ["City", "Query"], description: ["D"], default: [null, [], "x"], examples: [["a"]], deprecated: [true], format: ["uuid4", "email"], contentMediaType: ["application/json"], discriminator: [{ propertyName: "kind", mapping: {} }], readOnly: [true] } } },
  { name: "zod-to-json-schema", draft: "07", wishes: { hasTuples: true, hasNot: true, hasOddNames: true, hasRecursion: true, hasTopUnion: true }, style: { ...middle, declares: "http://json-schema.org/draft-07/schema#", nullable: "anyOf", topReference: true, notes: { description: ["D"], markdownDescription: ["*D*"], default: [{}, [], false], errorMessage: [{ minLength: "too short" }], deprecated: [false], contentEncoding: ["base64"], title: ["T"], $comment: ["c"], examples: [[1]] } } },
  { name: "Go (invopop)", draft: "2020-12", wishes: { hasNeeds: true, hasRecursion: true }, style: { ...late, declares: "https://json-schema.org/draft/2020-12/schema", nullable: "oneOf", topReference: true, anything: true, notes: { title: ["T"], description: ["D"], default: ["d"], examples: [["a"]], readOnly: [true], writeOnly: [true], contentEncoding: ["base64"], format: ["ipv4"], deprecated: [true], $comment: ["c"] } } },
  { name: "Go (structs, by hand)", draft: undefined, wishes: { hasOddNames: true }, style: { ...late, nullable: "types", constant: "enum", types: { object: ["object", "object"] }, notes: { description: ["D", "", null], title: ["T"], format: [""], default: [null], examples: [null], readOnly: [false], "x-go-type": ["int"], deprecated: [null], $comment: [null] }, slips: [absent("required", null), absent("enum", null), absent("items", null), absent("anyOf", null), absent("additionalProperties", null), absent("properties", null), (schema, _random, isTop) => (isTop ? without(schema, "type") : schema), absent("minLength", 0), absent("pattern", null)] } },
  { name: "PHP", draft: undefined, wishes: { hasOddNames: true, hasTuples: true }, style: { ...middle, nullable: "types", constant: "enum", anything: [], notes: { description: ["D"], title: ["T", null], default: [[], null], example: ["e"], examples: ["single"], format: ["date"], deprecated: ["false"], readOnly: [0], "x-php": [1], $comment: ["c"] }, slips: [absent("required", []), absent("oneOf", []), absent("patternProperties", []), absent("dependencies", []), asText("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"), onlyIf("required", (names) => (Array.isArray(names) && names.length > 0 ? { required: Object.fromEntries(names.map((name: string, index: number) => [String(index + 1), name])) } : {})), onlyIf("uniqueItems", (flag) => ({ uniqueItems: String(flag) })), onlyIf("additionalProperties", (value) => (value === false ? { additionalProperties: "false" } : {}))] } },
  { name: "TypeBox", draft: "2020-12", wishes: { hasRecursion: true, hasNot: true, hasTopUnion: true }, style: { ...late, nullable: "anyOf", references: "ids", notes: { description: ["D"], title: ["T"], default: [1], examples: [[{}]], $comment: ["c"], "x-kind": ["Object"], readOnly: [true], deprecated: [true], contentEncoding: ["base64"] } } },
  { name: "C# (NJsonSchema)", draft: "04", wishes: { hasRecursion: true, hasTuples: true }, style: { ...old, declares: "http://json-schema.org/draft-04/schema#", nullable: "oneOf", constant: "enum", notes: { title: ["T"], description: ["D"], format: ["int32", "decimal", "guid"], "x-enumNames": [["A", "B"]], "x-abstract": [true], default: [0], "x-nullable": [false], id: ["http://example.com/b"], readonly: [true] } } },
  { name: "MCP servers", draft: undefined, wishes: { hasOddNames: true, hasTopUnion: true }, style: { ...late, declares: "http://json-schema.org/draft-07/schema#", nullable: "types", tuple: "items", notes: { description: ["D"], title: ["T"], examples: ["one"], default: [null], annotations: [{ audience: ["user"] }], "x-hint": [true], $comment: [7], deprecated: ["true"], format: [null], example: [null] }, slips: [onlyIf("required", (names) => (Array.isArray(names) && names.length > 0 ? { required: [...names, names[0]] } : {})), onlyIf("required", (names) => (Array.isArray(names) && names.length === 1 ? { required: names[0] } : {})), absent("required", null), onlyIf("type", (type) => (Array.isArray(type) ? { type: [...type, type[0]] } : typeof type === "string" ? { type: type.toUpperCase() } : {})), onlyIf("enum", (values) => ({ enum: [...values, values[0]] })), absent("enum", null), onlyIf("const", (value) => ({ enum: [value] })), onlyIf("description", () => ({ description: { en: "D" } })), absent("definitions", {}), absent("allOf", [])] } },
  { name: "Python, by hand", draft: undefined, wishes: { hasOddNames: true, hasTuples: true, hasNeeds: true }, style: { ...middle, nullable: "types", constant: "enum", types: { string: ["str", "string", "text"], integer: ["int", "integer", "long"], number: ["float", "double", "number"], boolean: ["bool", "boolean"], array: ["list", "array"], object: ["dict", "object"], null: ["None", "null"] }, anything: { type: "any" }, notes: { description: ["D"], title: ["T"], default: [null, 0], optional: [true], examples: [["a"]], example: ["e"], deprecated: [true], "x-py": [1], $comment: ["c"] }, slips: [onlyIf("minimum", (value) => ({ minimum: String(value) })), onlyIf("maxLength", (value) => ({ maxLength: `${value}` })), absent("required", null), absent("properties", {}), onlyIf("anyOf", (shapes) => ({ anyOf: Object.fromEntries(shapes.map((shape: unknown, index: number) => [String(index), shape])) }))] } },
];

/** The keywords of a schema, whatever their place: two that are the same have the same set. */
export function keywordsOf(schema: unknown): string {
  const found = new Set<string>();
  const visit = (value: unknown, isMap: boolean): void => {
    if (Array.isArray(value)) for (const entry of value) visit(entry, false);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return;
    for (const [key, inner] of Object.entries(value)) {
      if (!isMap) found.add(key);
      if (!["default", "example", "examples", "enum", "const"].includes(key) || isMap) visit(inner, !isMap && ["properties", "definitions", "$defs", "schemas", "dependencies", "dependentRequired", "patternProperties"].includes(key));
    }
  };
  visit(schema, false);
  return [...found].sort().join(" ");
}

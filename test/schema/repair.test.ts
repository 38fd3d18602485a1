import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BridgeError } from "../../src/errors.ts";
import { clientSchema } from "../../src/schema/client-schema.ts";
import type { Schema } from "../../src/schema/keywords.ts";
import { objectAtTop } from "../../src/schema/object-top.ts";
import { isPlain } from "../../src/schema/plain.ts";
import { fittingProperties } from "../../src/schema/property-names.ts";
import { repairedSchema } from "../../src/schema/repair.ts";
import { isJsonSchema } from "../support/anthropic-rules/json-schema.ts";
import { seededRandom } from "../support/random.ts";
import { casesOf } from "../support/schema-sources/cases.ts";
import { sources } from "../support/schema-sources/sources.ts";

const subject = { path: "p", whose: 'tool "look"' };
const draft = (number: string): object => ({ $schema: `http://json-schema.org/${number}/schema#` });

/** What a property's schema becomes. */
function property(schema: unknown, beside: object = {}): unknown {
  const { schema: made } = clientSchema(JSON.parse(JSON.stringify({ type: "object", properties: { a: schema }, ...beside })), subject);
  assert.ok(isJsonSchema(made), JSON.stringify(made));
  return (made["properties"] as Record<string, unknown>)["a"];
}

function whole(schema: unknown): unknown {
  const { schema: made } = clientSchema(schema, subject);
  assert.ok(isJsonSchema(made), JSON.stringify(made));
  return made;
}

describe("a property's schema is repaired", () => {
  const repairs: readonly (readonly [given: unknown, made: unknown])[] = [
    // Draft-03 and 04.
    [{ type: "integer", minimum: 1, exclusiveMinimum: true }, { type: "integer", exclusiveMinimum: 1 }],
    [{ type: "integer", maximum: 9, exclusiveMaximum: true, minimum: 0, exclusiveMinimum: false }, { type: "integer", minimum: 0, exclusiveMaximum: 9 }],
    [{ type: "number", exclusiveMinimum: true }, { type: "number" }],
    [{ type: "array", items: [{ type: "string" }, {}] }, { type: "array", prefixItems: [{ type: "string" }, {}] }],
    [{ items: [{ type: "string" }], additionalItems: false }, { prefixItems: [{ type: "string" }], items: false }],
    [{ items: { type: "string" }, additionalItems: false }, { items: { type: "string" } }],
    [{ items: [], additionalItems: { type: "string" } }, { items: { type: "string" } }],
    [{ id: "http://example.com/x", $schema: "http://json-schema.org/draft-04/schema#", type: "string" }, { type: "string" }],
    [{ type: "object", dependencies: { a: ["b"], b: "c", d: { required: ["e"] } } }, { type: "object", dependentRequired: { a: ["b"], b: ["c"] }, dependentSchemas: { d: { required: ["e"] } } }],
    [{ dependencies: { a: ["b"] }, dependentRequired: { a: ["c"] } }, { dependentRequired: { a: ["b", "c"] } }],
    [{ type: ["string", { type: "object" }] }, { anyOf: [{ type: "string" }, { type: "object" }] }],
    // Types.
    [{ type: "any" }, {}],
    [{ type: "Any", description: "D" }, { description: "D" }],
    [{ type: ["any", "null"] }, {}],
    [{ type: "STRING" }, { type: "string" }],
    [{ type: "str" }, { type: "string" }],
    [{ type: "dict" }, { type: "object" }],
    [{ type: "float" }, { type: "number" }],
    [{ type: "date" }, { type: "string", format: "date" }],
    [{ type: "file" }, { format: "file" }],
    [{ type: "string|null" }, { type: ["string", "null"] }],
    [{ type: "integer?" }, { type: ["integer", "null"] }],
    [{ type: ["string", null] }, { type: ["string", "null"] }],
    [{ type: ["string", "string"] }, { type: "string" }],
    [{ type: [] }, {}],
    [{ type: null, description: "D" }, { description: "D" }],
    // OpenAPI 3.0.
    [{ type: "string", nullable: true }, { type: ["string", "null"] }],
    [{ type: "string", nullable: false }, { type: "string" }],
    [{ type: "string", enum: ["x"], nullable: true }, { type: ["string", "null"], enum: ["x", null] }],
    [{ type: ["string", "null"], nullable: true }, { type: ["string", "null"] }],
    [{ const: "x", nullable: true }, { enum: ["x", null] }],
    [{ nullable: true }, {}],
    [{ anyOf: [{ type: "string" }], description: "D", nullable: true }, { description: "D", anyOf: [{ type: "string" }, { type: "null" }] }],
    [{ allOf: [{ type: "string" }], title: "T", nullable: true }, { title: "T", anyOf: [{ allOf: [{ type: "string" }] }, { type: "null" }] }],
    [{ type: "string", example: "e", xml: { name: "n" }, discriminator: { propertyName: "k" }, externalDocs: {} }, { type: "string", example: "e", xml: { name: "n" }, discriminator: { propertyName: "k" }, externalDocs: {} }],
    // Generators.
    [true, {}],
    [false, { not: {} }],
    [null, {}],
    [[], {}],
    ["string", { type: "string" }],
    [{ minimum: "1", maxLength: "20", multipleOf: "0.5" }, { minimum: 1, maxLength: 20, multipleOf: 0.5 }],
    [{ minLength: 1.5, maxItems: 2.5, minItems: -1, multipleOf: -2 }, { minLength: 2, maxItems: 2, minItems: 0, multipleOf: 2 }],
    [{ minimum: null, enum: null, description: null, format: null, pattern: null, items: null, anyOf: null, properties: null, required: null, additionalProperties: null, examples: null, $ref: null, uniqueItems: null }, {}],
    [{ anyOf: [], allOf: [], oneOf: [], properties: [], patternProperties: [], dependencies: [], required: [] }, { properties: {}, patternProperties: {}, required: [] }],
    [{ enum: ["a", "a", null] }, { enum: ["a", null] }],
    [{ enum: [] }, { not: {} }],
    [{ enum: { 1: "a", 3: "b" } }, { enum: ["a", "b"] }],
    [{ required: "x" }, { required: ["x"] }],
    [{ required: ["x", "x", 7, null] }, { required: ["x", "7"] }],
    [{ required: { 0: "x", 2: "y" } }, { required: ["x", "y"] }],
    [{ required: {} }, {}],
    [{ anyOf: { type: "string" } }, { anyOf: [{ type: "string" }] }],
    [{ uniqueItems: "true", deprecated: 1, readOnly: "false" }, { uniqueItems: true, deprecated: true, readOnly: false }],
    [{ additionalProperties: "false" }, { additionalProperties: false }],
    [{ additionalProperties: "string" }, { additionalProperties: { type: "string" } }],
    [{ description: 5, title: { en: "T" }, examples: "e" }, { description: "5", title: '{"en":"T"}', examples: ["e"] }],
    [{ const: null, default: null }, { const: null, default: null }],
    [{ type: "string", pattern: "^[a-z" }, { type: "string", description: "Pattern: `^[a-z`." }],
    [{ pattern: "a++", description: "D" }, { description: "D\n\nPattern: `a++`." }],
  ];
  for (const [given, made] of repairs) it(`${JSON.stringify(given)} to ${JSON.stringify(made)}`, () => assert.deepEqual(property(given), made));

  it("whose bounds are infinite, where they bound nothing", () => {
    const { schema } = clientSchema(JSON.parse('{"type":"object","properties":{"a":{"maximum":1e400,"minimum":-1e400}}}'), subject);
    assert.deepEqual(schema["properties"], { a: {} });
  });

  it("that says of itself that it is required, as in draft-03", () => {
    assert.deepEqual(whole({ properties: { a: { required: true }, b: { required: false }, c: { type: "string", required: "true" } }, required: ["d"] }), { type: "object", properties: { a: {}, b: {}, c: { type: "string" } }, required: ["d", "a", "c"] });
  });

  it("as draft-03 means it, where the schema says that it is of that draft", () => {
    assert.deepEqual(property({ divisibleBy: 2, disallow: "string", extends: { type: "number" } }, draft("draft-03")), { multipleOf: 2, not: { type: "string" }, allOf: [{ type: "number" }] });
    assert.deepEqual(property({ divisibleBy: 2, disallow: "string" }), { divisibleBy: 2, disallow: "string" });
  });
});

describe("a reference", () => {
  it("to `definitions` leads to `$defs`, whatever a definition is called", () => {
    assert.deepEqual(whole({ type: "object", properties: { a: { $ref: "#/definitions/A%20b~1c" } }, definitions: { "A b/c": { type: "string" } } }), { type: "object", properties: { a: { $ref: "#/$defs/A_b_c" } }, $defs: { A_b_c: { type: "string" } } });
  });

  it("to a place that no keyword holds brings what it leads to with it", () => {
    const made = whole({ type: "object", properties: { a: { $ref: "#/components/schemas/A" } }, components: { schemas: { A: { type: "integer", nullable: true, properties: { b: { $ref: "#/components/schemas/B" } } }, B: { type: "any" } } } }) as Record<string, unknown>;
    assert.deepEqual(made["$defs"], { A: { type: ["integer", "null"], properties: { b: { $ref: "#/$defs/B" } } }, B: {} });
    assert.deepEqual(made["properties"], { a: { $ref: "#/$defs/A" } });
  });

  it("by an id, an anchor or a dynamic one becomes a pointer", () => {
    assert.deepEqual(whole({ type: "object", properties: { a: { $ref: "Node" }, b: { $ref: "#here" }, c: { $ref: "http://example.com/root.json#/$defs/N" } }, $id: "http://example.com/root.json", $defs: { N: { $id: "Node", type: "string" }, H: { $anchor: "here", type: "null" } } }), {
      type: "object", properties: { a: { $ref: "#/$defs/N" }, b: { $ref: "#/$defs/H" }, c: { $ref: "#/$defs/N" } }, $defs: { N: { type: "string" }, H: { type: "null" } },
    });
    assert.deepEqual(whole({ type: "object", $dynamicAnchor: "n", properties: { a: { $dynamicRef: "#n" }, b: { $recursiveRef: "#" } } }), { type: "object", properties: { a: { $ref: "#" }, b: { $ref: "#" } } });
    assert.throws(() => whole({ type: "object", properties: { a: { $dynamicRef: "#n" } }, $defs: { N: { $id: "other", $dynamicAnchor: "n" } } }), /dynamic reference/u);
  });

  it("goes along with what it leads to", () => {
    assert.deepEqual(property({ items: [{ type: "string" }, { $ref: "#/properties/a/items/0" }] }), { prefixItems: [{ type: "string" }, { $ref: "#/properties/a/prefixItems/0" }] });
    assert.deepEqual(property({ type: "string", allOf: [{ $ref: "#/properties/a" }], nullable: true }), { anyOf: [{ type: "string", allOf: [{ $ref: "#/properties/a" }] }, { type: "null" }] });
  });

  it("that leads nowhere, or out of the schema, stays as it is", () => {
    for (const $ref of ["#/definitions/missing", "https://json-schema.org/draft-07/schema#", "#nowhere", "other.json"]) assert.deepEqual(property({ $ref }), { $ref });
  });

  it("stands alone up to draft-07, and not later", () => {
    const beside = { $ref: "#/definitions/A", minLength: 5, description: "D" };
    assert.deepEqual(property(beside, { ...draft("draft-07"), definitions: { A: {} } }), { $ref: "#/$defs/A", description: "D" });
    assert.deepEqual(property(beside, { definitions: { A: {} } }), { $ref: "#/$defs/A", minLength: 5, description: "D" });
  });

  it("at the top gives way to what it leads to, also where that refers to itself", () => {
    assert.deepEqual(whole({ ...draft("draft-07"), $ref: "#/definitions/Args", definitions: { Args: { type: "object", properties: { a: { type: "string" } } } } }), { type: "object", properties: { a: { type: "string" } } });
    const next = { type: "object", properties: { next: { $ref: "#/$defs/Node" } } };
    assert.deepEqual(whole({ $ref: "#/$defs/Node", title: "T", $defs: { Node: next } }), { ...next, title: "T", $defs: { Node: next } });
  });
});

describe("what can be no schema is refused by its place and its tool", () => {
  const faults: readonly (readonly [given: unknown, field: string])[] = [
    [{ properties: { a: 5 } }, "p.properties.a"],
    [{ properties: { a: "whatever" } }, "p.properties.a"],
    [{ properties: { a: ["string"] } }, "p.properties.a"],
    [{ properties: { required: ["a"] } }, "p.properties.required"],
    [{ properties: [{ name: "a" }] }, "p.properties"],
    [{ properties: { a: { items: { minimum: "low" } } } }, "p.properties.a.items.minimum"],
    [{ properties: { a: { maxLength: -1 } } }, "p.properties.a.maxLength"],
    [{ properties: { a: { multipleOf: 0 } } }, "p.properties.a.multipleOf"],
    [{ properties: { a: { enum: "x" } } }, "p.properties.a.enum"],
    [{ properties: { a: { anyOf: [7] } } }, "p.properties.a.anyOf[0]"],
    [{ properties: { a: { type: 7 } } }, "p.properties.a.type"],
    [{ properties: { a: { $ref: 7 } } }, "p.properties.a.$ref"],
    [{ properties: { a: { patternProperties: { "[": {} } } } }, "p.properties.a.patternProperties.["],
    [{ required: [["a"]] }, "p.required"],
    [{ dependencies: { a: 7 } }, "p.dependencies.a"],
    [{ additionalProperties: 7 }, "p.additionalProperties"],
    [{ definitions: { A: 7 } }, "p.definitions.A"],
    [false, "p"],
    ["{}", "p"],
    [{ type: "array" }, "p.type"],
  ];
  for (const [given, field] of faults) {
    it(JSON.stringify(given), () => assert.throws(() => clientSchema(given, subject), (error) => {
      assert.ok(error instanceof BridgeError);
      assert.equal(error.field, field);
      assert.ok(error.message.startsWith(`${field}: `) && error.message.endsWith('(tool "look")'), error.message);
      return true;
    }));
  }
});

describe("a schema that needs no repair", () => {
  it("is the same object", () => {
    const schema = { type: "object", properties: { a: { type: ["string", "null"], enum: ["x", null], default: null }, b: { type: "array", items: { $ref: "#/$defs/B" }, minItems: 1 }, c: { anyOf: [{ type: "number", minimum: 0 }, { type: "null" }] } }, required: ["a"], additionalProperties: false, $defs: { B: { type: "object", properties: {} } } };
    assert.equal(clientSchema(schema, subject).schema, schema);
  });

  it("is the same for the long way too", () => {
    const random = seededRandom(1);
    const source = sources.find(({ name }) => name === "pydantic v2") ?? assert.fail();
    const withoutNotes = { ...source, style: { ...source.style, notes: {} }, wishes: {} };
    const plain = casesOf(withoutNotes, 60, new Set(), random).map(({ schema }) => JSON.parse(JSON.stringify(schema)) as Schema).filter(isPlain);
    assert.ok(plain.length >= 10, String(plain.length));
    for (const schema of plain) assert.deepEqual(fittingProperties(objectAtTop(repairedSchema(schema, subject), subject), subject).schema, schema);
  });

  it("is any object where there is none", () => {
    for (const absent of [undefined, null, [], true, {}]) assert.deepEqual({ properties: {}, ...clientSchema(absent, subject).schema }, { type: "object", properties: {} });
  });

  it("is not changed in place", () => {
    const sent = '{"type":"object","properties":{"$a":{"type":"any","nullable":true,"enum":["x"]}},"definitions":{"B":{"items":[{}]}},"allOf":[{"required":"b"}]}';
    const schema = JSON.parse(sent) as unknown;
    clientSchema(schema, subject);
    assert.equal(JSON.stringify(schema), sent);
  });

  it("keeps properties that are named like what every object has", () => {
    const made = clientSchema(JSON.parse('{"properties":{"__proto__":{"type":"any"},"constructor":{"type":"str"},"toString":{}},"required":["__proto__"]}'), subject).schema;
    assert.deepEqual(Object.entries(made["properties"] as object), [["__proto__", {}], ["constructor", { type: "string" }], ["toString", {}]]);
  });
});

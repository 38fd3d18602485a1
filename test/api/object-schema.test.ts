import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { objectSchema } from "../../src/api/object-schema.ts";
import { BridgeError } from "../../src/errors.ts";
import { findBreach } from "../support/anthropic-rules/rules.ts";

const string = { type: "string" };
const number = { type: "number" };

/** The schema, which the Messages API must take as a tool's. */
function taken(schema: unknown): Readonly<Record<string, unknown>> {
  const made = objectSchema(schema, "p");
  assert.equal(findBreach({ model: "m", max_tokens: 1, messages: [{ role: "user", content: "hi" }], tools: [{ name: "f", input_schema: made }] }), null);
  return made;
}

function refusal(schema: unknown): readonly [string, string | undefined] {
  try {
    objectSchema(schema, "p");
  } catch (error) {
    assert.ok(error instanceof BridgeError, String(error));
    assert.ok(error.message.startsWith(`${error.field}: `), error.message);
    return [error.code, error.field];
  }
  return assert.fail(`taken: ${JSON.stringify(schema)}`);
}

describe("an object's schema", () => {
  for (const absent of [undefined, null]) it(`is any object when it is ${absent}`, () => assert.deepEqual(taken(absent), { type: "object", properties: {} }));

  for (const schema of [
    { type: "object", properties: {} },
    { type: "object" },
    { type: "object", properties: { a: string, "b.c-d_E9": { anyOf: [string, number] }, ["x".repeat(64)]: {} }, required: ["a"], additionalProperties: false, $schema: "http://json-schema.org/draft-07/schema#", title: "T", description: "D", $defs: { x: string } },
    { $ref: "#/definitions/a", definitions: { a: { type: "object" } }, type: "object" },
  ]) it(`stays as it is: ${JSON.stringify(schema).slice(0, 60)}`, () => assert.deepEqual(taken(schema), schema));

  for (const type of [undefined, null, ["object"], ["object", "null"], ["null", "object"]]) {
    it(`whose type is ${JSON.stringify(type)} is an object`, () => assert.deepEqual(taken({ ...(type === undefined ? {} : { type }), properties: { a: string } }), { type: "object", properties: { a: string } }));
  }

  it("is not changed in place", () => {
    const schema = Object.freeze({ anyOf: Object.freeze([Object.freeze({ properties: Object.freeze({ a: string }), required: Object.freeze(["a"]) })]) });
    taken(schema);
  });
});

describe("what cannot be an object's schema is refused by its place", () => {
  const cases: readonly (readonly [unknown, string, string])[] = [
    ["x", "invalid_type", "p"],
    [7, "invalid_type", "p"],
    [true, "invalid_type", "p"],
    [[], "invalid_type", "p"],
    [{ type: "string" }, "invalid_value", "p.type"],
    [{ type: "Object" }, "invalid_value", "p.type"],
    [{ type: ["string", "null"] }, "invalid_value", "p.type"],
    [{ type: [] }, "invalid_value", "p.type"],
    [{ type: {} }, "invalid_value", "p.type"],
    [{ properties: [] }, "invalid_type", "p.properties"],
    [{ properties: "a" }, "invalid_type", "p.properties"],
    [{ properties: null }, "invalid_type", "p.properties"],
    ...["", "a b", "é", "x".repeat(65), "$a", "a\n", "a/b"].map((name) => [{ properties: { ok: {}, [name]: {} } }, "invalid_value", "p.properties"] as const),
    [{ anyOf: [{ properties: { "a b": {} } }] }, "invalid_value", "p.properties"],
    ...(["anyOf", "oneOf", "allOf"] as const).flatMap((key) => [
      ...[[], "x", {}, null, [7], [null], [[]], [string], [{ type: "null" }], [{ type: ["string", "null"] }], [{ properties: [] }], [{ type: "object" }, string], [true]]
        .map((members) => [{ [key]: members }, "invalid_value", `p.${key}`] as const),
      [{ type: "array", [key]: [{ properties: {} }] }, "invalid_value", "p.type"] as const,
      ...["#/$defs/missing", "#/$defs/text", "#/$defs/loop", "#/$defs/constructor", "#/nowhere/a", "https://example.com/a", "#", 7]
        .map(($ref) => [{ [key]: [{ $ref }], $defs: { text: string, loop: { $ref: "#/$defs/loop" } } }, "invalid_value", `p.${key}`] as const),
    ]),
    [{ anyOf: [{ type: "object" }], oneOf: [{ type: "object" }] }, "invalid_value", "p.anyOf"],
    [{ oneOf: [{ type: "object" }], allOf: [{ type: "object" }] }, "invalid_value", "p.oneOf"],
  ];
  for (const [schema, kind, param] of cases) it(JSON.stringify(schema).slice(0, 80), () => assert.deepEqual(refusal(schema), [kind, param]));
});

describe("a union at the top becomes one object", () => {
  const cat = { type: "object", properties: { kind: { const: "cat" }, lives: number }, required: ["kind", "lives"] };
  const dog = { type: "object", properties: { kind: { const: "dog" }, name: string, lives: number }, required: ["name", "kind"] };
  const properties = { kind: { anyOf: [{ const: "cat" }, { const: "dog" }] }, lives: number, name: string };

  for (const [key, words] of [["anyOf", "At least"], ["oneOf", "Exactly"]] as const) {
    it(`of ${key}: what all need is needed, and the shapes are told in words`, () => {
      assert.deepEqual(taken({ [key]: [cat, dog] }), { type: "object", properties, required: ["kind"], description: `${words} one of these shapes must fit: ${JSON.stringify([cat, dog])}` });
    });
  }

  it("of allOf: what any needs is needed, and what several say of a property holds together", () => {
    assert.deepEqual(taken({ allOf: [cat, dog], description: "D" }), { type: "object", properties: { ...properties, kind: { allOf: [{ const: "cat" }, { const: "dog" }] } }, required: ["kind", "lives", "name"], description: "D" });
  });

  it("keeps what stands beside it", () => {
    const made = taken({ type: "object", title: "T", description: "D", properties: { id: string }, required: ["id"], additionalProperties: false, anyOf: [{ required: ["id", "a"] }, { properties: { a: number }, required: ["a"] }] });
    assert.deepEqual(made, {
      type: "object", title: "T", properties: { id: string, a: number }, required: ["id", "a"], additionalProperties: false,
      description: `D\n\nAt least one of these shapes must fit: ${JSON.stringify([{ required: ["id", "a"] }, { properties: { a: number }, required: ["a"] }])}`,
    });
  });

  it("follows references to its own definitions", () => {
    for (const holder of ["$defs", "definitions"]) {
      const made = taken({ anyOf: [{ $ref: `#/${holder}/Cat` }, { $ref: `#/${holder}/Dog` }], [holder]: { Cat: cat, Dog: dog } });
      assert.deepEqual([made["properties"], made["required"], made[holder]], [properties, ["kind"], { Cat: cat, Dog: dog }]);
    }
  });

  it("takes members that are objects among other things", () => assert.deepEqual(taken({ allOf: [{ type: ["object", "null"], properties: { a: string } }] }), { type: "object", properties: { a: string }, required: [] }));

  it("says the same property once, and leaves out requirements that are none", () => {
    assert.deepEqual(taken({ allOf: [{ properties: { a: string }, required: [7, "a", "a"] }, { properties: { a: string }, required: "a" }] }), { type: "object", properties: { a: string }, required: ["a"] });
  });

  it("keeps a property called __proto__ a property", () => assert.deepEqual(Object.keys(taken({ allOf: [JSON.parse('{"properties":{"__proto__":{}}}')] })["properties"] as object), ["__proto__"]));

  it("may have a hundred members, and no more", () => {
    const union = (members: number): object => ({ allOf: Array.from({ length: members }, (_, index) => ({ properties: { a: { const: index } } })) });
    taken(union(100));
    assert.throws(() => taken(union(101)), /at most 100 shapes, got 101/u);
  });

  it("whose members all refer to one long definition is told once, and by its properties' names", () => {
    const schema = taken({ anyOf: Array.from({ length: 100 }, () => ({ $ref: "#/$defs/A" })), $defs: { A: { type: "object", properties: { a: { const: "x".repeat(30_000) } } } } });
    assert.ok(JSON.stringify(schema["description"]).length < 200, "not the definition");
  });
});

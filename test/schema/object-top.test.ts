import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BridgeError } from "../../src/errors.ts";
import { clientSchema } from "../../src/schema/client-schema.ts";
import { findBreach } from "../support/anthropic-rules/rules.ts";
import { fitsSchema } from "../support/schema-sources/judge.ts";

const string = { type: "string" };
const number = { type: "number" };

/** The schema, which the Messages API must take as a tool's. */
function taken(schema: unknown): Readonly<Record<string, unknown>> {
  const { schema: made } = clientSchema(schema, { path: "p" });
  assert.equal(findBreach({ model: "m", max_tokens: 1, messages: [{ role: "user", content: "hi" }], tools: [{ name: "f", input_schema: made }] }), null);
  return made;
}

function refusal(schema: unknown): string | undefined {
  try {
    clientSchema(schema, { path: "p" });
  } catch (error) {
    assert.ok(error instanceof BridgeError, String(error));
    assert.ok(error.message.startsWith(`${error.field}: `), error.message);
    return error.field;
  }
  return assert.fail(`taken: ${JSON.stringify(schema)}`);
}

/** Judges documents by both. */
function judgedAlike(schema: object, documents: readonly object[]): void {
  const made = taken(schema);
  for (const document of documents) assert.equal(fitsSchema(made, document, "2020-12"), fitsSchema(schema, document, "2020-12"), `${JSON.stringify(document)} by ${JSON.stringify(made)}`);
}

describe("the top of a schema", () => {
  for (const type of [undefined, ["object"], ["object", "null"], ["null", "object"], "Object", "dict", null, []]) {
    it(`whose type is ${JSON.stringify(type)} is an object`, () => assert.deepEqual(taken({ ...(type === undefined ? {} : { type }), properties: { a: string } }), { type: "object", properties: { a: string } }));
  }

  for (const [schema, field] of [
    [{ type: "string" }, "p.type"], [{ type: ["string", "null"] }, "p.type"],
    ...(["anyOf", "oneOf", "allOf"] as const).flatMap((key) => [
      ...[[string], [{ type: "null" }], [{ type: ["string", "null"] }], [{ $ref: "#/$defs/text" }]].map((members) => [{ [key]: members, $defs: { text: string } }, `p.${key}`] as const),
      [{ type: "array", [key]: [{ properties: {} }] }, "p.type"] as const,
    ]),
    [{ allOf: [{ type: "object" }, string] }, "p.allOf"],
  ] as const) it(`${JSON.stringify(schema)} is refused`, () => assert.equal(refusal(schema), field));
});

describe("a union at the top", () => {
  const cat = { type: "object", properties: { kind: { const: "cat" }, lives: number }, required: ["kind", "lives"] };
  const dog = { type: "object", properties: { kind: { const: "dog" }, name: string, lives: number }, required: ["name", "kind"] };
  const closed = (schema: object): object => ({ ...schema, additionalProperties: false });
  const documents = [
    {}, { kind: "cat" }, { kind: "cat", lives: 9 }, { kind: "dog", name: "x" }, { kind: "dog", name: 5 }, { kind: "cat", lives: 9, name: 5 }, { kind: "dog", name: "x", lives: "many" },
    { kind: "fish", lives: 1, name: "x" }, { kind: "cat", lives: 9, more: 1 }, { lives: 1, name: "x" },
  ];

  for (const key of ["anyOf", "oneOf"] as const) {
    it(`of ${key} moves into a definition, and the top shows what its members have`, () => {
      const made = taken({ title: "T", [key]: [closed(cat), closed(dog)] });
      assert.deepEqual(made, {
        title: "T", type: "object", properties: { kind: { anyOf: [{ const: "cat" }, { const: "dog" }] }, lives: number, name: string }, required: ["kind"],
        $defs: { shape: { [key]: [closed(cat), closed(dog)] } }, $ref: "#/$defs/shape",
      });
    });

    it(`of ${key} means what it meant, with open members and with closed ones, and with null among them`, () => {
      judgedAlike({ [key]: [cat, dog] }, documents);
      judgedAlike({ [key]: [closed(cat), closed(dog)] }, documents);
      judgedAlike({ [key]: [closed(cat), { type: "null" }, { $ref: "#/$defs/Dog" }], $defs: { Dog: closed(dog) } }, documents);
      judgedAlike({ type: "object", properties: { kind: string, lives: { minimum: 2 } }, additionalProperties: false, [key]: [{ required: ["lives"] }, { required: ["kind"] }] }, documents);
    });
  }

  it("of allOf whose members are plain is one object", () => {
    assert.deepEqual(taken({ allOf: [cat, dog], description: "D" }), { description: "D", type: "object", properties: { kind: { allOf: [{ const: "cat" }, { const: "dog" }] }, lives: number, name: string }, required: ["kind", "lives", "name"] });
    judgedAlike({ allOf: [closed(cat), { required: ["name"] }] }, documents);
  });

  it("of allOf loses nothing that stands in an allOf of a member, as where one schema extends another", () => {
    const animal = { properties: { name: { type: "string", description: "Its name." } }, required: ["name"] };
    const definitions = { Animal: animal, Dog: { allOf: [{ $ref: "#/$defs/Animal" }, { properties: { barks: { type: "boolean" } } }] } };
    const extended = { allOf: [{ $ref: "#/$defs/Dog" }, { properties: { lives: number } }], $defs: definitions };
    const { properties, $defs: { shape, ...others } } = taken(extended) as any;
    assert.deepEqual([shape, others, Object.keys(properties)], [{ allOf: extended.allOf }, definitions, ["lives"]]);
    judgedAlike(extended, [{}, { name: "Rex" }, { name: 1 }, { name: "Rex", barks: 1 }, { name: "Rex", lives: 9 }]);
  });
  it("of allOf keeps what a member is described by", () => {
    const described = { allOf: [{ ...cat, description: "A cat." }, dog] };
    assert.deepEqual((taken(described) as any).$defs.shape, described);
  });
  it("with a member that anything fits holds to nothing", () => {
    for (const key of ["anyOf", "oneOf", "allOf"]) judgedAlike({ [key]: [{ properties: { a: number }, required: ["a"] }, true] }, [{}, { a: 1 }, { a: "x" }]);
  });
  it("beside another one holds too", () => judgedAlike({ anyOf: [cat, dog], oneOf: [{ required: ["lives"] }, { required: ["name"] }], allOf: [{ minProperties: 2 }] }, documents));

  it("takes the pointers into it along", () => {
    judgedAlike({ anyOf: [cat, { properties: { lives: { $ref: "#/anyOf/0/properties/lives" }, next: { $ref: "#" } }, required: ["next"] }] }, [...documents, { next: {} }, { next: { kind: "cat", lives: 1 } }, { next: { next: { kind: "cat", lives: 1 } }, lives: "x" }]);
  });

  it("keeps a property called __proto__ a property", () => assert.deepEqual(Object.keys(taken({ allOf: [JSON.parse('{"properties":{"__proto__":{}}}')] })["properties"] as object), ["__proto__"]));

  it("may have a hundred members, and no more", () => {
    const union = (members: number): object => ({ allOf: Array.from({ length: members }, (_, index) => ({ properties: { a: { const: index } } })) });
    taken(union(100));
    assert.throws(() => taken(union(101)), /at most 100 shapes, got 101/u);
  });

  it("whose members all refer to one long definition shows it once", () => {
    const schema = taken({ anyOf: Array.from({ length: 100 }, () => ({ $ref: "#/$defs/A" })), $defs: { A: { type: "object", properties: { a: { const: "x".repeat(30_000) } } } } });
    assert.ok(JSON.stringify(schema).length < 70_000);
  });
});

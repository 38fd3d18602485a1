import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { exclusiveText } from "../../src/own-words.ts";
import { clientAnswerSchema } from "../../src/schema/client-schema.ts";
import { compiledSchema } from "../../src/schema/compiled.ts";
import { findBreach } from "../support/anthropic-rules/rules.ts";

const closed = (properties: object, more: object = {}): object => ({ type: "object", properties, additionalProperties: false, ...more });
const told = (keywords: object): string => `Must also fit the JSON Schema ${JSON.stringify(keywords)}.`;
const breachOf = (schema: unknown): string | undefined => findBreach({
  model: "claude-opus-5", max_tokens: 1, messages: [{ role: "user", content: "hi" }], output_config: { format: { type: "json_schema", schema } },
})?.message;

describe("a schema as the API compiles it for an answer", () => {
  const cases: readonly (readonly [what: string, given: object, compiled: object])[] = [
    ["closes objects, also further in", { type: "object", properties: { a: { type: "array", items: { type: "object", properties: { b: { type: "string" } } } } } },
      closed({ a: { type: "array", items: closed({ b: { type: "string" } }) } })],
    ["keeps what the API takes", closed({ a: { type: ["string", "null"], enum: ["x", null], description: "A" }, b: { type: "array", items: { type: "number" }, minItems: 1 }, c: { type: "string", format: "date", pattern: "^2\\d+$" } }, { required: ["a"], title: "T" }),
      closed({ a: { type: ["string", "null"], enum: ["x", null], description: "A" }, b: { type: "array", items: { type: "number" }, minItems: 1 }, c: { type: "string", format: "date", pattern: "^2\\d+$" } }, { required: ["a"], title: "T" })],
    ["tells bounds in words", closed({ a: { type: "integer", minimum: 1, maximum: 5, description: "A" }, b: { type: "array", items: { type: "string" }, minItems: 2 } }),
      closed({ a: { type: "integer", description: `A\n\n${told({ minimum: 1, maximum: 5 })}` }, b: { type: "array", items: { type: "string" }, description: told({ minItems: 2 }) } })],
    ["tells formats and patterns in words that the API has no machine for", closed({ a: { type: "string", format: "color" }, b: { type: "string", pattern: "^(?!x)" } }),
      closed({ a: { type: "string", description: told({ format: "color" }) }, b: { type: "string", description: told({ pattern: "^(?!x)" }) } })],
    ["has a tuple as a list of what may stand in it", closed({ a: { type: "array", prefixItems: [{ type: "string" }, { type: "number" }, { type: "string" }], items: false } }),
      closed({ a: { type: "array", items: { anyOf: [{ type: "string" }, { type: "number" }] }, description: told({ prefixItems: [{ type: "string" }, { type: "number" }, { type: "string" }], items: false }) } })],
    ["has `oneOf` as `anyOf`", closed({ a: { oneOf: [{ type: "string" }, { type: "null" }], description: "A" } }), closed({ a: { description: "A", anyOf: [{ type: "string" }, { type: "null" }] } })],
    ...([
      ["of one kind", [{ type: "integer" }, { type: "number" }]], ["of values that both list", [{ enum: ["x", "y"] }, { type: ["string", "null"], enum: ["y", null] }]],
      ["of objects with the same properties", [closed({ b: { type: "string" } }, { required: ["b"] }), closed({ b: { type: "string" }, c: { type: "string" } })]],
      ["of objects that list nothing that tells them apart", [closed({ b: { type: "string" } }), closed({ c: { type: "string" } })]],
      ["of unions", [{ anyOf: [{ type: "string" }, { type: "null" }] }, { type: "integer" }]],
      ["of more than are compared", Array.from({ length: 101 }, (_, index) => ({ type: "number", const: index }))],
    ] as const).map(([what, members]): readonly [string, object, object] => [
      `tells in words that one of \`oneOf\` may fit alone, ${what}`, closed({ a: { oneOf: members, description: "A" } }),
      closed({ a: { description: `A\n\n${exclusiveText}`, anyOf: members.map((member) => ("enum" in member ? { type: "string", ...member } : member)) } }),
    ]),
    ...([
      ["types", [{ type: "string" }, { type: "integer" }, { type: ["null", "boolean"] }]], ["values", [{ type: "string", const: "x" }, { type: "string", enum: ["y", "z"] }]],
      ["a property's value that one requires", [closed({ b: { type: "string", const: "x" } }), closed({ b: { type: "string", const: "y" } }, { required: ["b"] })]],
      ["a property that one requires and the other does not have", [closed({ b: { type: "string" } }), closed({ c: { type: "string" } }, { required: ["c"] })]],
    ] as const).map(([what, oneOf]): readonly [string, object, object] => [`has \`oneOf\` without words where its members are told apart by ${what}`, closed({ a: { oneOf } }), closed({ a: { anyOf: oneOf } })]),
    ["looks into the definitions for what tells the members of `oneOf` apart", closed({ a: { oneOf: [{ $ref: "#/$defs/B" }, { $ref: "#/$defs/C" }] }, d: { oneOf: [{ $ref: "#/$defs/B" }, { $ref: "#/$defs/B" }] } }, { $defs: { B: closed({ b: { type: "string" } }), C: { type: "null" } } }),
      closed({ a: { anyOf: [{ $ref: "#/$defs/B" }, { $ref: "#/$defs/C" }] }, d: { description: exclusiveText, anyOf: [{ $ref: "#/$defs/B" }, { $ref: "#/$defs/B" }] } }, { $defs: { B: closed({ b: { type: "string" } }), C: { type: "null" } } })],
    ["keeps references, what stands beside them for the model, and the definitions that they lead to", closed({ a: { allOf: [{ $ref: "#/$defs/B" }], description: "A" } }, { $defs: { B: { type: "object", properties: { c: { $ref: "#/$defs/C" } } }, C: { enum: [1, 2] }, D: {} } }),
      closed({ a: { $ref: "#/$defs/B", description: "A" } }, { $defs: { B: closed({ c: { $ref: "#/$defs/C" } }), C: { type: "number", enum: [1, 2] } } })],
    ["tells in words which properties are required together", closed({ a: { type: "string" }, b: { type: "string" } }, { anyOf: [{ required: ["a"] }, { required: ["b"] }] }),
      { description: told({ anyOf: [{ required: ["a"] }, { required: ["b"] }] }), ...closed({ a: { type: "string" }, b: { type: "string" } }) }],
    ["is a union at the top where the client's is", { type: "object", anyOf: [{ properties: { a: { type: "string" } } }, closed({ b: { type: "string" } })] }, { anyOf: [closed({ a: { type: "string" } }), closed({ b: { type: "string" } })] }],
  ];
  for (const [what, given, compiled] of cases) {
    it(what, () => {
      assert.deepEqual(compiledSchema({ ...given }), compiled);
      assert.equal(breachOf(compiled), undefined);
    });
  }

  const none: Readonly<Record<string, object>> = {
    "an object of any properties": { type: "object" },
    "an object of any properties further in": closed({ a: { type: "object", properties: {} } }),
    "a map": closed({ a: { type: "object", additionalProperties: { type: "string" } } }),
    "an object that says it is open": { type: "object", properties: { a: { type: "string" } }, additionalProperties: true },
    "a value of any type": closed({ a: {} }), "a list of any values": closed({ a: { type: "array", items: {} } }),
    recursion: closed({ a: { $ref: "#/$defs/A" } }, { $defs: { A: closed({ next: { $ref: "#/$defs/A" } }) } }),
    "recursion to the root": closed({ a: { $ref: "#" } }), "a reference out of it": closed({ a: { $ref: "https://example.com/a.json" } }),
    "a reference beside which more holds": closed({ a: { $ref: "#/$defs/A", properties: {} } }, { $defs: { A: closed({}) } }),
    "several schemas at once": closed({ a: { allOf: [closed({ b: { type: "string" } }), closed({ c: { type: "string" } })] } }),
    "patterns of names": closed({}, { patternProperties: { "^a": { type: "string" } } }),
    conditions: closed({ a: { type: "string" } }, { if: { required: ["a"] }, then: { required: ["b"] } }),
    "a required property that is not listed": { type: "object", properties: { a: { type: "string" } }, required: ["b"] },
    "objects among the values": closed({ a: { enum: [{ b: 1 }] } }), "nothing that fits": closed({ a: { type: "string", not: {} } }),
    "words that would refer to a definition": closed({ a: { type: "string", not: { $ref: "#/$defs/A" } } }, { $defs: { A: { const: "x" } } }),
    "a union beside properties": closed({ a: { type: "string" } }, { anyOf: [closed({ a: { const: "x" } })] }),
  };
  for (const [what, schema] of Object.entries(none)) it(`is none for ${what}`, () => assert.equal(compiledSchema({ ...schema }), undefined));

  it("is none for schemas that stand in one another more than a hundred deep, however deep", () => {
    const nested = (depth: number): object => {
      let schema: object = { type: "string" };
      for (let at = 1; at < depth; at++) schema = closed({ a: schema });
      return schema;
    };
    assert.deepEqual([100, 101, 2_000].map((depth) => compiledSchema({ ...nested(depth) }) === undefined), [false, true, true]);
  });

  it("has a union at its top where a tool's schema could have none", () => {
    const shapes = [closed({ a: { type: "string" } }), closed({ b: { type: "string" } })];
    const { schema, compiled } = clientAnswerSchema({ oneOf: shapes }, { path: "s" });
    assert.equal(schema["type"], "object");
    assert.deepEqual(compiled, { description: exclusiveText, anyOf: shapes });
  });
});

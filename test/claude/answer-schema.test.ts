import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ignoredKeywords } from "../../src/api/openai/schema-keywords.ts";
import { clientSchema } from "../../src/schema/client-schema.ts";
import { answerSchema } from "../../src/claude/answer-schema.ts";

const withProperty = (a: unknown, more: Record<string, unknown> = {}) => ({ type: "object", properties: { a }, ...more });

/** As the CLI gets it, of what a client wrote. */
const given = (schema: unknown): object => answerSchema(clientSchema(schema, { path: "schema" }).schema);

/** A property as the client wrote it, and as the CLI gets it. */
const rewritten: readonly (readonly [what: string, written: unknown, given: unknown])[] = [
  ["an unknown keyword", { type: "string", xyz: 3, discriminator: { propertyName: "k" } }, { type: "string" }],
  ["a format", { type: "string", format: "uuid" }, { type: "string", description: "Format: uuid." }],
  ["a format beside a description", { type: "string", description: "An id.", format: "uuid" }, { type: "string", description: "An id.\n\nFormat: uuid." }],
  ["a tuple of 2020-12", { type: "array", prefixItems: [{ type: "string" }, { type: "null" }], items: false }, { type: "array", items: { anyOf: [{ type: "string" }, { type: "null" }] } }],
  ["a tuple of draft-07", { type: "array", items: [{ type: "string" }] }, { type: "array", items: { anyOf: [{ type: "string" }] } }],
  ["a pattern that is none", { type: "string", pattern: "(?i)x" }, { type: "string" }],
  ["a pattern", { type: "string", pattern: "^\\p{L}+$" }, { type: "string", pattern: "^\\p{L}+$" }],
  ["a boolean schema", { items: true }, { items: true }],
  ["a union's members", { anyOf: [{ type: "string", format: "date" }, { type: "null" }] }, { anyOf: [{ type: "string", description: "Format: date." }, { type: "null" }] }],
  ["a default and an enum", { default: { $ref: 3 }, enum: ["a", null] }, { default: { $ref: 3 }, enum: ["a", null] }],
  ["properties with names of keywords", { type: "object", properties: { items: { type: "string" }, xyz: {} } }, { type: "object", properties: { items: { type: "string" }, xyz: {} } }],
  ["patterns of properties", { patternProperties: { "^x-": { type: "string" } }, additionalProperties: false }, { patternProperties: { "^x-": { type: "string" } }, additionalProperties: false }],
  ["patterns that fit a property", { properties: { a: {} }, patternProperties: { "^a": {} }, additionalProperties: false }, { properties: { a: {} }, additionalProperties: true }],
];

describe("an answer's schema", () => {
  for (const [what, written, expected] of rewritten) {
    it(`as the CLI takes it: ${what}`, () => {
      assert.deepEqual(given(withProperty(written)), withProperty(expected));
    });
  }

  it("loses its dialect and what draft-07 does not know", () => {
    const schema = withProperty({ type: "string" }, { required: ["a", "a"], additionalProperties: false });
    const more = { $schema: "https://json-schema.org/draft/2020-12/schema", $id: "https://example.com/a", unevaluatedProperties: false, dependentRequired: { a: ["b"] }, strict: true };
    assert.deepEqual(given({ ...schema, ...more }), { ...schema, required: ["a"] });
  });

  it("holds every keyword of any draft that constrains an answer, or the README names it as ignored", () => {
    /** Each with a value that says something. */
    const constraints: Readonly<Record<string, unknown>> = {
      type: "string", enum: ["a"], const: "a", multipleOf: 2, minimum: 1, maximum: 2, exclusiveMinimum: 1, exclusiveMaximum: 2, minLength: 1, maxLength: 2, pattern: "a",
      items: {}, prefixItems: [{}], additionalItems: false, unevaluatedItems: false, contains: {}, minContains: 1, maxContains: 2, minItems: 1, maxItems: 2, uniqueItems: true,
      properties: { a: {} }, patternProperties: { a: {} }, additionalProperties: false, unevaluatedProperties: false, propertyNames: {}, required: ["a"], minProperties: 1, maxProperties: 2,
      dependencies: { a: ["b"] }, dependentRequired: { a: ["b"] }, dependentSchemas: { a: {} }, allOf: [{}], anyOf: [{}], oneOf: [{}], not: {}, if: {}, then: {}, else: {},
      $ref: "#", $dynamicRef: "#", $recursiveRef: "#", format: "date",
    };
    const repaired = (a: unknown) => clientSchema(withProperty(a), { path: "schema" }).schema;
    const isLost = (name: string): boolean => JSON.stringify(answerSchema(repaired({ [name]: constraints[name], ...(name === "additionalItems" ? { items: [{}] } : {}) }))) === JSON.stringify(withProperty({}));
    assert.deepEqual(Object.keys(constraints).filter(isLost).sort(), [...ignoredKeywords].sort());
  });

  it("keeps the references that lead somewhere, and no others", () => {
    const definitions = { $defs: { "a/b": { type: "object", properties: { again: { $ref: "#" } } }, other: { $ref: "#/$defs/a~1b" } } };
    for (const reference of ["#", "#/$defs/a~1b", "#/$defs/other", "#/properties/a"]) {
      assert.deepEqual(answerSchema(withProperty({ $ref: reference }, definitions)), withProperty({ $ref: reference }, definitions));
    }
    for (const reference of ["#/$defs/gone", "#/components/schemas/A", "https://example.com/a", "#anchor", 3]) {
      assert.deepEqual(answerSchema(withProperty({ $ref: reference }, { ...definitions, components: { schemas: { A: {} } } })), withProperty({}, definitions));
    }
  });
});

/**
 * Schemas of many drafts and generators arrive whole in meaning: documents are judged alike by what the client wrote
 * and by what the API gets, or the schema is refused by its place.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BridgeError } from "../../src/errors.ts";
import { constraintTexts, exclusiveText } from "../../src/own-words.ts";
import { clientAnswerSchema, clientSchema } from "../../src/schema/client-schema.ts";
import { renamedText } from "../../src/schema/key-rewriter.ts";
import { renamedValue } from "../../src/schema/schema-place.ts";
import { findBreach } from "../support/anthropic-rules/rules.ts";
import { seededRandom } from "../support/random.ts";
import { sampleOf, seedOf } from "../support/sample.ts";
import { type Case, casesOf } from "../support/schema-sources/cases.ts";
import { fitsSchema } from "../support/schema-sources/judge.ts";
import { sources } from "../support/schema-sources/sources.ts";

const casesWhole = 25;
const casesPerSource = sampleOf({ what: `schemas of each of ${sources.length} sources`, small: 4, whole: casesWhole });
/**
 * How many of a source's whole sample at least compile for an answer: half as many as with the usual seed. Of 2020-12 none does: its
 * references are dynamic. The rest are recursive, or have a value of any type.
 */
const compiledMin: Readonly<Record<string, number>> = {
  "draft-03": 5, "draft-04": 3, "draft-06": 1, "draft-07": 2, "2019-09": 2, "2020-12": 0, "OpenAPI 3.0": 4, "OpenAPI 3.1": 6, "pydantic v1": 5, "pydantic v2": 2,
  "zod-to-json-schema": 2, "Go (invopop)": 7, "Go (structs, by hand)": 6, PHP: 1, TypeBox: 2, "C# (NJsonSchema)": 5, "MCP servers": 3, "Python, by hand": 6,
};
const seed = seedOf(4711);

/** Whether the schema arrived; false where it was refused by its place. */
function arrives({ schema, documents }: Case, subject: string): boolean {
  const sent = JSON.stringify(schema);
  let made: ReturnType<typeof clientSchema>;
  try {
    made = clientSchema(JSON.parse(sent), { path: "tools[0].parameters", whose: 'tool "look"' });
  } catch (error) {
    assert.ok(error instanceof BridgeError && error.field?.startsWith("tools[0].parameters") === true, `${subject} ${sent}: ${String(error)}`);
    assert.match(error.message, /tool "look"/u);
    return false;
  }
  const { keys } = made;
  const arrived = JSON.parse(JSON.stringify(made.schema)) as unknown;
  const breach = findBreach({ model: "m", max_tokens: 1, messages: [{ role: "user", content: "hi" }], tools: [{ name: "look", input_schema: arrived }] });
  if (breach !== null) assert.fail(`${subject} ${sent} arrives as ${JSON.stringify(arrived)}: ${breach.message}`);
  for (const [isValid, judged] of [[true, documents.valid], [false, documents.invalid]] as const) {
    for (const document of judged) {
      const told = keys === undefined ? document : renamedValue(document, keys, "toModel");
      if (fitsSchema(arrived, told, "2020-12") !== isValid) assert.fail(`${subject}: ${JSON.stringify(document)} by ${sent}, which arrives as ${JSON.stringify(arrived)}`);
      if (keys === undefined) continue;
      assert.deepEqual(renamedValue(told, keys, "toClient"), document, subject);
      assert.equal(renamedText(JSON.stringify(told), keys, "toClient"), JSON.stringify(document), subject);
    }
  }
  return true;
}

/**
 * Whether the API compiles it for an answer. Then the API takes it, and what fits it, its words included, fits the
 * client's; what fits the client's alone has properties, or members of a tuple, that the client's does not list.
 */
function compiles({ schema, documents }: Case, subject: string): boolean {
  const sent = JSON.stringify(schema);
  const { compiled, keys } = clientAnswerSchema(JSON.parse(sent), { path: "s" });
  if (compiled === undefined) return false;
  const given = JSON.parse(JSON.stringify(compiled)) as object;
  const breach = findBreach({ model: "m", max_tokens: 1, messages: [{ role: "user", content: "hi" }], output_config: { format: { type: "json_schema", schema: given } } });
  if (breach !== null) assert.fail(`${subject} ${sent} is compiled as ${JSON.stringify(given)}: ${breach.message}`);
  const whole = withWords(given);
  for (const [isValid, judged] of [[true, documents.valid], [false, documents.invalid]] as const) {
    for (const document of judged) {
      const told = keys === undefined ? document : renamedValue(document, keys, "toModel");
      const fits = fitsSchema(whole, told, "2020-12");
      if (fits && !isValid) assert.fail(`${subject}: ${JSON.stringify(document)} fits what ${sent} is compiled as: ${JSON.stringify(given)}`);
      if (!fits && isValid && !fitsSchema(opened(whole), told, "2020-12")) assert.fail(`${subject}: ${JSON.stringify(document)} does not fit what ${sent} is compiled as: ${JSON.stringify(given)}`);
    }
  }
  return true;
}

/** With the constraints that its descriptions tell. */
function withWords(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withWords);
  if (typeof value !== "object" || value === null) return value;
  const schema = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withWords(inner)]));
  const { description, anyOf, ...rest } = schema;
  if (typeof description === "string" && description.endsWith(exclusiveText)) return { ...rest, oneOf: anyOf };
  const [before, after] = constraintTexts;
  const at = typeof description === "string" ? description.lastIndexOf(before) : -1;
  if (at === -1) return schema;
  const words = JSON.parse((description as string).slice(at + before.length, -after.length)) as object;
  return { ...schema, allOf: [words] };
}

/** With objects that may have any further properties, and tuples that may have any further members. */
function opened(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(opened);
  if (typeof value !== "object" || value === null) return value;
  const words = (value as { readonly allOf?: readonly object[] }).allOf?.[0] ?? {};
  const closing = ["additionalProperties", ...("prefixItems" in words && !("items" in words) ? ["items"] : [])];
  return Object.fromEntries(Object.entries(value).flatMap(([key, inner]) => (closing.includes(key) ? [] : [[key, opened(inner)]])));
}

describe("a schema as its generator writes it arrives whole in meaning, or is refused by its place", () => {
  const seen = new Set<string>();
  for (const source of sources) {
    it(`of ${source.name}`, (t) => {
      const cases = casesOf(source, casesPerSource, seen, seededRandom(seed + source.name.length));
      assert.equal(cases.length, casesPerSource);
      const arrived = cases.filter((one, index) => arrives(one, `${source.name} ${index}`)).length;
      const compiled = cases.filter((one, index) => compiles(one, `${source.name} ${index}`)).length;
      t.diagnostic(`${arrived} of ${cases.length} arrive, the others are refused; the API compiles ${compiled} for an answer`);
      assert.ok(arrived >= casesPerSource - 3, `only ${arrived} arrive`);
      if (casesPerSource >= casesWhole) assert.ok(compiled >= (compiledMin[source.name] ?? casesPerSource), `only ${compiled} compile`);
    });
  }

  it("is of no two with the same keywords", () => assert.equal(seen.size, sources.length * casesPerSource));
});

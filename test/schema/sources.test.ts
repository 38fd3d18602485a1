/**
 * Schemas of many drafts and generators arrive whole in meaning: documents are judged alike by what the client wrote
 * and by what the API gets, or the schema is refused by its place.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BridgeError } from "../../src/errors.ts";
import { clientSchema } from "../../src/schema/client-schema.ts";
import { renamedText } from "../../src/schema/key-rewriter.ts";
import { renamedValue } from "../../src/schema/place.ts";
import { findBreach } from "../support/anthropic-rules/rules.ts";
import { seededRandom } from "../support/random.ts";
import { seedOf } from "../support/sample.ts";
import { type Case, casesOf } from "../support/schema-sources/cases.ts";
import { fitsSchema } from "../support/schema-sources/judge.ts";
import { sources } from "../support/schema-sources/sources.ts";

const casesPerSource = 25;
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

describe("a schema as its generator writes it arrives whole in meaning, or is refused by its place", () => {
  const seen = new Set<string>();
  for (const source of sources) {
    it(`of ${source.name}`, (t) => {
      const cases = casesOf(source, casesPerSource, seen, seededRandom(seed + source.name.length));
      assert.equal(cases.length, casesPerSource);
      const arrived = cases.filter((one, index) => arrives(one, `${source.name} ${index}`)).length;
      t.diagnostic(`${arrived} of ${cases.length} arrive, the others are refused`);
      assert.ok(arrived >= casesPerSource - 3, `only ${arrived} arrive`);
    });
  }

  it("is of no two with the same keywords", () => assert.equal(seen.size, sources.length * casesPerSource));
});

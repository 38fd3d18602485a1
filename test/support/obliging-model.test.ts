/** The made-up model answers what a schema demands: what the server makes of that is then the server's doing. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { clientAnswerSchema } from "../../src/schema/client-schema.ts";
import type { StubAnswer, StubRequestBody } from "./anthropic-stub.ts";
import { chatGrammar } from "./chat-grammar.ts";
import { obligingModel } from "./obliging-model.ts";
import { seededRandom } from "./random.ts";
import { withoutFormats } from "./raw-body-schemas.ts";
import { fitsSchema } from "./schema-sources/judge.ts";

type Drawn = Readonly<Record<string, unknown>>;

const drawsOfTools = 300;
const asked: StubRequestBody = { model: "claude-sonnet-5-5", max_tokens: 100, messages: [{ role: "user", content: "one" }] };

const ask = (more: object): StubAnswer => obligingModel(seededRandom(1)).answer({ ...asked, ...more });

/** The answer that the CLI's tool is called with. */
function calledWith(schema: unknown): unknown {
  const answer = ask({ tools: [{ name: "StructuredOutput", input_schema: schema }] });
  const call = answer.kind === "message" ? answer.blocks.find(({ type }) => type === "tool_use") : undefined;
  return call?.type === "tool_use" ? call.input : assert.fail("no call");
}

/** The answer that the API itself holds to the schema. */
function formattedBy(schema: object): unknown {
  const answer = ask({ output_config: { format: { type: "json_schema", schema } } });
  const text = answer.kind === "message" ? answer.blocks.find(({ type }) => type === "text") : undefined;
  return text?.type === "text" ? JSON.parse(text.deltas.join("")) : assert.fail("no text");
}

/** With a union at its top that only a name fits which none of its members lists. */
const oneOf = {
  oneOf: [{ type: "object", properties: {}, required: ["city"] }, { type: "object", properties: {}, required: ["nothing"] }],
};

describe("the made-up model that does what it is asked", () => {
  it("answers each schema that the grammar draws, by the CLI's tool and by the API's format", () => {
    const grammar = chatGrammar(seededRandom(9));
    const drawn = Array.from({ length: drawsOfTools }, () => grammar.tools()).flat().map((tool) => (
      (tool as { readonly function: { readonly parameters: Drawn | null | undefined } }).function.parameters ?? {}));
    const counts = { unions: 0, formats: 0 };
    for (const parameters of drawn) {
      const { schema, compiled } = clientAnswerSchema(parameters, { path: "" });
      const told = withoutFormats(schema);
      const input = calledWith(told);
      const judged = [told, parameters].map((one) => fitsSchema(one, input, "2020-12"));
      assert.deepEqual(judged, [true, true], `${JSON.stringify(input)} for ${JSON.stringify(parameters)}`);
      if (parameters["oneOf"] !== undefined) counts.unions++;
      if (compiled === undefined) continue;
      counts.formats++;
      const answer = formattedBy(compiled);
      assert.ok(fitsSchema(compiled, answer, "2020-12"), `${JSON.stringify(answer)} for ${JSON.stringify(compiled)}`);
    }
    assert.ok(counts.unions > 10 && counts.formats > 10, JSON.stringify(counts));
  });

  it("finds the name that only a member of a union demands", () => {
    const { schema } = clientAnswerSchema(oneOf, { path: "" });
    assert.deepEqual(calledWith(schema), { city: "Zürich" });
  });

  it("says what the top demands where nothing fits", () => {
    const schema = { type: "object", properties: {}, required: ["city"], additionalProperties: false };
    assert.deepEqual(calledWith(schema), { city: "Zürich" });
  });
});

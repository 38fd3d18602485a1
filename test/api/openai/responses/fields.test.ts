import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { responsesFields } from "../../../../src/api/openai/responses/fields.ts";
import { parseResponsesRequest } from "../../../../src/api/openai/responses/request.ts";
import { storedBytesMax, storedMax, StoredResponses } from "../../../../src/api/openai/responses/stored.ts";
import { wireText } from "../../../../src/json-text.ts";
import { type FieldTableUnderTest, testFieldTable } from "../../../support/field-table.ts";

const stored = new StoredResponses();
stored.keep({ id: "resp_1", input: [{ type: "message", role: "user", content: "before" }], output: [{ id: "msg_1", type: "message", role: "assistant", content: "yes" }], body: wireText`{}` });

/** What the answer only repeats is no effect. */
const parse = (more: Readonly<Record<string, unknown>> = {}): object => {
  const { echo: _echo, ...request } = parseResponsesRequest({ model: "opus", input: "hi", ...more }, "default-model", stored);
  return request;
};

const inside: FieldTableUnderTest["inside"] = [
  ["text", "verbosity", (more) => ({ format: { type: "text" }, ...more }), "low"],
  ["reasoning", "summary", (more) => ({ effort: "low", ...more }), "auto"],
];
const tools = [{ type: "function", name: "f" }];
const honoured: FieldTableUnderTest["honoured"] = {
  model: ["sonnet"], temperature: [0.5], top_p: [0.5], top_k: [5], input: ["other"], messages: ["other", { input: null, instructions: "Be brief." }], max_completion_tokens: [9], max_tokens: [9], instructions: ["Be brief."], previous_response_id: ["resp_1"], store: [false], stream: [true], tools: [tools], tool_choice: ["required", { tools }],
  parallel_tool_calls: [false, { tools }], text: [{ format: { type: "json_object" } }], reasoning: [{ effort: "high" }], max_output_tokens: [9],
};

describe("the table of a Responses request's fields", () => {
  testFieldTable({ table: responsesFields, sources: ["../sampling.ts", "settings.ts", "responses/request.ts", "responses/items.ts", "responses/tools.ts"], parse, honoured, inside });

  it("tells the bounds of what is stored", () => {
    assert.match(responsesFields.find(({ name }) => name === "store")?.note ?? "", new RegExp(`the ${storedMax.toLocaleString("en")} used last, ${storedBytesMax / 1024 / 1024} MB at most`, "u"));
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ignoredKeywords } from "../../../../src/api/openai/schema-keywords.ts";
import { chatFields } from "../../../../src/api/openai/chat-completions/fields.ts";
import { parseChatRequest } from "../../../../src/api/openai/chat-completions/request.ts";
import { answerSchema } from "../../../../src/claude/answer-schema.ts";
import { toldKeywords } from "../../../../src/schema/compiled.ts";
import { type FieldTableUnderTest, testFieldTable } from "../../../support/field-table.ts";

const least = { model: "opus", messages: [{ role: "user", content: "hi" }] };
const parse = (more: Readonly<Record<string, unknown>> = {}) => {
  const { turn, ...asked } = parseChatRequest({ ...least, ...more }, "default-model");
  // Keywords that the CLI cannot be told are left out where the CLI is told: of the schemas that the API does not compile.
  const told = turn.responseSchema === undefined ? undefined : answerSchema(turn.responseSchema);
  return { ...asked, turn: { ...turn, told, responseSchema: undefined, outputFormat: undefined } };
};

describe("the table of a chat request's fields", () => {
  const schema = { type: "object", properties: { a: { type: "string" } } };
  const valuesOf: Readonly<Record<string, unknown>> = { dependencies: { a: ["b"] }, dependentRequired: { a: ["b"] }, dependentSchemas: { a: {} }, minContains: 2, maxContains: 2 };
  const toldValues: Readonly<Record<string, unknown>> = {
    uniqueItems: true, contains: { const: 1 }, prefixItems: [{ const: 1 }], unevaluatedItems: { const: 1 }, propertyNames: { const: "a" }, dependentRequired: { a: [] }, not: { const: 1 },
    contentEncoding: "base64", contentMediaType: "text/plain",
  };
  const inside: FieldTableUnderTest["inside"] = [
    ["messages", "name", (more) => [{ role: "user", content: "hi", ...more }], "bob"],
    ["response_format", "strict", (more) => ({ type: "json_schema", json_schema: { schema, ...more } }), true],
    ["response_format", "name", (more) => ({ type: "json_schema", json_schema: { schema, ...more } }), "n"],
    ...ignoredKeywords.map((keyword) => ["response_format", keyword, (more: object) => ({ type: "json_schema", json_schema: { schema: { ...schema, properties: { a: { type: "string", ...more } } } } }), valuesOf[keyword] ?? true] as const),
  ];
  const tools = [{ type: "function", function: { name: "f" } }];
  const functions = [{ name: "f" }];
  const honoured: FieldTableUnderTest["honoured"] = {
    model: ["sonnet"], temperature: [0.5], top_p: [0.5], top_k: [5], messages: [[{ role: "user", content: "other" }]], input: ["other", { messages: null, input: "hi" }], instructions: ["Be brief."], system: ["Be brief."], max_output_tokens: [9], stream: [true], stream_options: [{ include_usage: true }], tools: [tools], tool_choice: ["required", { tools }],
    parallel_tool_calls: [false, { tools }], functions: [functions], function_call: [{ name: "f" }, { functions }], response_format: [{ type: "json_object" }], max_tokens: [9],
    max_completion_tokens: [9], stop: ["END"], reasoning_effort: ["high"], reasoning: [{ effort: "high" }], thinking: [{ type: "disabled" }],
  };

  for (const keyword of toldKeywords) {
    it(`says rightly that ${keyword} in response_format is told in words`, () => {
      const json_schema = { schema: { ...schema, properties: { a: { type: "string", [keyword]: toldValues[keyword] ?? 1 } } } };
      const { turn: { outputFormat } } = parseChatRequest({ ...least, response_format: { type: "json_schema", json_schema } }, "default-model");
      const { a } = outputFormat?.["properties"] as { readonly a: object };
      assert.deepEqual(Object.keys(a), ["description", "type"]);
      assert.ok(JSON.stringify(a).includes(`{\\"${keyword}\\":`), JSON.stringify(a));
      assert.ok(chatFields.find(({ name }) => name === "response_format")?.note.includes(`\`${keyword}\``));
    });
  }

  testFieldTable({ table: chatFields, sources: ["../sampling.ts", "settings.ts", "chat-completions/request.ts", "chat-completions/tools.ts"], parse, honoured, inside });
});

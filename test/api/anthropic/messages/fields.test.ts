import { describe } from "node:test";
import { messagesFields } from "../../../../src/api/anthropic/messages/fields.ts";
import { parseMessagesRequest } from "../../../../src/api/anthropic/messages/request.ts";
import { testFieldTable, type FieldTableUnderTest } from "../../../support/field-table.ts";

const least = { model: "opus", max_tokens: 4_096, messages: [{ role: "user", content: "hi" }] };
const parse = (more: Readonly<Record<string, unknown>> = {}) => parseMessagesRequest({ ...least, ...more }, { defaultModel: "default-model", allowsWebSearch: false });

describe("the table of the fields of a request for a message", () => {
  const tool = (more: object): unknown => [{ name: "f", input_schema: { type: "object", properties: {} }, ...more }];
  const tools = tool({});
  const said = (...content: object[]): unknown => [{ role: "user", content: "hi" }, { role: "assistant", content }, { role: "user", content: "so?" }];
  const inside: FieldTableUnderTest["inside"] = [
    ["messages", "cache_control", (more) => [{ role: "user", content: [{ type: "text", text: "hi", ...more }] }], { type: "ephemeral" }],
    ["messages", "citations", (more) => said({ type: "text", text: "a", ...more }), [{ cited_text: "a" }]],
    ["tools", "cache_control", tool, { type: "ephemeral" }],
    ["tools", "input_examples", tool, [{}]],
    ["tools", "defer_loading", tool, true],
    ["tools", "eager_input_streaming", tool, true],
    ["output_config", "task_budget", (more) => ({ effort: "low", ...more }), { type: "tokens", total: 20_000 }],
  ];
  const format = { type: "json_schema", schema: { type: "object", properties: { a: { type: "string" } }, required: ["a"], additionalProperties: false } };
  const honoured: FieldTableUnderTest["honoured"] = {
    model: ["sonnet"], messages: [[{ role: "user", content: "other" }]], system: ["Be brief."], max_tokens: [9], stream: [true], tools: [tools], tool_choice: [{ type: "any" }, { tools }],
    thinking: [{ type: "adaptive" }], output_config: [{ effort: "low" }], output_format: [format], stop_sequences: [["END"]], temperature: [0.5], top_p: [0.5], top_k: [5],
  };
  testFieldTable({
    table: messagesFields, family: "anthropic", parse, honoured, inside, sources: ["messages/request.ts", "messages/settings.ts", "../sampling.ts"],
  });
});

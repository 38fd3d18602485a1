import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Dialect, TurnRequest } from "../../../src/api/dialect.ts";
import { parseWithLongNumbers } from "../../../src/api/long-numbers.ts";
import { chatCompletions } from "../../support/chat-dialect.ts";
import { responses } from "../../../src/api/openai/responses/dialect.ts";
import { StoredResponses } from "../../../src/api/openai/responses/stored.ts";
import type { AssistantBlock, UserBlock } from "../../../src/turn/message.ts";

const id = "1234567890123456789";

/** The blocks of the messages that a dialect makes of a request's text. */
function blocksOf<Request extends TurnRequest>({ numberFields, parse }: Dialect<Request>, text: string): readonly (AssistantBlock | UserBlock)[] {
  const body = parseWithLongNumbers(text, numberFields ?? assert.fail("no fields are named"));
  return parse(body, { defaultModel: "sonnet", allowsWebSearch: false, header: () => undefined }).turn.messages.flatMap<AssistantBlock | UserBlock>(({ content }) => content);
}

describe("a number of 19 digits", () => {
  it("in a chat request's call whose arguments are an object keeps all of them", () => {
    const call = `{"id":"c","type":"function","function":{"name":"f","arguments":{"id":${id}}}}`;
    const text = `{"messages":[{"role":"user","content":"q"},{"role":"assistant","tool_calls":[${call}]},{"role":"tool","tool_call_id":"c","content":"r"}]}`;
    assert.deepEqual(blocksOf(chatCompletions, text)[1], { type: "tool_use", id: "c", name: "f", input: { id } });
  });

  it("in a Responses request's call whose arguments are an object keeps all of them", () => {
    const text = `{"input":[{"role":"user","content":"q"},{"type":"function_call","call_id":"c","name":"f","arguments":{"id":${id}}},{"type":"function_call_output","call_id":"c","output":"r"}]}`;
    assert.deepEqual(blocksOf(responses(new StoredResponses()), text)[1], { type: "tool_use", id: "c", name: "f", input: { id } });
  });

  it("in a result of OpenAI's own shell that is JSON keeps all of them", () => {
    const text = `{"input":[{"role":"user","content":"q"},{"type":"shell_call","call_id":"c","action":{}},{"type":"shell_call_output","call_id":"c","output":{"id":${id}}}]}`;
    assert.deepEqual(blocksOf(responses(new StoredResponses()), text)[2], { type: "tool_result", tool_use_id: "c", content: [{ type: "text", text: `{"id":"${id}"}` }] });
  });
});

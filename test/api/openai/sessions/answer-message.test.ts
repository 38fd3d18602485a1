import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { answerWithMessage } from "../../../../src/api/openai/sessions/answer-message.ts";
import { parseMessages } from "../../../../src/api/openai/chat-completions/messages.ts";
import { ToolNames } from "../../../../src/api/tool-names.ts";
import { bodyOfPieces } from "../../../../src/api/body.ts";
import { encodeJsonText } from "../../../../src/json-text.ts";
import type { StartedBlock, TurnEvent } from "../../../../src/turn/event.ts";
import { noUsage } from "../../../../src/turn/usage.ts";

type Made = { readonly thinking: string; readonly signature?: string } | { readonly data: string } | { readonly text: string } | { readonly call: string; readonly input: string };

/** The events of an answer with these blocks, each text in pieces of one letter. */
function eventsOf(blocks: readonly Made[]): TurnEvent[] {
  const told = blocks.flatMap((block, index): TurnEvent[] => {
    const begin = (started: StartedBlock): TurnEvent => ({ type: "block_start", index, block: started });
    const pieces = (type: "text" | "thinking" | "input_json", text: string): TurnEvent[] => [...text].map((letter) => ({ type, index, text: encodeJsonText(letter) }));
    const end: TurnEvent = { type: "block_stop", index };
    if ("data" in block) return [begin({ type: "redacted_thinking", data: block.data }), end];
    if ("text" in block) return [begin({ type: "text" }), ...pieces("text", block.text), end];
    if ("call" in block) return [begin({ type: "tool_use", id: `toolu_${index}`, name: block.call }), ...pieces("input_json", block.input), end];
    const signed: TurnEvent[] = block.signature === undefined ? [] : [{ type: "signature", index, signature: encodeJsonText(block.signature) }];
    return [begin({ type: "thinking" }), ...pieces("thinking", block.thinking), ...signed, end];
  });
  return [{ type: "message_start", id: "msg", model: "m", usage: noUsage }, ...told, { type: "message_stop", stopReason: "end_turn", stopSequence: undefined, stopDetails: undefined, usage: noUsage }];
}

function messageOf(blocks: readonly Made[], { isLegacy = false, names = new ToolNames() } = {}): any {
  const messages: unknown[] = [];
  const answer = answerWithMessage({ take: () => {}, release: () => bodyOfPieces([]) }, { names, isLegacy }, (message) => messages.push(message));
  for (const event of eventsOf(blocks)) answer.take([event]);
  assert.equal(messages.length, 1, "once, at the end");
  return JSON.parse(JSON.stringify(messages[0]));
}

const signed = { thinking: "hm “\n”", signature: "c2ln" };

describe("an answer as a message", () => {
  for (const [what, blocks, expected] of [
    ["text", [{ text: "é\"\\\n😀" }], { content: "é\"\\\n😀" }],
    ["texts", [{ text: "a" }, { text: "b" }], { content: "ab" }],
    ["nothing", [], { content: "" }],
    ["a call", [{ call: "look", input: "{\"at\":1}" }], { content: null, tool_calls: [{ id: "toolu_0", type: "function", function: { name: "look", arguments: "{\"at\":1}" } }] }],
    ["text and calls", [{ text: "a" }, { call: "look", input: "{}" }, { call: "see", input: "{}" }], { content: "a", tool_calls: ["look", "see"].map((name, index) => ({ id: `toolu_${index + 1}`, type: "function", function: { name, arguments: "{}" } })) }],
    ["signed thinking, in its place", [signed, { text: "a" }, { data: "x" }, { call: "look", input: "{}" }, signed], {
      content: [{ type: "thinking", ...signed }, { type: "text", text: "a" }, { type: "redacted_thinking", data: "x" }],
      tool_calls: [{ id: "toolu_3", type: "function", function: { name: "look", arguments: "{}" } }],
    }],
    ["thinking that nobody has signed", [{ thinking: "hm" }, { text: "a" }], { content: "a" }],
  ] as const) {
    it(`has ${what}`, () => assert.deepEqual(messageOf(blocks), { role: "assistant", ...expected }));
  }

  it("has a legacy call as one, and names as the client knows them", () => {
    const names = new ToolNames();
    const name = names.toModel("my tool!");
    assert.deepEqual(messageOf([{ call: name, input: "{}" }], { names }).tool_calls[0].function, { name: "my tool!", arguments: "{}" });
    assert.deepEqual(messageOf([{ call: name, input: "{}" }], { names, isLegacy: true }), { role: "assistant", content: null, function_call: { name: "my tool!", arguments: "{}" } });
  });

  it("is read back as the blocks that the model said", () => {
    const messages = [{ role: "user", content: "q" }, messageOf([signed, { text: "a" }, { call: "look", input: "{\"at\":1}" }]), { role: "tool", tool_call_id: "toolu_2", content: "seen" }];
    assert.deepEqual(parseMessages(messages, new ToolNames()).messages[1], {
      role: "assistant", content: [{ type: "thinking", ...signed }, { type: "text", text: "a" }, { type: "tool_use", id: "toolu_2", name: "look", input: { at: 1 } }],
    });
  });
});

/** What every dialect's conversation is built by: where the system's words go, and what ends a run of results or an answer. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConversationBuilder, type PlacedResult } from "../../src/api/conversation-builder.ts";
import { beginText, laterSystemTexts } from "../../src/own-words.ts";
import type { TextBlock, ThinkingBlock, ToolUseBlock } from "../../src/turn/message.ts";
import { refusalOf } from "../support/refusal.ts";

const text = (words: string): TextBlock => ({ type: "text", text: words });
const later = (words: string): TextBlock => text(laterSystemTexts.join(words));
const thought: ThinkingBlock = { type: "thinking", thinking: "hm", signature: "s" };
const call = (id: string): ToolUseBlock => ({ type: "tool_use", id, name: "look", input: {} });
const result = (id: string): PlacedResult => ({ id, path: "m.id", result: { content: [text(`of ${id}`)] } });
const answered = (id: string): object => ({ type: "tool_result", tool_use_id: id, content: [text(`of ${id}`)] });

describe("a conversation that is built", () => {
  it("has what the system says first as its system prompt, and what it says later in its place, marked", () => {
    const builder = new ConversationBuilder("m");
    builder.addSystem([text("Be brief.")]);
    builder.addSystem([text("Be kind.")]);
    builder.addUser([text("hi")]);
    builder.addSystem([text("Be gone.")]);
    builder.addUser([text("still?")]);
    assert.deepEqual(builder.closeWithSystem(), {
      system: [text("Be brief."), text("Be kind.")], messages: [{ role: "user", content: [text("hi"), later("Be gone."), text("still?")] }],
    });
  });

  it("asks the last that the system says where nobody else says anything, and is refused where nobody does", () => {
    const builder = new ConversationBuilder("m");
    builder.addSystem([text("Be brief."), text("Say hi.")]);
    assert.deepEqual(builder.closeWithSystem(), { system: [text("Be brief.")], messages: [{ role: "user", content: [text("Say hi.")] }] });
    assert.equal(refusalOf(() => new ConversationBuilder("m").closeWithSystem()).field, "m");
  });

  it("has the results of an answer together, however many messages they come in, and what the system says between them behind them", () => {
    const builder = new ConversationBuilder("m");
    builder.addAssistant([call("a"), call("b")], "m[0]");
    builder.addUserContent({ blocks: [], results: [result("b")] });
    builder.addSystem([text("Hurry.")]);
    builder.addUserContent({ blocks: [text("so?")], results: [result("a")] });
    const [first, , last, ...more] = builder.close();
    assert.deepEqual([first?.content, more], [[text(beginText)], []]);
    assert.deepEqual(last?.content, [answered("a"), answered("b"), later("Hurry."), text("so?")]);
  });

  it("is refused where something is said before a call has its result", () => {
    const builder = new ConversationBuilder("m");
    builder.addAssistant([call("a"), call("b")], "m[0]");
    const error = refusalOf(() => builder.addUserContent({ blocks: [text("so?")], results: [result("b")] }));
    assert.deepEqual([error.code, error.field], ["invalid_value", "m[0]"]);
    assert.match(error.message, /missing are "a"/u);
  });

  it("has no thought at the end of an answer, and no answer that is nothing but thoughts", () => {
    const builder = new ConversationBuilder("m");
    builder.addUser([text("hi")]);
    builder.addAssistant([thought, text("yes"), thought, { type: "redacted_thinking", data: "x" }], "m[1]");
    builder.addUser([text("so?")]);
    builder.addAssistant([thought], "m[3]");
    assert.deepEqual(builder.close(), [
      { role: "user", content: [text("hi")] }, { role: "assistant", content: [thought, text("yes")] }, { role: "user", content: [text("so?")] },
    ]);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hasThinking, idOfModel, isAdaptive, refuseUntellable, withoutCitations, withOwnThinking } from "../../src/claude/tellable.ts";
import type { AssistantBlock, Message } from "../../src/turn/message.ts";
import { assistant, callsOf, resultsOf, user } from "../support/turns.ts";

describe("what the CLI does not pass on", () => {
  it("is refused where it is a reference to a tool", () => {
    const found = resultsOf(["1", [{ type: "text", text: "found" }, { type: "tool_reference", tool_name: "look" }]]);
    assert.throws(() => refuseUntellable([user("a"), callsOf(["1", "search"]), found]), { name: "BridgeError", code: "unsupported_parameter", part: "messages", message: /tool_reference/u });
    refuseUntellable([user("a"), callsOf(["1", "search"], ["2", "search"]), resultsOf(["1", [{ type: "text", text: "found" }]], ["2", "tool_reference"])]);
  });

  it("is left out where it is a text's citations", () => {
    const cited: Message = { role: "assistant", content: [{ type: "text", text: "a", citations: [{ type: "char_location" }] }, { type: "tool_use", id: "1", name: "look", input: {} }] };
    assert.deepEqual(withoutCitations(cited), { role: "assistant", content: [{ type: "text", text: "a" }, { type: "tool_use", id: "1", name: "look", input: {} }] });
    for (const plain of [user("a"), assistant("b"), callsOf(["1", "look"])]) assert.equal(withoutCitations(plain), plain);
  });

  it("is thinking under another model's id", () => {
    const models = [{ value: "sonnet", resolvedModel: "claude-sonnet-5-5", displayName: undefined }, { value: "odd", resolvedModel: undefined, displayName: undefined }];
    const answer = { models, loggedIn: true, knowsEmail: false };
    assert.deepEqual(["sonnet", "claude-opus-5-5"].map((model) => idOfModel(model, answer)), ["claude-sonnet-5-5", "claude-opus-5-5"]);
    for (const model of ["odd", "opus"]) assert.throws(() => idOfModel(model, answer), { name: "BridgeError", code: "unsupported_parameter", part: "messages" });
    assert.deepEqual([
      hasThinking({ role: "assistant", content: [{ type: "thinking", thinking: "hm", signature: "s" }] }), hasThinking({ role: "assistant", content: [{ type: "redacted_thinking", data: "x" }] }),
      hasThinking(assistant("b")), hasThinking(user("a")),
    ], [true, true, false, false]);
  });

  it("is another model's thinking", () => {
    const thought = { type: "thinking", thinking: "hm", signature: "s" } as const;
    const said = (...blocks: readonly AssistantBlock[]): Message => ({ role: "assistant", content: [...blocks, { type: "text", text: "b" }] });
    const told = (...blocks: readonly AssistantBlock[]): Message => withOwnThinking(said(...blocks), "claude-haiku-4-5");
    assert.deepEqual(told({ ...thought, model: "claude-haiku-4-5" }), said(thought));
    assert.deepEqual(told({ ...thought, model: "claude-haiku-4-5-20251001" }), said(thought));
    assert.deepEqual(told({ type: "redacted_thinking", data: "x" }), said({ type: "redacted_thinking", data: "x" }));
    assert.deepEqual(told({ ...thought, model: "claude-haiku-4" }, { type: "redacted_thinking", data: "x", model: "claude-opus-5-5" }), said());
    for (const plain of [user("a"), assistant("b")]) assert.equal(withOwnThinking(plain, "claude-opus-5-5"), plain);
  });

  it("is known of a model by the CLI's list, by either of its names", () => {
    const models = [{ value: "sonnet", resolvedModel: "claude-sonnet-5-5", displayName: undefined, isAdaptive: true }, { value: "haiku", resolvedModel: "claude-haiku-4-5", displayName: undefined }];
    const answer = { models, loggedIn: true, knowsEmail: false };
    assert.deepEqual(["sonnet", "claude-sonnet-5-5", "haiku", "claude-opus-4-6"].map((model) => isAdaptive(model, answer)), [true, true, false, false]);
  });
});

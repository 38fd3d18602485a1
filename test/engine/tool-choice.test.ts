import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { callNow, mustCall, untilFirstCall, withToolChoice } from "../../src/engine/tool-choice.ts";
import type { TurnEvent } from "../../src/turn/event.ts";
import type { ToolChoice } from "../../src/turn/turn.ts";
import { blockStop, inputJson, messageStart, messageStop, text, textStart, thinking, thinkingStart, toolUse } from "../support/turn-events.ts";
import { tool, turnOf } from "../support/turns.ts";

const tools = [tool("look"), tool("listen")];
const systemOf = (toolChoice: ToolChoice, more: Parameters<typeof turnOf>[0] = {}): string => withToolChoice(turnOf({ tools, toolChoice, ...more })).system;

describe("what the model is told of the choice of tools", () => {
  it("is nothing when it is free", () => {
    const turn = turnOf({ tools, system: "Be brief." });
    assert.equal(withToolChoice(turn), turn);
  });

  it("follows the client's own system prompt, and is all where there is none", () => {
    assert.equal(systemOf({ type: "any" }, { system: "Be brief." }), "Be brief.\n\nYour answer must be a call of one of your tools.");
    assert.equal(systemOf({ type: "any" }), "Your answer must be a call of one of your tools.");
  });

  it("names the tool that is to be called", () => {
    assert.equal(systemOf({ type: "tool", name: "listen" }), "Your answer must be a call of the tool listen.");
  });

  it("forbids calls when there are to be none, and says nothing of how many", () => {
    assert.equal(systemOf({ type: "none" }, { disableParallelToolUse: true }), "Do not call any tool. Answer in text.");
  });

  it("says so when there may be only one, whatever the choice", () => {
    assert.equal(systemOf({ type: "auto" }, { disableParallelToolUse: true }), "Call at most one tool in an answer.");
    assert.equal(systemOf({ type: "any" }, { disableParallelToolUse: true }), "Your answer must be a call of one of your tools.\n\nCall at most one tool in an answer.");
  });

  it("is nothing where there are no tools", () => {
    for (const toolChoice of [{ type: "auto" }, { type: "none" }, { type: "any" }] as const) {
      const turn = turnOf({ toolChoice, disableParallelToolUse: true });
      assert.equal(withToolChoice(turn), turn);
    }
  });

  it("leaves the rest of the turn as it was", () => {
    const turn = turnOf({ tools, toolChoice: { type: "any" }, system: "x", stopSequences: ["y"], effort: "low" });
    assert.deepEqual({ ...withToolChoice(turn), system: "x" }, turn);
  });
});

it("a call is a must only when it was asked for", () => {
  const choices = [{ type: "auto" }, { type: "none" }, { type: "any" }, { type: "tool", name: "look" }] as const;
  assert.deepEqual(choices.map((toolChoice) => mustCall(turnOf({ tools, toolChoice }))), [false, false, true, true]);
});

it("the reminder is a message of the user's", () => {
  assert.equal(callNow.role, "user");
  assert.match(JSON.stringify(callNow.content), /tool call/u);
});

describe("an answer that must be a call", () => {
  const start = messageStart();
  const thought = thinking("hm", 0);
  const words = text("Let me look. ", 1);
  const more = text("Or not.", 1);
  const call = toolUse(2, "t1", "look");
  const json = inputJson(2, "{}");
  const finish = messageStop("tool_use");
  const retry: TurnEvent = { type: "retry" };

  async function play(...batches: TurnEvent[][]): Promise<{ readonly batches: readonly TurnEvent[][]; readonly hadCall: boolean }> {
    async function* upstream(): AsyncGenerator<TurnEvent[]> {
      yield* batches;
    }
    const out: TurnEvent[][] = [];
    const held = untilFirstCall(upstream());
    for (;;) {
      const { value, done } = await held.next();
      if (done === true) return { batches: out, hadCall: value };
      out.push(value);
    }
  }

  it("is held back up to the call, then given in its order", async () => {
    const { batches, hadCall } = await play([start, thought], [words], [more, call], [json], [finish]);
    assert.deepEqual(batches, [[start, thought], [words, more, call], [json], [finish]]);
    assert.equal(hadCall, true);
  });

  it("holds the borders of its text back with the text, and gives those of its thinking", async () => {
    const { batches } = await play([start, thinkingStart(0), thought, blockStop(0)], [textStart(1), words, blockStop(1)], [call, json], [blockStop(2), finish]);
    assert.deepEqual(batches, [[start, thinkingStart(0), thought, blockStop(0)], [textStart(1), words, blockStop(1), call, json], [blockStop(2), finish]]);
  });

  it("gives thinking on the way", async () => {
    const { batches } = await play([start], [words], [thought], [call], [finish]);
    assert.deepEqual(batches, [[start], [thought], [words, call], [finish]]);
  });

  it("says and finishes nothing when there is no call", async () => {
    const { batches, hadCall } = await play([start], [thought, words], [more], [finish]);
    assert.deepEqual([batches, hadCall], [[[start], [thought]], false]);
  });

  it("gives words that follow the call as they come", async () => {
    assert.deepEqual((await play([start, call], [words], [finish])).batches, [[start, call], [words], [finish]]);
  });

  it("that is all one batch is one batch", async () => {
    assert.deepEqual(await play([start, thought, words, call, json, finish]), { batches: [[start, thought, words, call, json, finish]], hadCall: true });
  });

  it("tells of a retry at once: it says nothing of the answer", async () => {
    assert.deepEqual((await play([retry], [start], [words, retry], [call], [finish])).batches, [[retry], [start], [retry], [words, call], [finish]]);
  });
});

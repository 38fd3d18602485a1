import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ToldTurn } from "../../src/claude/parameters.ts";
import { AnswerWithCall, callNow, mustCallInWords, withToolChoice } from "../../src/engine/call-in-words.ts";
import type { TurnEvent } from "../../src/turn/event.ts";
import type { ToolChoice } from "../../src/turn/turn.ts";
import { blockStop, checkGrammar, inputJson, messageStart, messageStop, noUsage, text, textStart, thinking, thinkingStart, toolUse } from "../support/turn-events.ts";
import { joinedSystem, systemOf, tool, turnOf } from "../support/turns.ts";

const tools = [tool("look"), tool("listen")];
const told = (toolChoice: ToolChoice, more: Partial<ToldTurn> = {}): string => joinedSystem(withToolChoice({ ...turnOf({ tools, toolChoice }), ...more }).system);
/** Whose model takes no tool choice. */
const refused = { refusedParameters: new Set(["tool_choice"] as const) };
const asksToThink = { thinking: { type: "enabled", budgetTokens: 2_000 } } as const;
const responseSchema = { type: "object" };

describe("what the model is told in words of the choice of tools", () => {
  it("is nothing where the API is asked", () => {
    for (const toolChoice of [{ type: "auto" }, { type: "any" }, { type: "none" }, { type: "tool", name: "look" }] as const) {
      const turn = turnOf({ tools, toolChoice, disableParallelToolUse: true, system: systemOf("Be brief.") });
      assert.deepEqual(withToolChoice(turn), turn);
    }
  });

  it("follows the client's own system prompt, and is all where there is none", () => {
    assert.equal(told({ type: "any" }, { ...refused, system: systemOf("Be brief.") }), "Be brief.\n\nYour answer must be a call of one of your tools.");
    assert.equal(told({ type: "any" }, refused), "Your answer must be a call of one of your tools.");
  });

  it("is that a call must be made, where the turn asks the model to think: the API is asked for one at most all the same", () => {
    const one = { disableParallelToolUse: true };
    assert.equal(told({ type: "tool", name: "listen" }, { ...asksToThink, ...one }), "Your answer must be a call of the tool listen.");
    assert.equal(told({ type: "any" }, { ...asksToThink, maxTokens: 1_024 }), "", "there is no room to think");
    assert.equal(told({ type: "none" }, asksToThink), "");
  });

  it("is that none may be made, where the model takes no choice, or answers by the call of a schema", () => {
    for (const why of [refused, { responseSchema }]) {
      assert.equal(told({ type: "none" }, { ...why, disableParallelToolUse: true }), "Do not call any tool. Answer in text.");
    }
  });

  it("is nothing where the model may search the web and call no tool of the client's: the words would forbid the search", () => {
    for (const why of [{}, refused]) assert.equal(told({ type: "none" }, { ...why, webSearch: {} }), "");
  });

  it("is that one may be made at most, where the model takes no choice", () => {
    assert.equal(told({ type: "auto" }, { ...refused, disableParallelToolUse: true }), "Call at most one tool in an answer.");
    assert.equal(told({ type: "any" }, { ...refused, disableParallelToolUse: true }), "Your answer must be a call of one of your tools.\n\nCall at most one tool in an answer.");
  });

  it("is nothing where there are no tools", () => {
    for (const toolChoice of [{ type: "auto" }, { type: "none" }, { type: "any" }] as const) {
      const turn = { ...turnOf({ toolChoice, disableParallelToolUse: true }), ...refused };
      assert.deepEqual(withToolChoice(turn), turn);
    }
  });

  it("leaves the answer's schema away where the answer must be a call", () => {
    for (const toolChoice of [{ type: "any" }, { type: "tool", name: "look" }] as const) {
      assert.equal(withToolChoice(turnOf({ tools, toolChoice, responseSchema })).responseSchema, undefined);
    }
    for (const toolChoice of [{ type: "auto" }, { type: "none" }] as const) {
      assert.equal(withToolChoice(turnOf({ tools, toolChoice, responseSchema })).responseSchema, responseSchema);
    }
    assert.equal(withToolChoice(turnOf({ toolChoice: { type: "any" }, responseSchema })).responseSchema, responseSchema);
  });

  it("leaves the rest of the turn as it was", () => {
    const turn: ToldTurn = { ...turnOf({ tools, toolChoice: { type: "any" }, system: systemOf("x"), stopSequences: ["y"], effort: "low" }), ...refused };
    assert.deepEqual({ ...withToolChoice(turn), system: systemOf("x") }, turn);
  });
});

it("words alone ask for a call where it is a must and the API cannot be asked", () => {
  const choices = [{ type: "auto" }, { type: "none" }, { type: "any" }, { type: "tool", name: "look" }] as const;
  const asked = (more: Partial<ToldTurn>): boolean[] => choices.map((toolChoice) => mustCallInWords({ ...turnOf({ tools, toolChoice }), ...more }));
  assert.deepEqual(asked({}), [false, false, false, false]);
  assert.deepEqual(asked({ thinking: { type: "disabled" } }), [false, false, false, false]);
  for (const why of [refused, asksToThink, { thinking: { type: "adaptive" } } as const]) assert.deepEqual(asked(why), [false, false, true, true]);
});

it("words ask for a search of the web by its name, also without tools", () => {
  const turn: ToldTurn = { ...turnOf({ webSearch: {}, toolChoice: { type: "tool", name: "web_search" } }), ...refused };
  assert.ok(mustCallInWords(turn));
  assert.deepEqual(withToolChoice(turn).system.map(({ text: said }) => said), ["Your answer must be a call of the tool web_search."]);
  assert.equal(mustCallInWords(turnOf({ toolChoice: { type: "any" } })), false, "there is nothing to call");
});

it("the reminder is a message of the user's", () => {
  assert.equal(callNow.role, "user");
  assert.match(JSON.stringify(callNow.content), /tool call/u);
});

describe("an answer that must be a call", () => {
  const start = messageStart();
  const thought = [thinkingStart(0), thinking("hm", 0), blockStop(0)];
  const words = [textStart(1), text("Let me look. ", 1)];
  const more = [text("Or not.", 1), blockStop(1)];
  const call = toolUse(2, "t1", "look");
  const json = inputJson(2, "{}");
  const finish = [blockStop(2), messageStop("tool_use")];
  const retry: TurnEvent = { type: "retry" };

  async function play(answer: AnswerWithCall, batches: readonly TurnEvent[][]): Promise<{ readonly batches: readonly TurnEvent[][]; readonly hadCall: boolean }> {
    async function* upstream(): AsyncGenerator<TurnEvent[]> {
      yield* batches;
    }
    const out: TurnEvent[][] = [];
    const held = answer.untilFirstCall(upstream());
    for (;;) {
      const { value, done } = await held.next();
      if (done === true) return { batches: out, hadCall: value };
      out.push(value);
    }
  }

  /** One run after the other, as one answer; the last of them has a call unless `hadCall` is false. */
  async function playAll(...runs: readonly TurnEvent[][][]) {
    const answer = new AnswerWithCall(turnOf({ tools, toolChoice: { type: "any" } }));
    const batches: TurnEvent[][] = [];
    let hadCall = false;
    for (const run of runs) {
      const played = await play(answer, run);
      batches.push(...played.batches);
      ({ hadCall } = played);
    }
    checkGrammar(batches.flat(), hadCall);
    return { batches, events: batches.flat(), hadCall };
  }

  it("is held back up to the call, then given in its order", async () => {
    const { batches, hadCall } = await playAll([[start, ...thought], words, [...more, call], [json], finish]);
    assert.deepEqual(batches, [[start, ...thought], [...words, ...more, call], [json], finish]);
    assert.equal(hadCall, true);
  });

  it("gives thinking on the way, but none that follows its text: blocks come one after the other", async () => {
    const later = [thinkingStart(2), thinking("so", 2), blockStop(2)];
    const { batches } = await playAll([[start], thought, [...words, ...more], later, [toolUse(3, "t1", "look"), blockStop(3)], [messageStop("tool_use")]]);
    assert.deepEqual(batches, [[start], thought, [...words, ...more, ...later, toolUse(3, "t1", "look"), blockStop(3)], [messageStop("tool_use")]]);
  });

  it("says and finishes nothing when there is no call", async () => {
    const { batches, hadCall } = await playAll([[start], [...thought, ...words], more, [messageStop("end_turn")]]);
    assert.deepEqual([batches, hadCall], [[[start], thought], false]);
  });

  it("gives words that follow the call as they come", async () => {
    const called = [start, toolUse(0, "t1", "look"), blockStop(0)];
    assert.deepEqual((await playAll([called, [...words, ...more], [messageStop("tool_use")]])).batches, [called, [...words, ...more], [messageStop("tool_use")]]);
  });

  it("may be a search of the web, where the turn has one and the choice names no other", async () => {
    const search: TurnEvent = { type: "block_start", index: 0, block: { type: "server_tool_use", id: "s1", name: "web_search" } };
    const batches = [[start, search, blockStop(0)], [...words, ...more], [messageStop("end_turn")]];
    const searching = (more: Partial<ToldTurn>): ToldTurn => ({ ...turnOf({ webSearch: {}, tools }), ...more });
    for (const turn of [searching({ toolChoice: { type: "any" } }), searching({ tools: [], toolChoice: { type: "tool", name: "web_search" } })]) {
      assert.deepEqual(await play(new AnswerWithCall(turn), batches), { batches, hadCall: true });
    }
    for (const turn of [searching({ toolChoice: { type: "tool", name: "look" } }), turnOf({ tools, toolChoice: { type: "any" } })]) {
      assert.equal((await play(new AnswerWithCall(turn), batches)).hadCall, false);
    }
  });

  it("that is all one batch is one batch", async () => {
    const batch = [start, ...thought, ...words, ...more, call, json, ...finish];
    assert.deepEqual((await playAll([batch])).batches, [batch]);
  });

  it("tells of a retry at once: it says nothing of the answer", async () => {
    const { batches } = await play(new AnswerWithCall(turnOf()), [[retry], [start], [...words, retry], [...more, call], [json, ...finish]]);
    assert.deepEqual(batches, [[retry], [start], [retry], [...words, ...more, call], [json, ...finish]]);
  });

  it("that the model had to be asked for again is one answer, which goes on behind the thinking that was given", async () => {
    const lost = [[start, ...thought], [...words, ...more], [messageStop("end_turn", { ...noUsage, inputTokens: 100, outputTokens: 10 })]];
    const again = [[retry, messageStart()], [...thought, textStart(1)], [text("Now.", 1), blockStop(1), call], [json, blockStop(2), messageStop("tool_use", { ...noUsage, inputTokens: 120, outputTokens: 7 })]];
    const { events } = await playAll(lost, again);
    assert.deepEqual(events, [
      start, ...thought, thinkingStart(1), thinking("hm", 1), blockStop(1), textStart(2), text("Now.", 2), blockStop(2),
      toolUse(3, "t1", "look"), inputJson(3, "{}"), blockStop(3), messageStop("tool_use", { ...noUsage, inputTokens: 220, outputTokens: 17 }),
    ]);
  });

  it("that the model had to be asked for again tells of a retry while nothing was given", async () => {
    const { events } = await playAll([[start], [textStart(0), text("hm", 0), blockStop(0), messageStop("end_turn")]], [[retry], [start, toolUse(0, "t1", "look"), blockStop(0), messageStop("tool_use")]]);
    assert.deepEqual(events, [start, retry, toolUse(0, "t1", "look"), blockStop(0), messageStop("tool_use")]);
  });
});

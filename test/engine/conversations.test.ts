/** Conversations that an engine keeps, and gives back their processes. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Engine } from "../../src/engine/engine.ts";
import { BridgeError } from "../../src/errors.ts";
import type { Message } from "../../src/turn/message.ts";
import type { Turn } from "../../src/turn/turn.ts";
import { runningFakes } from "../support/fake-claude.ts";
import { waitUntilGone } from "../support/processes.ts";
import { begin, goneWithinMs, restingIn, startEngine, until } from "../support/started-engine.ts";
import { collect, errorOf, summaryOf } from "../support/turn-events.ts";
import { ask, assistant, never, systemOf, turnOf, user } from "../support/turns.ts";

describe("a conversation", () => {
  const keep = { conversationIdleMsMax: 60_000 };

  /** What the process of echo-history was told in all, after one more turn. */
  async function toldAfter(engine: Engine, messages: readonly Message[], more: Partial<Turn> = {}): Promise<{ readonly count: number; readonly answer: string }> {
    const { events, error } = await collect(engine.run(turnOf({ messages, ...more }), never));
    assert.equal(error, undefined);
    const answer = summaryOf(events).text;
    return { count: (JSON.parse(answer) as unknown[]).length, answer };
  }

  it("goes on with its process, which is told only the new message", async (t) => {
    const { engine } = startEngine(t, "echo-history", keep);
    const first = await toldAfter(engine, [user("one")]);
    assert.equal(first.count, 2);
    const second = await toldAfter(engine, [user("one"), assistant(first.answer), user("two")]);
    assert.equal(second.count, 3);
    const third = await toldAfter(engine, [user("one"), assistant(first.answer), user("two"), assistant(`\n ${second.answer} `), user("three")]);
    assert.equal(third.count, 4);
    assert.deepEqual([engine.status.turns.wentOn, engine.status.turns.told.first_message, restingIn(engine)], [2, 1, 1]);
    assert.equal(runningFakes("echo-history").length, 1);
  });

  it("has the messages completed that its process is told, and no others", async (t) => {
    const { engine } = startEngine(t, "echo-history", keep);
    const asked: (readonly Message[])[] = [];
    const complete = (messages: readonly Message[]): Promise<readonly Message[]> => {
      asked.push(messages);
      return Promise.resolve(messages.map((message) => (message.role === "user" ? user("completed") : message)));
    };
    const run = async (messages: readonly Message[]): Promise<string> => {
      assert.deepEqual(engine.messagesToTell(turnOf({ messages })), messages.slice(messages.length > 1 ? 2 : 0));
      const { events, error } = await collect(engine.run(turnOf({ messages }), never, complete));
      assert.equal(error, undefined);
      return summaryOf(events).text;
    };
    const first = await run([user("one")]);
    assert.match(first, /completed/u);
    const second = await run([user("one"), assistant(first), user("two")]);
    assert.doesNotMatch(second, /"(?:one|two)"/u);
    assert.deepEqual(asked, [[user("one")], [user("two")]]);
    assert.equal(engine.status.turns.wentOn, 1);
  });

  it("rests on, as it was, where what a message refers to cannot be had", async (t) => {
    const { engine } = startEngine(t, "echo-history", keep);
    const first = await toldAfter(engine, [user("one")]);
    const turn = turnOf({ messages: [user("one"), assistant(first.answer), user("two")] });
    const refusal = new BridgeError("invalid_value", "No.", { field: "messages[2]" });
    const refuse = (): Promise<never> => Promise.reject(refusal);
    for (let times = 0; times < 2; times += 1) {
      const { error } = await collect(engine.run(turn, never, refuse));
      assert.deepEqual([error, restingIn(engine), engine.status.runningTurns], [refusal, 1, 0]);
    }
    assert.equal((await toldAfter(engine, turn.messages)).count, 3, "its process was told nothing of it");
    assert.equal(runningFakes("echo-history").length, 1);
  });

  for (const [what, turn] of [
    ["another answer", (answer: string) => ({ messages: [user("one"), assistant(`${answer}!`), user("two")] })],
    ["another question", (answer: string) => ({ messages: [user("one!"), assistant(answer), user("two")] })],
    ["another system prompt", (answer: string) => ({ messages: [user("one"), assistant(answer), user("two")], system: systemOf("other") })],
    ["another model", (answer: string) => ({ messages: [user("one"), assistant(answer), user("two")], model: "other" })],
  ] as const) {
    it(`with ${what} is another one: replayed on a fresh process`, async (t) => {
      const { engine } = startEngine(t, "echo-history", keep);
      const first = await toldAfter(engine, [user("one")]);
      const { messages, ...more } = turn(first.answer) as { messages: Message[] } & Partial<Turn>;
      const second = await toldAfter(engine, messages, more);
      // initialize, the history and its acknowledgement, the question.
      assert.equal(second.count, 5);
      assert.deepEqual([engine.status.turns.wentOn, engine.status.turns.told.unknown_history], [0, 1]);
    });
  }

  it("with another token limit, effort and thinking goes on with its process, which is told them, and told them back", async (t) => {
    const { engine } = startEngine(t, "echo-history", keep);
    const { answer } = await toldAfter(engine, [user("one")]);
    const history = [user("one"), assistant(answer), user("two")];
    const second = await toldAfter(engine, history, { maxTokens: 5_000, effort: "low", thinking: { type: "enabled", budgetTokens: 2_000 } });
    assert.deepEqual([second.count, engine.status.turns.wentOn], [5, 1], "the settings, the thinking, the question");
    const third = await toldAfter(engine, [...history, assistant(second.answer), user("three")]);
    assert.deepEqual([third.count, engine.status.turns.wentOn], [8, 2]);
    const fourth = await toldAfter(engine, [...history, assistant(second.answer), user("three"), assistant(third.answer), user("four")]);
    assert.equal(fourth.count, 9, "the question alone");
  });

  it("that was regenerated is replayed: the process that has seen the answer is not asked again", async (t) => {
    const { engine } = startEngine(t, "echo-history", keep);
    await toldAfter(engine, [user("one")]);
    const again = await toldAfter(engine, [user("one")]);
    assert.equal(again.count, 2);
    assert.equal(restingIn(engine), 2);
  });

  it("whose turn was left is not gone on with", async (t) => {
    const { engine } = startEngine(t, "hangs", keep);
    const { batches } = await begin(engine, ask("hi"));
    await batches.return();
    assert.equal(restingIn(engine), 0);
    await Promise.all(runningFakes("hangs").map((pid) => waitUntilGone(pid, goneWithinMs)));
  });

  it("that was cut at its token limit is not gone on with", async (t) => {
    const { engine } = startEngine(t, "runs-on", keep);
    const { events } = await collect(engine.run(ask("hi"), never));
    assert.equal(summaryOf(events).stopReason, "max_tokens");
    assert.equal(restingIn(engine), 0);
  });

  it("that is asked twice at once has its process only once", async (t) => {
    const { engine } = startEngine(t, "answers", keep);
    await collect(engine.run(ask("WORDS 1"), never));
    const next = { ...ask(""), messages: [user("WORDS 1"), assistant("w0"), user("WORDS 2")] };
    const both = await Promise.all([collect(engine.run(next, never)), collect(engine.run(next, never))]);
    assert.deepEqual(both.map(({ events }) => summaryOf(events).text), ["w0 w1 ", "w0 w1 "]);
    assert.deepEqual([engine.status.turns.wentOn, engine.status.turns.told.in_use], [1, 1]);
    // Both are over: the process has moved on, and nobody has it.
    await collect(engine.run(next, never));
    assert.deepEqual([engine.status.turns.told.in_use, engine.status.turns.told.unknown_history], [1, 1]);
  });

  it("that rests for too long ends, and is told apart from one that never was", async (t) => {
    const { engine } = startEngine(t, "answers", { conversationIdleMsMax: 20 });
    await collect(engine.run(ask("WORDS 1"), never));
    await Promise.all(runningFakes("answers").map((pid) => waitUntilGone(pid, goneWithinMs)));
    assert.equal(restingIn(engine), 0);
    await collect(engine.run({ ...ask(""), messages: [user("WORDS 1"), assistant("w0"), user("WORDS 1")] }, never));
    assert.equal(engine.status.turns.told.idle_time, 1);
  });

  it("whose process died is replayed", async (t) => {
    const { engine } = startEngine(t, "answers", keep);
    await collect(engine.run(ask("WORDS 1"), never));
    const [pid = 0] = runningFakes("answers");
    process.kill(pid, "SIGKILL");
    await until(() => restingIn(engine) === 0);
    const { events, error } = await collect(engine.run({ ...ask(""), messages: [user("WORDS 1"), assistant("w0"), user("WORDS 2")] }, never));
    assert.deepEqual([error, summaryOf(events).text, engine.status.turns.told.process_ended], [undefined, "w0 w1 ", 1]);
  });

  it("whose process is just dying is replayed too", async (t) => {
    const { engine } = startEngine(t, "answers", keep);
    await collect(engine.run(ask("WORDS 1"), never));
    const [pid = 0] = runningFakes("answers");
    process.kill(pid, "SIGKILL");
    const { events, error } = await collect(engine.run({ ...ask(""), messages: [user("WORDS 1"), assistant("w0"), user("WORDS 2")] }, never));
    assert.deepEqual([error, summaryOf(events).order, summaryOf(events).text], [undefined, "message_start text message_stop", "w0 w1 "]);
  });

  it("makes room for another when all places are taken by those that rest", async (t) => {
    const { engine } = startEngine(t, "answers", { ...keep, maxProcesses: 2 });
    for (const text of ["WORDS 1", "WORDS 2", "WORDS 3"]) assert.equal((await collect(engine.run(ask(text), never))).error, undefined);
    assert.equal(restingIn(engine), 2);
    // The least recently used one went.
    await collect(engine.run({ ...ask(""), messages: [user("WORDS 1"), assistant("w0"), user("WORDS 1")] }, never));
    assert.equal(engine.status.turns.told.evicted, 1);
  });

  it("makes room once for each turn that has none", async (t) => {
    const { engine } = startEngine(t, "answers", { ...keep, maxProcesses: 3 });
    for (const system of ["one", "two", "three"]) await collect(engine.run(ask("WORDS 1", { system: systemOf(system) }), never));
    assert.equal(restingIn(engine), 3);
    const runs = ["WORDS 4", "WORDS 5"].map(async (text) => (await begin(engine, ask(text))).batches);
    for (const batches of await Promise.all(runs)) {
      assert.equal(restingIn(engine), 1);
      await batches.return();
    }
  });

  it("is not begun for a client that has left", async (t) => {
    const { engine } = startEngine(t, "answers", keep);
    await collect(engine.run(ask("WORDS 1"), never));
    const messages = [user("WORDS 1"), assistant("w0"), user("WORDS 2")];
    assert.equal((await errorOf(engine.run({ ...ask(""), messages }, AbortSignal.abort()))).code, "client_closed");
    assert.deepEqual([restingIn(engine), engine.status.runningTurns], [1, 0]);
  });
});

describe("stop sequences", () => {
  const keep = { conversationIdleMsMax: 60_000 };

  it("end the answer, and its process, which has said more than the client knows", async (t) => {
    const { engine } = startEngine(t, "answers", keep);
    const { events, error } = await collect(engine.run(ask("WORDS 9", { stopSequences: ["\n", " "] }), never));
    assert.deepEqual([error, summaryOf(events).text, summaryOf(events).stopReason, restingIn(engine)], [undefined, "w0", "stop_sequence", 0]);
    await Promise.all(runningFakes("answers").map((pid) => waitUntilGone(pid, goneWithinMs)));
    assert.equal(engine.status.runningTurns, 0);
  });

  it("that do not come leave the conversation as it is, and are no part of it", async (t) => {
    const { engine } = startEngine(t, "answers", keep);
    await collect(engine.run(ask("WORDS 2", { stopSequences: ["w9"] }), never));
    const { events } = await collect(engine.run(turnOf({ messages: [user("WORDS 2"), assistant("w0 w1"), user("WORDS 3")], stopSequences: ["other"] }), never));
    assert.deepEqual([summaryOf(events).text, engine.status.turns.wentOn], ["w0 w1 w2 ", 1]);
  });
});

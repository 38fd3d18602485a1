/** Conversations of an engine in which the model calls the client's tools. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Engine } from "../../src/engine/engine.ts";
import { BridgeError } from "../../src/errors.ts";
import type { Message } from "../../src/turn/message.ts";
import type { Turn } from "../../src/turn/turn.ts";
import { runningFakes } from "../support/fake-claude.ts";
import { waitUntilGone } from "../support/processes.ts";
import { startPuppeteer } from "../support/puppeteer.ts";
import { goneWithinMs, restingIn, startEngine, until } from "../support/started-engine.ts";
import { callsIn, collect, collectUnchecked, summaryOf } from "../support/turn-events.ts";
import { ask, assistant, callsOf, never, resultsOf, tool, user } from "../support/turns.ts";

describe("a conversation with tools", () => {
  const tools = [tool("look"), tool("listen")];

  /** The first answer's calls, and the request that gives their results under ids of the client's own. */
  async function called(engine: Engine, prompt: string, more: Partial<Turn> = {}) {
    const turn = ask(prompt, { tools, ...more });
    const { events, error } = await collect(engine.run(turn, never));
    assert.equal(error, undefined);
    const calls = callsIn(events);
    const answer: Message = {
      role: "assistant",
      content: [...assistant(summaryOf(events).text).content, ...callsOf(...calls.map(({ name, json }, index) => [`mine-${index}`, name, JSON.parse(json)] as const)).content] as never,
    };
    const next = (...contents: string[]): Turn => ({ ...turn, messages: [...turn.messages, answer, resultsOf(...contents.map((content, index) => [`mine-${index}`, content] as const))] });
    return { events, calls, next };
  }

  it("goes on with the process that waits for the results, though none is kept otherwise", async (t) => {
    const { engine } = startEngine(t, "calls-tools");
    const { events, calls, next } = await called(engine, 'CALL look {"n":1} CALL listen {"n":2}');
    assert.deepEqual([summaryOf(events).stopReason, restingIn(engine), engine.status.runningTurns], ["tool_use", 1, 0]);
    const [pid = 0] = runningFakes("calls-tools");
    const second = await collect(engine.run(next("one", "two"), never));
    assert.deepEqual((JSON.parse(summaryOf(second.events).text) as { id: string; content: { text: string }[] }[]).map(({ id, content }) => [id, content[0]?.text]), [[calls[0]?.id, "one"], [calls[1]?.id, "two"]]);
    assert.deepEqual([engine.status.turns.wentOn, restingIn(engine)], [1, 0]);
    await waitUntilGone(pid, goneWithinMs);
  });

  it("goes on through several calls in a row", async (t) => {
    const { engine } = startEngine(t, "calls-tools");
    const { next } = await called(engine, "CALL look {}");
    const turn = next('CALL listen {"to":"it"}');
    const { events } = await collect(engine.run(turn, never));
    const [call] = callsIn(events);
    assert.equal(call?.name, "listen");
    const messages = [...turn.messages, { role: "assistant", content: [...assistant("\none moment").content, ...callsOf([call?.id ?? "", "listen", { to: "it" }]).content] } as Message, resultsOf([call?.id ?? "", "tweet"])];
    const third = await collect(engine.run({ ...turn, messages }, never));
    assert.match(summaryOf(third.events).text, /tweet/u);
    assert.equal(engine.status.turns.wentOn, 2);
  });

  it("whose process is gone is replayed, its calls and results in their true roles", async (t) => {
    const { engine } = startEngine(t, "calls-tools");
    const { next } = await called(engine, "CALL look {}");
    const [pid = 0] = runningFakes("calls-tools");
    process.kill(pid, "SIGKILL");
    await until(() => restingIn(engine) === 0);
    const { events, error } = await collect(engine.run(next("a bird"), never));
    // It is asked by the results alone, of which the made-up CLI knows nothing.
    assert.deepEqual([error, summaryOf(events).text, engine.status.turns.told.process_ended], [undefined, "ok", 1]);
  });

  it("is replayed too when the client brings more than results, and the process that waits is left alone", async (t) => {
    const { engine } = startEngine(t, "calls-tools");
    const { next } = await called(engine, "CALL look {}");
    const turn = next("a bird");
    const last = turn.messages.at(-1);
    const withWords = { role: "user", content: [...last?.content ?? [], { type: "text", text: "and hurry" }] } as Message;
    const { events, error } = await collect(engine.run({ ...turn, messages: [...turn.messages.slice(0, -1), withWords] }, never));
    assert.deepEqual([error, summaryOf(events).text, engine.status.turns.wentOn, restingIn(engine)], [undefined, "ok", 0, 1]);
    const second = await collect(engine.run(turn, never));
    assert.deepEqual([second.error, engine.status.turns.wentOn], [undefined, 1]);
  });

  it("whose CLI went on by itself is not gone on with", async (t) => {
    const { engine } = startEngine(t, "calls-tools");
    const { next } = await called(engine, "ALONE CALL look {}");
    await until(() => restingIn(engine) === 0);
    const { events, error } = await collect(engine.run(next("a bird"), never));
    assert.deepEqual([error, summaryOf(events).text, engine.status.turns.wentOn], [undefined, "ok", 0]);
  });

  it("whose choice changes from turn to turn goes on with one process: the API holds the model to each", async (t) => {
    const { engine } = startEngine(t, "calls-tools", { conversationIdleMsMax: 60_000 });
    const { calls, events } = await called(engine, "CALL look {}", { toolChoice: { type: "none" } });
    assert.deepEqual([calls, summaryOf(events).text], [[], "ok"]);
    let turn = ask("", { tools, messages: [user("CALL look {}"), assistant("ok"), user("CALL look {} CALL listen {}")] });
    const callsOn = async (result: string, more: Partial<Turn>): Promise<string[]> => {
      const { events, error } = await collect(engine.run({ ...turn, ...more }, never));
      assert.equal(error, undefined);
      const made = callsIn(events).map(({ name }, index) => [`mine-${index}`, name, {}] as const);
      const answer = [...assistant(summaryOf(events).text).content, ...callsOf(...made).content];
      turn = { ...turn, messages: [...turn.messages, { role: "assistant", content: answer as never }, resultsOf(...made.map(([id]) => [id, result] as const))] };
      return made.map(([, name]) => name);
    };
    assert.deepEqual(await callsOn("a bird", { disableParallelToolUse: true }), ["look"]);
    assert.deepEqual(await callsOn("CALL look {}", { toolChoice: { type: "any" } }), ["look"]);
    assert.deepEqual(await callsOn("CALL look {}", { toolChoice: { type: "tool", name: "listen" } }), ["listen"]);
    assert.deepEqual(await callsOn("", { toolChoice: { type: "none" } }), []);
    assert.equal(engine.status.turns.wentOn, 4);
  });

  it("whose answer must be a call is given it as it comes", async (t) => {
    const puppeteer = await startPuppeteer(t);
    const { engine } = startEngine(t, "puppet");
    const batches = engine.run(ask(puppeteer.prompt(), { tools, toolChoice: { type: "any" } }), never);
    void puppeteer.next().then((puppet) => {
      puppet.start();
      puppet.say("one moment");
    });
    // The answer has no call and no end yet.
    for await (const batch of batches) {
      if (batch.some(({ type }) => type === "text")) break;
    }
  });

  it("that is told to call none, or one, is not kept when it called more", async (t) => {
    const { engine } = startEngine(t, "calls-tools", { conversationIdleMsMax: 60_000 });
    const none = await called(engine, "ANYWAY CALL look {}", { toolChoice: { type: "none" } });
    assert.deepEqual([none.calls, summaryOf(none.events).stopReason, restingIn(engine)], [[], "end_turn", 0]);
    const one = await called(engine, "ANYWAY CALL look {} CALL listen {}", { disableParallelToolUse: true });
    assert.deepEqual([one.calls.map(({ name }) => name), summaryOf(one.events).stopReason, restingIn(engine)], [["look"], "tool_use", 0]);
  });
});

describe("an answer that must be a call, as words ask a model that is to think", () => {
  const must = { tools: [tool("look")], toolChoice: { type: "any" }, thinking: { type: "enabled", budgetTokens: 2_000 } } as const;

  it("and is one is like any other", async (t) => {
    const { engine } = startEngine(t, "calls-tools");
    const { events } = await collect(engine.run(ask("CALL look {}", must), never));
    assert.deepEqual([summaryOf(events).order, summaryOf(events).stopReason, restingIn(engine)], ["message_start text tool_use input_json message_stop", "tool_use", 1]);
  });

  it("and is words is turned round once: the client hears the call alone, and its process is not kept", async (t) => {
    const { engine } = startEngine(t, "calls-tools", { conversationIdleMsMax: 60_000 });
    // Unchecked until the runner gives both runs as one `AnswerWithCall`: today there are two starts.
    const { events, error } = await collectUnchecked(engine.run(ask("RELENT", must), never));
    assert.equal(error, undefined);
    assert.deepEqual([summaryOf(events).text, callsIn(events).map(({ name }) => name), summaryOf(events).stopReason], ["one moment ", ["look"], "tool_use"]);
    assert.equal(events.filter(({ type }) => type === "message_stop").length, 1);
    assert.equal(restingIn(engine), 0);
    await Promise.all(runningFakes("calls-tools").map((pid) => waitUntilGone(pid, goneWithinMs)));
  });

  it("and is words twice is given up, without a word of them", async (t) => {
    const { engine } = startEngine(t, "calls-tools", { conversationIdleMsMax: 60_000 });
    const { events, error } = await collectUnchecked(engine.run(ask("just talk", { ...must, toolChoice: { type: "tool", name: "look" } }), never));
    const { code, part, message } = error as BridgeError;
    assert.doesNotMatch(message, /tool_choice/u, "each dialect names its own field");
    assert.deepEqual([code, part, summaryOf(events).text, summaryOf(events).stopReason], ["upstream_error", "toolChoice", "", undefined]);
    assert.equal(restingIn(engine), 0);
  });

  it("and was cut at its token limit is given up at once: nobody is left to ask", async (t) => {
    const { engine } = startEngine(t, "runs-on");
    const { error } = await collect(engine.run(ask("hi", must), never));
    assert.deepEqual([(error as BridgeError).code, (error as BridgeError).part], ["upstream_error", "toolChoice"]);
  });
});

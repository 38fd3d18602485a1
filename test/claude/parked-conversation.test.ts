/** A conversation in which the model calls the client's tools, and waits for their results. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { BridgeError } from "../../src/errors.ts";
import type { Message } from "../../src/turn/message.ts";
import type { Turn } from "../../src/turn/turn.ts";
import { runningFakes } from "../support/fake-claude.ts";
import { given, startConversation, tools, withResults } from "../support/started-conversation.ts";
import { callsIn, collect, summaryOf } from "../support/turn-events.ts";
import { ask, assistant, callsOf, never, resultsOf, user } from "../support/turns.ts";

/** A conversation whose first answer ended in calls, and what its next request is. */
async function parkedConversation(t: TestContext, prompt: string, more: Partial<Turn> = {}) {
  const started = await startConversation(t, "calls-tools");
  const turn = ask(prompt, { tools, ...more });
  const { events, error } = await collect(started.conversation.run(turn, 0, never));
  assert.equal(error, undefined);
  assert.deepEqual([summaryOf(events).text, summaryOf(events).stopReason, started.conversation.isParked], ["one moment ", "tool_use", true]);
  return {
    ...started, events, calls: callsIn(events), claude: started.claude,
    next: (...contents: string[]): Turn => ({ ...turn, messages: withResults(turn.messages, events, ...contents) }),
  };
}

describe("the client's tools", () => {
  it("are told to the CLI: who serves them, and each of them", async (t) => {
    const { conversation } = await startConversation(t, "calls-tools");
    const { events } = await collect(conversation.run(ask("LIST", { tools }), 0, never));
    const { hello, ready, tools: listed } = JSON.parse(summaryOf(events).text) as { hello: { protocolVersion: string }; ready: string; tools: { name: string; inputSchema: unknown }[] };
    assert.deepEqual([hello.protocolVersion, ready], ["2025-11-25", "success"]);
    assert.deepEqual(listed.map(({ name, inputSchema }) => ({ name, inputSchema })), tools.map(({ name, inputSchema }) => ({ name, inputSchema })));
  });

  it("are not spoken of where there are none", async (t) => {
    const { conversation } = await startConversation(t, "calls-tools");
    assert.equal(summaryOf((await collect(conversation.run(ask("LIST"), 0, never))).events).text, "{}");
  });

  it("are called: the answer ends, the process waits, and goes on with the result", async (t) => {
    const { conversation, claude, calls, next } = await parkedConversation(t, 'CALL look {"at":"é\u2028"}');
    assert.deepEqual(calls.map(({ name, json }) => [name, json]), [["look", '{"at":"é\u2028"}']]);
    assert.deepEqual([claude.state, conversation.isReusable], ["parked", true]);
    const { events, error } = await collect(conversation.run(next("a bird 😀"), 2, never));
    assert.equal(error, undefined);
    assert.deepEqual(given(events), [[calls[0]?.id, "a bird 😀"]]);
    assert.deepEqual([summaryOf(events).order, summaryOf(events).stopReason, claude.state, conversation.isParked, conversation.isReusable], ["message_start text message_stop", "end_turn", "ready", false, true]);
  });

  it("are called again and again in one turn of the CLI's, and the conversation goes on after it", async (t) => {
    const { conversation, next } = await parkedConversation(t, "CALL look {}");
    const first = next('CALL listen {"to":"it"}');
    const second = await collect(conversation.run(first, 2, never));
    assert.deepEqual([callsIn(second.events).map(({ name, json }) => [name, json]), summaryOf(second.events).stopReason, conversation.isParked], [[["listen", '{"to":"it"}']], "tool_use", true]);
    const messages = withResults(first.messages, second.events, "tweet");
    const third = await collect(conversation.run({ ...first, messages }, 4, never));
    assert.deepEqual(given(third.events), [[callsIn(second.events)[0]?.id, "tweet"]]);
    const more = await collect(conversation.run({ ...first, messages: [...messages, assistant("tweet"), user("well?")] }, 6, never));
    assert.deepEqual([more.error, summaryOf(more.events).text], [undefined, "ok"]);
  });

  for (const manner of ["", "PARALLEL ", "LATE "]) {
    it(`are called several at once ${manner === "" ? "one after the other" : manner === "LATE " ? "after the answer ended" : "in parallel"}, each given its own result`, async (t) => {
      const { conversation, calls, next } = await parkedConversation(t, `${manner}CALL look {"n":1} CALL listen {"n":2} CALL look {"n":3}`);
      assert.deepEqual(calls.map(({ name, json }) => [name, json]), [["look", '{"n":1}'], ["listen", '{"n":2}'], ["look", '{"n":3}']]);
      const { events, error } = await collect(conversation.run(next("one", "two", "three"), 2, never));
      assert.equal(error, undefined);
      assert.deepEqual(given(events), [[calls[0]?.id, "one"], [calls[1]?.id, "two"], [calls[2]?.id, "three"]]);
    });

    it(`have their results taken in any order, and under ids of the client's own, ${manner.trim() || "one after the other"}`, async (t) => {
      const { conversation, calls, next } = await parkedConversation(t, `${manner}CALL look {"n":1} CALL listen {"n":2}`);
      const turn = next();
      const messages = [...turn.messages.slice(0, 1), callsOf(["mine-1", "look", { n: 1 }], ["mine-2", "listen", { n: 2 }]), resultsOf(["mine-2", "two", { is_error: true }], ["mine-1", "one"])];
      const { events } = await collect(conversation.run({ ...turn, messages }, 2, never));
      assert.deepEqual(given(events), [[calls[0]?.id, "one"], [calls[1]?.id, "two", true]]);
    });
  }

  it("that the client leaves in the middle of the second answer leave the process of no use", async (t) => {
    const { conversation, next } = await parkedConversation(t, "CALL look {}");
    const left = AbortSignal.abort();
    const { events, error } = await collect(conversation.run(next("x"), 2, left));
    assert.deepEqual([events, (error as BridgeError).code, conversation.isReusable, conversation.isParked], [[], "client_closed", false, false]);
  });
});

describe("a conversation that waits for the client's tools", () => {
  it("goes on with nothing but their results", async (t) => {
    const { conversation, next } = await parkedConversation(t, 'CALL look {"n":1} CALL listen {"n":2}');
    const turn = next("one", "two");
    const [asked, called, answered] = turn.messages as [Message, Message, Message];
    const fits = (messages: readonly Message[], seen: number): boolean => conversation.canContinue({ ...turn, messages }, seen);
    assert.equal(fits([asked, called, answered], 2), true);
    assert.equal(fits([asked, called, answered], 1), false);
    assert.equal(fits([asked, called, user("never mind")], 2), false);
    assert.equal(fits([asked, called, answered, assistant("x"), user("y")], 2), false);
    assert.equal(fits([asked, called, { role: "user", content: answered.content.slice(0, 1) } as Message], 2), false);
    assert.equal(fits([asked, called, { role: "user", content: [...answered.content, { type: "text", text: "and" }] } as Message], 2), false);
    assert.equal(fits(next("one", "").messages, 2), false);
  });

  it("is not one that has nothing open, nor one that is spent", async (t) => {
    const known = await startConversation(t, "answers");
    const turn = ask("WORDS 1");
    assert.equal(known.conversation.canContinue(turn, 0), true);
    await collect(known.conversation.run(turn, 0, never));
    assert.deepEqual([known.conversation.isParked, known.conversation.canContinue({ ...turn, messages: [...turn.messages, assistant("w0"), user("x")] }, 2)], [false, true]);
    const spent = await startConversation(t, "runs-on");
    await collect(spent.conversation.run(turn, 0, never));
    assert.deepEqual([spent.conversation.isReusable, spent.conversation.isParked, spent.conversation.canContinue(turn, 0)], [false, false, false]);
  });

  for (const manner of ["ALONE", "ALONE AT ONCE"]) {
    it(`is of no use any more when its CLI goes on ${manner.toLowerCase()}, and its process ends`, async (t) => {
      const { conversation, claude } = await startConversation(t, "calls-tools");
      const turn = ask(`${manner} CALL look {}`, { tools });
      const { events, error } = await collect(conversation.run(turn, 0, never));
      assert.deepEqual([error, summaryOf(events).text, callsIn(events).length, summaryOf(events).stopReason], [undefined, "one moment ", 1, "tool_use"]);
      await claude.closed;
      const next = { ...turn, messages: withResults(turn.messages, events, "x") };
      assert.deepEqual([conversation.isReusable, conversation.isParked, conversation.canContinue(next, 2)], [false, false, false]);
      const second = await collect(conversation.run(next, 2, never));
      assert.deepEqual([second.events, (second.error as BridgeError).code], [[], "cli_failed"]);
    });
  }

  it("is of no use any more when its process dies, and a late run says how", async (t) => {
    const { conversation, claude, next } = await parkedConversation(t, "CALL look {}");
    claude.kill();
    await claude.closed;
    assert.deepEqual([conversation.isReusable, conversation.isParked], [false, false]);
    const { error } = await collect(conversation.run(next("x"), 2, never));
    assert.match((error as BridgeError).message, process.platform === "win32" ? /exit code/u : /signal SIGKILL/u);
  });

  it("ends a run in which its CLI falls silent", async (t) => {
    const { conversation, next } = await parkedConversation(t, 'CALL look {"n":1} CALL listen {"n":2}');
    // A fresh one's silence is bounded by the same clock: here it is the client who gives too little.
    const turn = next("one", "two");
    const left = new AbortController();
    const run = collect(conversation.run({ ...turn, messages: turn.messages.slice(0, 2) }, 2, left.signal));
    left.abort();
    assert.equal(((await run).error as BridgeError).code, "client_closed");
  });
});

describe("a call that there should not be", () => {
  it("is answered with a refusal where the client wants none: it hears only the text", async (t) => {
    const { conversation } = await startConversation(t, "calls-tools");
    const { events, error } = await collect(conversation.run(ask('ANYWAY CALL look {"n":1} CALL listen {"n":2}', { tools, toolChoice: { type: "none" } }), 0, never));
    assert.equal(error, undefined);
    assert.deepEqual([callsIn(events), summaryOf(events).stopReason, summaryOf(events).order], [[], "end_turn", "message_start text message_stop"]);
    const { text } = summaryOf(events);
    assert.ok(text.startsWith("one moment "));
    const refusals = JSON.parse(text.slice("one moment ".length)) as { content: unknown; isError: boolean }[];
    const refusal = { content: [{ type: "text", text: "Tools may not be called in this turn. Answer in text." }], isError: true };
    assert.deepEqual(refusals.map(({ content, isError }) => ({ content, isError })), [refusal, refusal]);
    // Its process has seen calls that the client will not give back.
    assert.equal(conversation.isReusable, false);
  });

  it("is cut off where there may be one: the process is interrupted at once, and stands where it stood", async (t) => {
    const { conversation } = await startConversation(t, "calls-tools");
    const { events, error } = await collect(conversation.run(ask('ANYWAY CALL look {"n":1} CALL listen {"n":2}', { tools, disableParallelToolUse: true }), 0, never));
    assert.equal(error, undefined);
    assert.deepEqual([callsIn(events).map(({ name }) => name), summaryOf(events).stopReason], [["look"], "tool_use"]);
    assert.deepEqual([conversation.isReusable, conversation.isParked], [false, false]);
    assert.equal(conversation.process.state, "busy");
  });

  it("is none where there is only one", async (t) => {
    const { conversation, next } = await parkedConversation(t, 'CALL look {"n":1}', { disableParallelToolUse: true });
    assert.deepEqual((given((await collect(conversation.run(next("one"), 2, never))).events) as unknown[]).length, 1);
  });
});

it("no process of these tests is left", () => {
  for (const name of ["answers", "calls-tools", "hangs", "silent", "bursts", "echo-history", "floods-one-line"]) assert.deepEqual(runningFakes(name), []);
});

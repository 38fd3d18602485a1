/** What a process is told ahead of a question, and what it has of one that was left. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Conversation } from "../../src/claude/conversation.ts";
import type { BridgeError } from "../../src/errors.ts";
import type { Turn } from "../../src/turn/turn.ts";
import { runningFakes } from "../support/fake-claude.ts";
import { given, meanwhile, startConversation, tools, withResults } from "../support/started-conversation.ts";
import { callsIn, collect, summaryOf } from "../support/turn-events.ts";
import { ask, assistant, never, systemOf, turnOf, user } from "../support/turns.ts";

const all = { rewindSteps: true, rewindMany: true, rewindToEmpty: true, answerTarget: true };

/** Where what follows waits for the process to do something of its own accord. */
async function until(holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 5_000;
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error(`not so after 5 s: ${String(holds)}`);
    await new Promise(setImmediate);
  }
}

describe("a rehearsal", () => {
  const profile = turnOf({ system: systemOf("Be brief."), effort: "low", thinking: { type: "enabled", budgetTokens: 2_000 } });
  const silent = ["never", "told"];

  /** The kinds of what echo-history was told in the end. */
  async function toldOf(conversation: Conversation, turn: Turn): Promise<readonly string[]> {
    const { events, error } = await collect(conversation.run(turn, 0, never));
    assert.equal(error, undefined);
    return (JSON.parse(summaryOf(events).text) as any[]).map((message) =>
      typeof message === "string" ? message : message.type === "control_request" ? message.request.subtype : `${message.shouldQuery === false ? "history " : ""}${message.type} ${JSON.stringify(message.message.content)}`);
  }

  const motion = ["history user []", "acknowledged"];
  const motions = ["initialize", "apply_flag_settings", "set_max_thinking_tokens", ...motion];
  const rewinds = { REWINDS: "1" };

  it("tells all but the messages, once; a turn then tells only these", async (t) => {
    const infos: unknown[] = [];
    const { conversation, claude } = await startConversation(t, "echo-history", { onInitialized: (info) => infos.push(info) }, rewinds);
    await conversation.rehearse(profile, all);
    assert.deepEqual([conversation.isReusable, conversation.hasBegun, claude.state], [true, false, "busy"]);
    const told = await toldOf(conversation, { ...profile, messages: [user("hi")] });
    assert.deepEqual(told, [...motions, ...motion, ...motion, "rewound", "rewound", "rewound", 'user [{"type":"text","text":"hi"}]']);
    assert.deepEqual([infos.length, claude.state, conversation.isReusable], [1, "ready", true]);
  });

  it("sends no empty messages to a CLI that cannot take them back: its first message would stay one of them", async (t) => {
    const { conversation } = await startConversation(t, "echo-history");
    await conversation.rehearse(profile, { ...all, rewindToEmpty: false });
    const told = await toldOf(conversation, { ...profile, messages: [user("hi")] });
    assert.deepEqual(told, [...motions.slice(0, 3), 'user [{"type":"text","text":"hi"}]']);
  });

  it("that the CLI does not take back has no further use", async (t) => {
    const { conversation } = await startConversation(t, "echo-history");
    await assert.rejects(conversation.rehearse(profile, all), /rewind_conversation/u);
  });

  it("that goes on is waited for by a turn as far as it is begun, and nothing comes between", async (t) => {
    const { conversation } = await startConversation(t, "echo-history", {}, rewinds);
    const rehearsal = conversation.rehearse(profile, all);
    const told = await toldOf(conversation, { ...profile, messages: [user("a"), assistant("b"), user("c")] });
    await rehearsal;
    assert.deepEqual(told, [...motions, "rewound", 'history user [{"type":"text","text":"a"}]', "acknowledged", 'assistant [{"type":"text","text":"b"}]', 'user [{"type":"text","text":"c"}]']);
  });

  it("is one the client's tools are served in", async (t) => {
    const { conversation } = await startConversation(t, "calls-tools", {}, rewinds);
    await conversation.rehearse(turnOf({ tools }), all);
    const turn = ask('CALL look {"n":1}', { tools });
    const { events } = await collect(conversation.run(turn, 0, never));
    assert.deepEqual([callsIn(events).length, conversation.isParked], [1, true]);
    const second = await collect(conversation.run({ ...turn, messages: withResults(turn.messages, events, "one") }, 2, never));
    assert.deepEqual(given(second.events), [[callsIn(events)[0]?.id, "one"]]);
  });

  for (const [name, words] of [["refuses-initialize", /refused initialize/u], ["refuses-at-once", /schema not to my taste/u], ["refuses-history", /did not take the conversation's history/u], ["crashes-at-boot", /exit code 3/u]] as const) {
    it(`on a CLI like ${name} rejects, and a turn that waits for it fails with the same words`, async (t) => {
      const early = await startConversation(t, name);
      const rehearsal = assert.rejects(early.conversation.rehearse(profile, all), words);
      const { events, error } = await collect(early.conversation.run({ ...profile, messages: [user("hi")] }, 0, never));
      await rehearsal;
      assert.deepEqual([events, (error as BridgeError).code, early.conversation.isReusable, early.conversation.hasBegun], [[], "cli_failed", false, false]);
      assert.match((error as BridgeError).message, words);

      const late = await startConversation(t, name);
      await assert.rejects(late.conversation.rehearse(profile, all), words);
      assert.match(((await collect(late.conversation.run({ ...profile, messages: [user("hi")] }, 0, never))).error as BridgeError).message, words);
    });
  }

  it("that is never answered bounds the turn that waits for it", async (t) => {
    const { conversation } = await startConversation(t, "silent", { silenceMsMax: 50 });
    const rehearsal = assert.rejects(conversation.rehearse(profile, all), { code: "turn_timeout" });
    const { error } = await collect(conversation.run({ ...profile, messages: [user(silent.join(" "))] }, 0, never));
    await rehearsal;
    assert.deepEqual([(error as BridgeError).code, conversation.isReusable], ["turn_timeout", false]);
  });

  it("that does not settle holds a turn no longer than a rehearsal may, and the turn may go to another process", async (t) => {
    const { conversation } = await startConversation(t, "never-acknowledges", { rehearsalWaitMsMax: 50 });
    const rehearsal = assert.rejects(conversation.rehearse(profile, all), { code: "cli_failed" });
    const { events, error } = await collect(conversation.run({ ...profile, messages: [user("hi")] }, 0, never));
    await rehearsal;
    const { code, message } = error as BridgeError;
    assert.deepEqual([events, code, message], [[], "cli_failed", "The claude process did not end its rehearsal within 0.05 s."]);
    assert.deepEqual([conversation.isReusable, conversation.hasBegun], [false, false]);
  });

  it("that is answered like a question is refused, and its answer is given to no turn", async (t) => {
    const answersAll = { ANSWERS_ALL: "1" };
    const words = /answered what was no question/u;
    const waiting = await startConversation(t, "never-acknowledges", {}, answersAll);
    await assert.rejects(waiting.conversation.rehearse(profile, all), words);

    const taken = await startConversation(t, "never-acknowledges", {}, answersAll);
    const rehearsal = assert.rejects(taken.conversation.rehearse(profile, all), words);
    const { events, error } = await collect(taken.conversation.run({ ...profile, messages: [user("hi")] }, 0, never));
    await rehearsal;
    assert.deepEqual([events, (error as BridgeError).code, taken.conversation.hasBegun], [[], "cli_failed", false]);
    assert.match((error as BridgeError).message, words);
  });

  it("of a process that is ended leaves nobody waiting", async (t) => {
    const { conversation, claude } = await startConversation(t, "silent");
    const rehearsal = assert.rejects(conversation.rehearse(profile, all), { code: "cli_failed" });
    claude.kill();
    await rehearsal;
    await until(() => !conversation.isReusable);
  });
});

describe("what a process has of a turn that was left", () => {
  for (const [what, name, turn, settled] of [
    ["is all before the question once that was asked", "hangs", ask("hi"), { count: 0, isUntouched: false }],
    ["is not known where the CLI does not acknowledge what it is told", "never-acknowledges", turnOf({ messages: [user("a"), assistant("b"), user("c")] }), undefined],
    ["is not known before it has accepted what the turn begins with", "silent", ask("hi"), undefined],
  ] as const) {
    it(what, async (t) => {
      const { conversation } = await startConversation(t, name);
      const left = new AbortController();
      const running = collect(conversation.run(turn, 0, left.signal));
      // The first has begun to answer by then; the others wait for what does not come.
      await (name === "hangs" ? until(() => conversation.hasBegun) : meanwhile(t));
      left.abort();
      assert.equal(((await running).error as BridgeError).code, "client_closed");
      assert.deepEqual(await conversation.settle(), settled);
    });
  }
});

it("no process of these tests is left", () => {
  for (const name of ["answers", "calls-tools", "hangs", "silent", "bursts", "echo-history", "floods-one-line"]) assert.deepEqual(runningFakes(name), []);
});

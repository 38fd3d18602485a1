/** What a turn does when its process says nothing, by a clock that the test moves. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import { Conversation } from "../../src/claude/conversation.ts";
import { bootWaitMs } from "../../src/claude/probe.ts";
import { BootTimeout, firstLineWaitMsMin, firstSignWaitMsMax, firstWordWaitMsMax, quietMsMin, resultWaitMsMax, tellingWaitMsMax } from "../../src/claude/watch.ts";
import type { BridgeError } from "../../src/errors.ts";
import type { Turn } from "../../src/turn/turn.ts";
import { eventLine, messageDelta, messageStart, resultLine, textDelta } from "../support/cli-lines.ts";
import { HandClock } from "../support/hand-clock.ts";
import { ScriptedProcess } from "../support/scripted-process.ts";
import { type Collected, collectUnchecked, summaryOf } from "../support/turn-events.ts";
import { ask, assistant, never, turnOf, user } from "../support/turns.ts";

const silenceMsMax = 300_000;
const messageStop = eventLine({ type: "message_stop" });
const wholeAnswer = [messageStart("msg_1", "fake"), textDelta("w0"), messageDelta("end_turn", 1), messageStop];
/** What the CLI says behind each prompt, before it has an answer of the API. */
const requesting = [{ type: "system", subtype: "init", tools: [] }, { type: "system", subtype: "status", status: "requesting" }];

interface Scene {
  readonly process: ScriptedProcess;
  readonly conversation: Conversation;
  /** Lets time pass. */
  pass(ms: number): Promise<void>;
  run(turn?: Turn, seen?: number): Run;
}

interface Run { readonly over: Promise<Collected>; readonly state: { isOver: boolean } }

function start(): Scene {
  const clock = new HandClock();
  const process = new ScriptedProcess();
  const conversation = new Conversation(process.asProcess, { silenceMsMax, time: clock, onInitialized: () => {}, onHistoryTold: () => {}, onModelRefused: () => {}, onRateLimit: () => {}, onModelLimits: () => {}, onSpent: () => process.kill() });
  return {
    process, conversation,
    pass: async (ms) => {
      clock.pass(ms);
      await nextRound();
    },
    run: (turn = ask("hi"), seen = 0) => {
      const state = { isOver: false };
      const over = collectUnchecked(conversation.run(turn, seen, never)).finally(() => (state.isOver = true));
      return { over, state };
    },
  };
}

/** A conversation of one turn, whose answer has come. */
async function startSecond(): Promise<Scene> {
  const scene = start();
  const { over } = scene.run();
  await nextRound();
  scene.process.accept();
  scene.process.say(...requesting);
  scene.process.say(...wholeAnswer, resultLine(1));
  assert.equal((await over).error, undefined);
  assert.equal(scene.conversation.isReusable, true);
  return scene;
}

const second = turnOf({ messages: [user("hi"), assistant("w0"), user("and?")] });

async function errorOf({ over }: Run): Promise<BridgeError> {
  const { error } = await over;
  assert.ok(error !== undefined, "the turn fails");
  return error as BridgeError;
}

describe("a process that does not boot", () => {
  it("fails its turn after the named time, with words about booting", async () => {
    const { pass, run } = start();
    const turn = run();
    await pass(bootWaitMs - 1);
    assert.equal(turn.state.isOver, false);
    await pass(1);
    const error = await errorOf(turn);
    assert.ok(error instanceof BootTimeout);
    assert.deepEqual([error.code, error.message], ["cli_failed", "The claude process did not boot within 60 s."]);
  });

  it("has had a part of that time when it was started before the turn, and a little is left in any case", async () => {
    for (const [ageMs, leftMs] of [[40_000, 20_000], [500_000, firstLineWaitMsMin]] as const) {
      const { pass, run } = start();
      await pass(ageMs);
      const turn = run();
      await pass(leftMs - 1);
      assert.equal(turn.state.isOver, false);
      await pass(1);
      assert.ok(await errorOf(turn) instanceof BootTimeout);
    }
  });

  it("fails its preparation for a turn that waits for another process meanwhile", async () => {
    const { conversation, pass } = start();
    const refused = assert.rejects(conversation.prepare(ask("hi")), BootTimeout);
    await pass(bootWaitMs);
    await refused;
  });

  it("is told from one that boots and then thinks for long", async () => {
    const { pass, process, run } = start();
    const turn = run();
    await pass(bootWaitMs - 1);
    process.accept();
    process.say(...requesting);
    await pass(silenceMsMax - 1);
    assert.equal(turn.state.isOver, false);
    await pass(1);
    assert.equal((await errorOf(turn)).code, "turn_timeout");
  });

  it("is told from one that boots, accepts what it is told, and does not react to its question", async () => {
    const { pass, process, run } = start();
    const turn = run();
    await pass(bootWaitMs - 1);
    process.accept();
    await pass(firstWordWaitMsMax - 1);
    assert.equal(turn.state.isOver, false);
    await pass(1);
    assert.equal((await errorOf(turn)).code, "cli_failed");
  });
});

describe("a process that takes no history", () => {
  it("fails its turn before that has begun, however many messages it took before", async () => {
    const { conversation, pass, process, run } = await startSecond();
    const turn = run(turnOf({ messages: [...second.messages, assistant("w1"), user("on"), assistant("w2"), user("and on?")] }), 2);
    await nextRound();
    for (const took of [1, 2]) {
      await pass(tellingWaitMsMax - 1);
      assert.equal(turn.state.isOver, false);
      if (took === 1) process.say(resultLine(0));
      await nextRound();
    }
    await pass(1);
    const error = await errorOf(turn);
    assert.deepEqual([error.code, conversation.hasBegun], ["cli_failed", false]);
    assert.match(error.message, /did not take the conversation's history within 30 s/u);
  });
});

describe("a whole answer whose `result` line does not come", () => {
  it("is ended within seconds, and so is its process", async () => {
    const { conversation, pass, process, run } = await startSecond();
    const turn = run(second, 2);
    await nextRound();
    process.say(...requesting, ...wholeAnswer);
    await pass(resultWaitMsMax - 1);
    assert.equal(turn.state.isOver, false);
    await pass(1);
    const { events, error } = await turn.over;
    assert.deepEqual([error, summaryOf(events).text, summaryOf(events).stopReason], [undefined, "w0", "end_turn"]);
    assert.deepEqual([process.state, conversation.isReusable], ["closing", false]);
  });

  it("is not ended when the CLI goes on by itself", async () => {
    const { pass, process, run } = await startSecond();
    const turn = run(second, 2);
    await nextRound();
    process.say(...wholeAnswer);
    await pass(resultWaitMsMax - 1);
    process.say(messageStart("msg_2", "fake"), textDelta("more"));
    await pass(resultWaitMsMax);
    assert.equal(turn.state.isOver, false);
    process.say(messageDelta("end_turn", 1), messageStop, resultLine(1));
    assert.equal(summaryOf((await turn.over).events).text, "w0more");
  });

  it("is none where the document that was asked for is still to come, or the API has not said that it is whole", async () => {
    for (const [lines, responseSchema] of [[wholeAnswer, { type: "object" }], [wholeAnswer.slice(0, -1), undefined]] as const) {
      const { pass, process, run } = await startSecond();
      const turn = run(responseSchema === undefined ? second : { ...second, responseSchema }, 2);
      await nextRound();
      process.say(...lines);
      await pass(resultWaitMsMax);
      assert.equal(turn.state.isOver, false);
      await pass(silenceMsMax);
      assert.equal((await errorOf(turn)).code, "turn_timeout");
    }
  });

  it("is not judged while its reader takes its time: the line may be there unread", async () => {
    const { conversation, pass, process } = await startSecond();
    const batches = conversation.run(second, 2, never);
    const first = batches.next();
    await nextRound();
    process.say(...wholeAnswer.slice(0, 2));
    await first;
    process.say(...wholeAnswer.slice(2));
    await pass(3 * resultWaitMsMax);
    assert.equal(process.state, "busy");
    const next = batches.next();
    process.say(resultLine(1));
    await next;
    assert.equal((await batches.next()).done, true);
    assert.equal(process.state, "ready");
  });
});

describe("a process that does not react to its question", () => {
  it("fails the turn before it has begun: it is no slow model that is waited for", async () => {
    const { conversation, pass, run } = await startSecond();
    const turn = run(second, 2);
    await pass(firstWordWaitMsMax - 1);
    assert.equal(turn.state.isOver, false);
    await pass(1);
    const error = await errorOf(turn);
    assert.deepEqual([error.code, error.message, conversation.hasBegun], ["cli_failed", "The claude process did not react to its question within 30 s.", false]);
  });
});

describe("a process that was quiet for long", () => {
  it("whose prompt brings no sign of the API fails the turn before it has begun, so that another is asked", async () => {
    const { conversation, pass, process, run } = await startSecond();
    await pass(quietMsMin);
    const turn = run(second, 2);
    await nextRound();
    process.say(...requesting);
    await pass(firstSignWaitMsMax - 1);
    assert.equal(turn.state.isOver, false);
    await pass(1);
    const error = await errorOf(turn);
    assert.deepEqual([error.code, conversation.hasBegun], ["cli_failed", false]);
    assert.match(error.message, /no answer of the API .* within 20 s/u);
  });

  it("is waited for as usual once the API has answered: a first token, or a refusal after which the CLI tries again", async () => {
    const retry = { type: "system", subtype: "api_retry", attempt: 1, error_status: 529 };
    for (const sign of [messageStart("msg_2", "fake"), retry]) {
      const { pass, process, run } = await startSecond();
      await pass(quietMsMin);
      const turn = run(second, 2);
      await nextRound();
      process.say(...requesting);
      await pass(firstSignWaitMsMax - 1);
      process.say(sign);
      await nextRound();
      await pass(silenceMsMax - 1);
      assert.equal(turn.state.isOver, false);
      await pass(1);
      assert.equal((await errorOf(turn)).code, "turn_timeout");
    }
  });

  it("is given longer the more the model is told: a second for each 100 kB", async () => {
    const { pass, process, run } = await startSecond();
    await pass(quietMsMin);
    const turn = run(turnOf({ messages: [user("hi"), assistant("w0"), user("x".repeat(1_000_000))] }), 2);
    await nextRound();
    process.say(...requesting);
    await pass(firstSignWaitMsMax + 10_000 - 1);
    assert.equal(turn.state.isOver, false);
    await pass(1_000);
    assert.equal((await errorOf(turn)).code, "cli_failed");
  });

  it("is told from one that has never asked the API, and has no connection that could be dead, however long it was warm", async () => {
    const { conversation, pass, process, run } = start();
    const prepared = conversation.prepare(ask("hi"));
    process.accept();
    await prepared;
    await pass(60 * quietMsMin);
    const turn = run();
    await nextRound();
    process.say(...requesting);
    await pass(firstSignWaitMsMax + 5_000);
    assert.equal(turn.state.isOver, false);
    process.say(...wholeAnswer, resultLine(1));
    assert.equal((await turn.over).error, undefined);
  });

  it("is told from one that has just answered: there a slow model is waited for", async () => {
    const { pass, process, run } = await startSecond();
    await pass(quietMsMin - 1);
    const turn = run(second, 2);
    await nextRound();
    process.say(...requesting);
    await pass(silenceMsMax - 1);
    assert.equal(turn.state.isOver, false);
    await pass(1);
    assert.equal((await errorOf(turn)).code, "turn_timeout");
  });
});

/** What a process has of a turn that its client left before the question was written. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import { Conversation } from "../../src/claude/conversation.ts";
import { rewindWaitMsMax } from "../../src/claude/history.ts";
import { bootWaitMs } from "../../src/claude/probe.ts";
import { eventLine, messageDelta, messageStart, resultLine, textDelta } from "../support/cli-lines.ts";
import { HandClock } from "../support/hand-clock.ts";
import { ScriptedProcess } from "../support/scripted-process.ts";
import { collectUnchecked } from "../support/turn-events.ts";
import { ask, assistant, never, turnOf, user } from "../support/turns.ts";

const capabilities = { rewindSteps: true, rewindMany: true, rewindToEmpty: true, answerTarget: true };
const one = [user("one"), assistant("w0")];
const long = turnOf({ messages: [...one, user("two"), assistant("2"), user("three"), assistant("3"), user("four")] });
const answer = [messageStart("msg_1", "fake"), textDelta("w0"), messageDelta("end_turn", 1), eventLine({ type: "message_stop" }), resultLine(1, "w0")];

function start() {
  const clock = new HandClock();
  const process = new ScriptedProcess();
  const conversation = new Conversation(process.asProcess, {
    silenceMsMax: 300_000, time: clock, onInitialized: () => {}, onHistoryTold: () => {}, onModelRefused: () => {}, onRateLimit: () => {}, onModelLimits: () => {}, onSpent: () => {},
  });
  /** The texts of the messages that it was told, and the rewinds. */
  const told = (): string[] => process.told.flatMap(({ type, message, request }) => (
    type === "user" || type === "assistant" ? [String(message.content[0].text)] : request?.subtype === "rewind_conversation" ? ["rewound"] : []));
  return { clock, process, conversation, told };
}

/** It has had a turn. */
async function used() {
  const scene = start();
  const over = collectUnchecked(scene.conversation.run(ask("one"), 0, never));
  await nextRound();
  scene.process.accept();
  scene.process.say(...answer);
  assert.equal((await over).error, undefined);
  return scene;
}

async function leave({ conversation }: ReturnType<typeof start>, turn = long, seen = 2): Promise<void> {
  const leaving = new AbortController();
  const over = collectUnchecked(conversation.run(turn, seen, leaving.signal));
  await nextRound();
  leaving.abort();
  await over;
}

describe("a process whose client leaves while it is told a history", () => {
  it("is told no more, and taken back to where it stood once the CLI has the message under way", async () => {
    const scene = await used();
    const { process, conversation, told } = scene;
    await leave(scene);
    const settling = conversation.settle();
    process.say(resultLine(0));
    assert.deepEqual(await settling, { count: 2, isUntouched: false });
    const rewinding = conversation.rewind(2, capabilities);
    process.accept({ rewound: true });
    assert.equal(await rewinding, 2);
    assert.deepEqual([told(), conversation.isReusable, process.state], [["one", "two", "rewound"], true, "ready"]);
  });

  it("has no further use where the CLI does not take that message in time", async () => {
    const scene = await used();
    await leave(scene);
    const settling = scene.conversation.settle();
    await nextRound();
    scene.clock.pass(rewindWaitMsMax);
    assert.equal(await settling, undefined);
  });
});

describe("a process whose client leaves before a message was told", () => {
  it("stands where it stood: it waits for another model", async () => {
    const { process, conversation, clock, told } = start();
    const leaving = new AbortController();
    const over = collectUnchecked(conversation.run(ask("hi", { model: "sonnet" }), 0, leaving.signal));
    await nextRound();
    process.accept();
    await nextRound();
    leaving.abort();
    await over;
    const settling = conversation.settle();
    process.accept();
    assert.deepEqual(await settling, { count: 0, isUntouched: true });
    assert.deepEqual([told(), conversation.isReusable, conversation.model, process.state, clock.pending], [[], true, "sonnet", "ready", 0]);
  });

  it("stands at its beginning once it is up, where it still boots", async () => {
    const scene = start();
    const { process, conversation, told, clock } = scene;
    await leave(scene, long, 0);
    assert.deepEqual(told(), ["one"]);
    const settling = conversation.settle();
    await nextRound();
    clock.pass(rewindWaitMsMax);
    process.accept();
    process.say(resultLine(0));
    assert.deepEqual(await settling, { count: 0, isUntouched: false });
    const rewinding = conversation.rewind(0, capabilities);
    process.accept({ rewound: true });
    assert.deepEqual([await rewinding, told(), clock.pending], [0, ["one", "rewound"], 0]);
  });

  it("has no further use where it does not come up in time", async () => {
    const scene = start();
    await leave(scene, ask("hi", { model: "sonnet" }), 0);
    const settling = scene.conversation.settle();
    await nextRound();
    scene.clock.pass(bootWaitMs);
    assert.equal(await settling, undefined);
  });

  it("has no further use where it boots and its question was written: the CLI would still ask that", async () => {
    const scene = start();
    await leave(scene, ask("hi"), 0);
    assert.deepEqual([scene.told(), await scene.conversation.settle()], [["hi"], undefined]);
  });

  it("has no further use where it refuses what the turn begins with", async () => {
    const scene = start();
    await leave(scene, ask("hi", { model: "sonnet" }), 0);
    const requests = scene.process.told.map(({ request_id }) => ({ type: "control_response", response: { subtype: "error", request_id, error: "no" } }));
    scene.process.say(...requests);
    assert.equal(await scene.conversation.settle(), undefined);
  });
});

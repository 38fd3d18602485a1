/** What a conversation tells its process's owner of, by a clock that the test moves. It never ends the process itself. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import { Conversation } from "../../src/claude/conversation.ts";
import { resultWaitMsMax } from "../../src/claude/watch.ts";
import { callEvents, eventLine, mcpLine, messageDelta, messageStart, resultLine, textDelta } from "../support/cli-lines.ts";
import { HandClock } from "../support/hand-clock.ts";
import { ScriptedProcess } from "../support/scripted-process.ts";
import { collectUnchecked } from "../support/turn-events.ts";
import { ask, never, tool } from "../support/turns.ts";

const messageStop = eventLine({ type: "message_stop" });
const answer = (stopReason: string): readonly object[] => [messageStart("msg_1", "fake"), textDelta("w0"), messageDelta(stopReason, 1), messageStop];
const rewinds = { rewindSteps: true, rewindMany: true, rewindToEmpty: true, answerTarget: true };

/** A conversation whose process has been asked, and what its owner was told. */
async function start(turn = ask("hi")) {
  const clock = new HandClock();
  const process = new ScriptedProcess();
  const told: string[] = [];
  const conversation = new Conversation(process.asProcess, {
    silenceMsMax: 300_000, time: clock, onInitialized: () => {}, onHistoryTold: () => {}, onModelRefused: () => {}, onRateLimit: () => {}, onModelLimits: () => {},
    onSpent: (reason, haste) => told.push(`${reason} ${haste}`),
  });
  const over = collectUnchecked(conversation.run(turn, 0, never));
  await nextRound();
  process.accept();
  return { clock, process, told, conversation, over };
}

describe("the owner of a process learns before the read is over", () => {
  it("that the CLI would ask the model to go on behind an answer that is whole for the client", async () => {
    const { process, told, over } = await start();
    process.say(...answer("max_tokens"));
    assert.deepEqual([told, process.state], [["cut at once"], "busy"]);
    assert.equal((await over).error, undefined);
  });

  it("that the CLI is about to ask a model which lacks tools", async () => {
    const { process, told, over } = await start(ask("hi", { tools: [tool("look")] }));
    process.say({ type: "system", subtype: "init", tools: [] });
    assert.deepEqual([told, process.state], [["tools_missing at once"], "busy"]);
    assert.notEqual((await over).error, undefined);
  });

  it("that the CLI goes on by itself between two turns, once", async () => {
    const { process, told, conversation, over } = await start();
    process.say(...answer("end_turn"), resultLine(1));
    await over;
    process.say(messageStart("msg_2", "fake"), messageStop, resultLine(1));
    assert.deepEqual([told, process.state, conversation.isReusable], [["went_on in order"], "ready", false]);
  });
});

it("the owner of a process learns that a whole answer's `result` does not come", async () => {
  const { clock, process, told, over } = await start();
  process.say(...answer("end_turn"));
  await nextRound();
  clock.pass(resultWaitMsMax);
  assert.deepEqual([told, process.state], [["no_result at once"], "busy"]);
  assert.equal((await over).error, undefined);
});

it("a process that waits for a tool, and refuses to be rewound, is left so that its end is a kill: at the end of its stdin it would ask the model", async () => {
  const { process, told, conversation, over } = await start(ask("hi", { tools: [tool("look")] }));
  process.say(messageStart("msg_1", "fake"), ...callEvents(0, "toolu_1", "look"), messageDelta("tool_use", 1), messageStop);
  process.say(mcpLine("call", { id: 7, method: "tools/call", params: { name: "look", arguments: {}, _meta: { "claudecode/toolUseId": "toolu_1" } } }));
  await over;
  assert.equal(conversation.isParked, true);
  const rewound = assert.rejects(conversation.rewind(0, rewinds), { code: "cli_failed" });
  assert.equal(process.state, "busy");
  process.accept({ rewound: false, error: "no" });
  await rewound;
  assert.deepEqual([told, process.state], [[], "parked"]);
});

/** A setting that the CLI does not answer. It answers in order, so that a turn behind it may be asked without. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import { Conversation } from "../../src/claude/conversation.ts";
import { eventLine, messageDelta, messageStart, resultLine, textDelta } from "../support/cli-lines.ts";
import { HandClock } from "../support/hand-clock.ts";
import { ScriptedProcess } from "../support/scripted-process.ts";
import { collectUnchecked } from "../support/turn-events.ts";
import { ask, never } from "../support/turns.ts";

const answer = [messageStart("msg_1", "fake"), textDelta("w0"), messageDelta("end_turn", 1), eventLine({ type: "message_stop" }), resultLine(1, "w0")];

async function start() {
  const process = new ScriptedProcess();
  const conversation = new Conversation(process.asProcess, {
    silenceMsMax: 300_000, time: new HandClock(), onInitialized: () => {}, onHistoryTold: () => {}, onModelRefused: () => {}, onRateLimit: () => {}, onModelLimits: () => {}, onSpent: () => {},
  });
  const over = collectUnchecked(conversation.run(ask("hi", { maxTokens: 2_000 }), 0, never));
  await nextRound();
  const success = process.told.filter(({ type }) => type === "control_request")
    .map(({ request_id, request }) => ({ subtype: request.subtype as string, line: { type: "control_response", response: { subtype: "success", request_id, response: { models: [] } } } }));
  return { process, conversation, over, success };
}

it("an answer without all the settings is given to nobody, and its turn may go to another process", async () => {
  const { process, conversation, over, success } = await start();
  process.say(...success.filter(({ subtype }) => subtype === "initialize").map(({ line }) => line));
  process.say(...answer);
  const { events, error } = await over;
  assert.deepEqual([events, (error as { code?: string }).code, conversation.hasBegun, conversation.isReusable], [[], "cli_failed", false, false]);
});

it("an answer in the same read as the last of the settings is given as any other", async () => {
  const { process, over, success } = await start();
  assert.ok(success.some(({ subtype }) => subtype === "apply_flag_settings"));
  process.say(...success.map(({ line }) => line), ...answer);
  const { events, error } = await over;
  assert.deepEqual([events.at(-1)?.type, error], ["message_stop", undefined]);
});

/** A turn on a process that was started with another model, by a clock that the test moves. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import { Conversation } from "../../src/claude/conversation.ts";
import { modelWaitMsMax } from "../../src/claude/settings-channel.ts";
import { messageDelta, eventLine, messageStart, resultLine, textDelta } from "../support/cli-lines.ts";
import { HandClock } from "../support/hand-clock.ts";
import { ScriptedProcess } from "../support/scripted-process.ts";
import { collectUnchecked } from "../support/turn-events.ts";
import { ask } from "../support/turns.ts";

/** A turn of a model that its process does not have. The process has not said a word. */
async function start() {
  const clock = new HandClock();
  const process = new ScriptedProcess();
  let refusals = 0;
  const conversation = new Conversation(process.asProcess, {
    silenceMsMax: 300_000, time: clock, onInitialized: () => {}, onHistoryTold: () => {}, onModelRefused: () => refusals++, onRateLimit: () => {}, onModelLimits: () => {},
    onSpent: () => {},
  });
  const leaving = new AbortController();
  const over = collectUnchecked(conversation.run(ask("hi", { model: "sonnet" }), 0, leaving.signal));
  await nextRound();
  const models = (): unknown[] => process.told.flatMap(({ request }) => (request?.subtype === "set_model" ? [request.model] : []));
  return { clock, process, conversation, leaving, over, models, refusals: () => refusals };
}

describe("a process that boots and is to have another model", () => {
  it("takes as long to boot as it needs, and then the model", async () => {
    const { clock, process, over, models, refusals } = await start();
    clock.pass(2 * modelWaitMsMax);
    await nextRound();
    assert.deepEqual(models(), []);
    process.accept();
    await nextRound();
    assert.deepEqual(models(), ["sonnet"]);
    process.accept();
    await nextRound();
    process.accept();
    process.say(messageStart("msg_1", "fake"), textDelta("w0"), messageDelta("end_turn", 1), eventLine({ type: "message_stop" }), resultLine(1));
    assert.deepEqual([(await over).error, refusals()], [undefined, 0]);
  });

  it("has refused none when its client leaves, before it is up and while it takes the model", async () => {
    for (const isUp of [false, true]) {
      const { clock, process, leaving, over, models, refusals } = await start();
      if (isUp) process.accept();
      await nextRound();
      leaving.abort();
      await over;
      clock.pass(2 * modelWaitMsMax);
      await nextRound();
      assert.deepEqual([models().length, refusals()], [isUp ? 1 : 0, 0]);
    }
  });
});

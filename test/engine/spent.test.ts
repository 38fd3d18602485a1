/** Processes that their conversations find of no further use: the engine ends them. */
import assert from "node:assert/strict";
import { it, type TestContext } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import type { EngineOptions } from "../../src/engine/engine.ts";
import { refillDelayMs } from "../../src/engine/refill-timer.ts";
import { eventLine, messageDelta, messageStart, textDelta } from "../support/cli-lines.ts";
import { ScriptedCli } from "../support/scripted-cli.ts";
import { startEngine, until } from "../support/started-engine.ts";
import { collect, summaryOf } from "../support/turn-events.ts";
import { assistant, never, turnOf, user } from "../support/turns.ts";

function start(t: TestContext, options: Partial<EngineOptions>) {
  const cli = new ScriptedCli();
  t.after(() => cli.killAll());
  const started = startEngine(t, { file: process.execPath, leadingArguments: [] }, { world: cli.world, conversationIdleMsMax: 600_000, ...options });
  const ask = (...messages: string[]) => collect(started.engine.run(turnOf({
    model: "opus", messages: messages.map((text, index) => (index % 2 === 0 ? user(text) : assistant(text))),
  }), never));
  return { cli, ask, ...started };
}

it("an answer that stopped at the token limit ends its process at once, and the next turn is told why", async (t) => {
  const { cli, engine, ask } = start(t, {});
  cli.onQuestion = (process, text) => {
    if (text !== "long") return false;
    process.say(messageStart("msg_long", "opus"), textDelta("half"), messageDelta("max_tokens", 1), eventLine({ type: "message_stop" }));
    assert.deepEqual([process.state, engine.status.processes.ending], ["closing", 1], "before the read is over");
    return true;
  };
  assert.equal(summaryOf((await ask("long")).events).stopReason, "max_tokens");
  await until(() => engine.status.processes.all === 0);
  assert.equal((await ask("long", "half", "go on")).error, undefined);
  assert.equal(engine.status.turns.told.process_ended, 1);
});

it("a warm process that goes on by itself is ended, and another is not booted at once", async (t) => {
  const { cli, engine, ask, logLines } = start(t, { warm: 1 });
  assert.equal((await ask("hi")).error, undefined);
  cli.clock.pass(refillDelayMs);
  await until(() => engine.status.processes.warm === 1);
  const warm = cli.processes.at(-1) ?? assert.fail();
  await nextRound();
  warm.say(messageStart("msg_odd", "opus"), textDelta("Hello?"));
  assert.equal(warm.state, "closing");
  assert.match(logLines.at(-1) ?? "", /a claude process did not come up error=went_on retry_in_ms=1000$/u);
});

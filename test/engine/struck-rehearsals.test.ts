/**
 * A warm process that is killed, or hangs, when it takes the empty messages of its rehearsal back. A rewind in a
 * rehearsal has no limit of its own: the turn that gets the process waits for so long, and nobody else does.
 */
import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { describe, it, type TestContext } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import { rehearsalWaitMsMax } from "../../src/claude/briefing.ts";
import { bootWaitMs } from "../../src/claude/probe.ts";
import type { Turn } from "../../src/turn/turn.ts";
import { type Blow, type ScriptedClaude, ScriptedCli } from "../support/scripted-cli.ts";
import { startEngine, until } from "../support/started-engine.ts";
import { type Collected, collect, summaryOf } from "../support/turn-events.ts";
import { never, turnOf, user } from "../support/turns.ts";

const [stepMs, passedMsMax] = [250, 30_000];

/** An engine with a process that was struck in its rehearsal, and the process. */
async function start(t: TestContext, blow: Blow) {
  const cli = new ScriptedCli();
  t.after(() => cli.killAll());
  const { engine } = startEngine(t, { file: process.execPath, leadingArguments: [] }, { world: cli.world, maxProcesses: 8, warm: 4, conversationIdleMsMax: 600_000 });
  await engine.discover();
  const pass = async (holds: () => boolean): Promise<void> => {
    for (let passedMs = 0; !holds() && passedMs < passedMsMax; passedMs += stepMs) {
      // Each turn looks at the program's file: the system answers that in a time of its own.
      await stat(process.execPath);
      for (let round = 0; round < 40 && !holds(); round++) await nextRound();
      if (!holds()) cli.clock.pass(stepMs);
    }
    assert.ok(holds(), String(holds));
  };
  await pass(() => engine.status.processes.all === engine.status.processes.warm);
  const turn = (text: string): Turn => turnOf({ model: "opus", messages: [user(text)] });
  const ask = (text: string): Promise<Collected> => collect(engine.run(turn(text), never));
  const struck: ScriptedClaude[] = [];
  cli.blowAt = (at, process) => {
    const isRehearsing = process.said.length > 0 && process.said.every(({ text }) => text === "");
    if (at !== "rewind" || !isRehearsing || struck.length > 0) return undefined;
    struck.push(process);
    return blow;
  };
  for (const text of ["one", "two"]) assert.equal((await ask(text)).error, undefined);
  await pass(() => struck.length > 0);
  // The process that has rested would have the next turn.
  const held = engine.run(turn("three (held)"), never);
  await held.next();
  const [victim = assert.fail()] = struck;
  return { cli, engine, pass, ask, victim, leave: () => held.return(undefined) };
}

describe("a process that is struck at the rewinds of its rehearsal", () => {
  for (const blow of ["killed", "hangs"] as const) {
    it(`${blow}: the next turn with that beginning is answered, and nothing is left`, async (t) => {
      const { cli, engine, pass, ask, victim, leave } = await start(t, blow);
      const beganAtMs = cli.clock.monotonic();
      let answer: Collected | undefined;
      const over = ask("four").then((collected) => (answer = collected));
      await pass(() => answer !== undefined);
      const { events, error } = await over;
      assert.deepEqual([error, summaryOf(events).text], [undefined, "four!"]);
      const waitedMs = cli.clock.monotonic() - beganAtMs;
      if (blow === "hangs") assert.ok(waitedMs >= rehearsalWaitMsMax && waitedMs < 2 * rehearsalWaitMsMax, `it had the turn for ${waitedMs} ms`);
      await leave();
      await pass(() => victim.state === "closed");
      await engine.close(0);
      await until(() => cli.living.length === 0);
      assert.deepEqual([engine.status.processes.all, cli.clock.pending], [0, 0]);
    });
  }

  it("hangs: is ended in time where no turn gets it", async (t) => {
    const { cli, engine, pass, victim, leave } = await start(t, "hangs");
    await leave();
    cli.clock.pass(bootWaitMs);
    await pass(() => victim.state === "closed");
    await engine.close(0);
    assert.deepEqual([engine.status.processes.all, cli.clock.pending], [0, 0]);
  });
});

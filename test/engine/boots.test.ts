/** Processes that do not come up, in a world with a clock that the test moves. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import { bootWaitMs } from "../../src/claude/probe.ts";
import { BootTimeout } from "../../src/claude/watch.ts";
import { Boots, bootTrialMs, bootWaitMsAfterHang } from "../../src/engine/boots.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { HandClock } from "../support/hand-clock.ts";
import { type Blow, ScriptedCli } from "../support/scripted-cli.ts";
import { startEngine, until } from "../support/started-engine.ts";
import { type Collected, collect, summaryOf } from "../support/turn-events.ts";
import { ask, never, systemOf } from "../support/turns.ts";

interface Scene { readonly cli: ScriptedCli; readonly engine: Engine }

/** No process comes up until `blowAt` says otherwise. */
function start(t: TestContext, blow: Blow = "hangs"): Scene {
  const cli = new ScriptedCli();
  t.after(() => cli.killAll());
  cli.blowAt = (point) => (point === "boot" ? blow : undefined);
  const { engine } = startEngine(t, { file: process.execPath, leadingArguments: [] }, { world: cli.world, conversationIdleMsMax: 60_000, silenceMsMax: 300_000 });
  return { cli, engine };
}

async function settled(): Promise<void> {
  for (let round = 0; round < 50; round++) await nextRound();
}

/** A turn, which has a process when this resolves. */
async function begin({ cli, engine }: Scene): Promise<{ readonly over: Promise<Collected>; readonly state: { isOver: boolean } }> {
  const started = cli.processes.length;
  const state = { isOver: false };
  const over = collect(engine.run(ask("hi", { model: "opus" }), never)).finally(() => (state.isOver = true));
  await until(() => cli.processes.length > started);
  await settled();
  return { over, state };
}

/** Lets a turn's time to boot pass. It must fail then, and not before. */
async function failsAfter(scene: Scene, waitMs: number): Promise<void> {
  const { over, state } = await begin(scene);
  scene.cli.clock.pass(waitMs - 1);
  await settled();
  assert.equal(state.isOver, false);
  scene.cli.clock.pass(1);
  const { error } = await over;
  assert.ok(error instanceof BootTimeout, String(error));
  assert.equal(error.message, `The claude process did not boot within ${waitMs / 1000} s.`);
}

describe("a CLI whose processes do not come up", () => {
  it("fails a turn after the named time, and the next one sooner; the status says so until one comes up", async (t) => {
    const scene = start(t);
    const { cli, engine } = scene;
    await failsAfter(scene, bootWaitMs);
    assert.match(engine.status.bootFault ?? "", /^The claude process did not boot within 60 s\. It is tried again/u);
    await failsAfter(scene, bootWaitMsAfterHang);
    assert.match(engine.status.bootFault ?? "", /within 15 s/u);
    cli.blowAt = () => undefined;
    const { over } = await begin(scene);
    assert.equal(summaryOf((await over).events).text, "hi!");
    assert.equal(engine.status.bootFault, undefined);
    // A healthy CLI is waited for as before.
    cli.blowAt = (point) => (point === "boot" ? "hangs" : undefined);
    cli.processes.at(-1)?.strike("killed");
    await failsAfter(scene, bootWaitMs);
  });

  it("is known as such by a process whose turn goes to another, which has less time", async (t) => {
    const cli = new ScriptedCli();
    t.after(() => cli.killAll());
    const { engine } = startEngine(t, { file: process.execPath, leadingArguments: [] }, { world: cli.world, warm: 1, conversationIdleMsMax: 60_000, silenceMsMax: 300_000 });
    await engine.discover();
    await until(() => engine.status.processes.warm === 1);
    cli.blowAt = (point) => (point === "boot" ? "hangs" : undefined);
    const over = collect(engine.run(ask("hi", { model: "opus" }), never));
    await until(() => engine.status.processes.running === 1);
    await settled();
    cli.clock.pass(bootWaitMs);
    await settled();
    assert.match(engine.status.bootFault ?? "", /within 60 s/u);
    await until(() => engine.status.processes.running === 1);
    await settled();
    cli.clock.pass(bootWaitMsAfterHang);
    assert.match(String((await over).error), /did not boot within 15 s/u);
  });

  it("is known as such without a turn, tried again by itself, and found well when it is", async (t) => {
    const { cli, engine } = start(t);
    const discovered = engine.discover();
    await until(() => cli.processes.length === 1);
    await settled();
    assert.equal(engine.status.bootFault, undefined);
    cli.clock.pass(bootWaitMs);
    await discovered;
    assert.match(engine.status.bootFault ?? "", /within 60 s/u);
    cli.clock.pass(bootTrialMs);
    await until(() => cli.processes.length === 2);
    await settled();
    cli.clock.pass(bootWaitMs);
    await settled();
    cli.blowAt = () => undefined;
    cli.clock.pass(bootTrialMs);
    await until(() => engine.status.bootFault === undefined);
    assert.equal(cli.processes.length, 3);
  });

  it("is tried no more when the server is closed, and leaves no process and no timer", async (t) => {
    const scene = start(t);
    await failsAfter(scene, bootWaitMs);
    const closed = scene.engine.close(0);
    await settled();
    scene.cli.clock.pass(10_000);
    await closed;
    assert.deepEqual([scene.cli.clock.pending, scene.cli.living.length], [0, 0]);
  });
});

describe("what tries whether processes come up again", () => {
  it("is called again after each trial that told nothing, as one that found no place, and never twice at once", async () => {
    const clock = new HandClock();
    const boots = new Boots(clock);
    let trials = 0;
    let end = (): void => {};
    boots.watch(() => {
      trials++;
      return new Promise((resolve) => (end = resolve));
    });
    boots.note(new BootTimeout(bootWaitMs));
    for (const trial of [1, 2, 3]) {
      clock.pass(2 * bootTrialMs);
      assert.equal(trials, trial);
      end();
      await settled();
    }
    boots.close();
    assert.equal(clock.pending, 0);
  });
});

describe("a CLI whose processes exit as they boot", () => {
  const words = "The claude process ended as it booted (signal SIGKILL). Run `claude` in a terminal to see why. It is tried again every 30 s, and for each request.";

  it("is known as such at once, without a turn, and tried again by itself", async (t) => {
    const { cli, engine } = start(t, "killed");
    await engine.discover();
    assert.equal(engine.status.bootFault, words);
    cli.clock.pass(bootTrialMs - 1);
    await settled();
    assert.equal(cli.processes.length, 1);
    cli.clock.pass(1);
    await until(() => cli.processes.length === 2);
    await settled();
    assert.equal(engine.status.bootFault, words);
    cli.blowAt = () => undefined;
    cli.clock.pass(bootTrialMs);
    await until(() => engine.status.bootFault === undefined);
    assert.equal(cli.processes.length, 3);
  });

  it("is known by a turn too; what hangs after that has all its time", async (t) => {
    const scene = start(t, "killed");
    const { over } = await begin(scene);
    assert.match(String((await over).error), /signal SIGKILL/u);
    assert.equal(scene.engine.status.bootFault, words);
    scene.cli.blowAt = (point) => (point === "boot" ? "hangs" : undefined);
    await failsAfter(scene, bootWaitMs);
  });

  it("is well while another process lives that has come up", async (t) => {
    const scene = start(t, "killed");
    const { cli, engine } = scene;
    cli.blowAt = () => undefined;
    assert.equal((await (await begin(scene)).over).error, undefined);
    cli.blowAt = (point) => (point === "boot" ? "killed" : undefined);
    // Another beginning is no matter for the one that rests.
    const { error } = await collect(engine.run({ ...ask("hi", { model: "opus" }), system: systemOf("Be brief.") }, never));
    assert.match(String(error), /signal SIGKILL/u);
    assert.equal(engine.status.bootFault, undefined);
  });
});

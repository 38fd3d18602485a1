import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import type { Conversation } from "../../src/claude/conversation.ts";
import { bootRetryMs, bootRetryMsMax } from "../../src/engine/backoff.ts";
import { modelsMax } from "../../src/engine/recent-use.ts";
import { refillDelayMs } from "../../src/engine/refill-timer.ts";
import { warmAgeMsMax } from "../../src/engine/resting.ts";
import { recentUseMs } from "../../src/engine/warm-plan.ts";
import { clockOf } from "../support/hand-clock.ts";
import { some, start } from "../support/warm-scene.ts";

describe("warm processes", () => {
  it("boots as many as are wanted, of the models that were prepared", async (t) => {
    const { warm, models, size } = start(t);
    warm.prepare("opus");
    await nextRound();
    assert.deepEqual(models(), ["opus", "opus"]);
    warm.prepare("opus");
    warm.prepare("sonnet");
    await nextRound();
    assert.deepEqual(models(), ["opus", "opus", "sonnet", "sonnet"]);
    assert.equal(size(), 4);
  });

  it("boots as many for all models together where one process serves any, and gives each to whatever model comes", async (t) => {
    const { warm, models, take, refilled } = start(t, { canSetModel: true });
    warm.prepare("opus");
    warm.prepare("sonnet");
    await nextRound();
    assert.deepEqual(models(), ["opus", "opus"]);
    assert.equal(take("sonnet")?.model, "opus");
    await refilled();
    assert.deepEqual(models(), ["opus", "opus", "sonnet"], "the next is started with the model used last");
  });

  it("keeps more where requests found none, twice as many at most, until that was long ago", async (t) => {
    const { warm, take, refilled, size } = start(t);
    warm.prepare("opus");
    await nextRound();
    const burst = async (requests: number): Promise<number> => {
      for (let request = 0; request < requests; request++) take("opus")?.process.die();
      await refilled();
      return size();
    };
    assert.equal(await burst(2), 2, "they were enough");
    assert.equal(await burst(3), 3);
    assert.equal(await burst(3), 3, "now they are");
    assert.equal(await burst(20), 4);
    for (const left of [4, 2, 2]) {
      clockOf(t).pass(recentUseMs / 2);
      assert.equal(await burst(1), left);
    }
  });

  it("boots no more while the first are still being launched", async (t) => {
    const { warm, launched } = start(t);
    for (let round = 0; round < 5; round++) warm.prepare("opus");
    await nextRound();
    assert.equal(launched.length, 2);
  });

  it("gives the one that waited longest, at once, and each to one request", async (t) => {
    const { warm, take, conversations, size } = start(t);
    warm.prepare("opus");
    await nextRound();
    assert.equal(take("opus"), conversations[0]);
    assert.equal(take("opus"), conversations[1]);
    assert.equal(take("opus"), undefined);
    assert.equal(take("sonnet"), undefined);
    assert.equal(size(), 0);
  });

  it("are told the settings of their model's latest conversation, which the next is likely to have, by a CLI that keeps all its own", async (t) => {
    for (const canRewind of [true, false]) {
      const { warm, take, conversations, refilled } = start(t, { warm: 1, canRewind });
      warm.prepare("opus");
      await nextRound();
      const wanted = some();
      take("opus", { ...wanted, turn: { ...wanted.turn, effort: "low" } });
      await refilled();
      assert.deepEqual(conversations.map(({ presumed }) => presumed.map(({ effort }) => effort)), [[], canRewind ? ["low"] : []]);
    }
  });

  it("keeps no more for long when a turn leaves it one that was booted for the turn: one that was told nothing stays", async (t) => {
    const { warm, owner, refilled, conversations, size } = start(t, { warm: 1 });
    warm.prepare("opus");
    await nextRound();
    const left = await owner.leased();
    warm.adopt(left, {} as Conversation, some());
    assert.equal(size(), 2);
    await refilled();
    assert.deepEqual([size(), left.use.name, conversations[0]?.process.ends], [1, "ending", 0]);
  });

  it("fills up a moment after one was taken: the turn comes first", async (t) => {
    const { warm, take, launched, size } = start(t);
    warm.prepare("opus");
    await nextRound();
    take("opus");
    clockOf(t).pass(refillDelayMs - 1);
    await nextRound();
    assert.equal(launched.length, 2);
    clockOf(t).pass(1);
    await nextRound();
    assert.equal(launched.length, 3);
    assert.equal(size(), 2);
  });

  it("waits with that while a history is told", async (t) => {
    const { warm, take, launched, refills } = start(t, { warm: 1 });
    warm.prepare("opus");
    await nextRound();
    take("opus");
    clockOf(t).pass(refillDelayMs - 1);
    refills.putOff();
    clockOf(t).pass(refillDelayMs - 1);
    await nextRound();
    assert.equal(launched.length, 1);
    clockOf(t).pass(1);
    await nextRound();
    assert.equal(launched.length, 2, "a delay after the last message");
  });

  it("boots none of a model that nobody but a client names, until it has begun to answer", async (t) => {
    const { warm, take, refilled, models } = start(t);
    assert.equal(take("claude-made-up"), undefined);
    await refilled();
    assert.deepEqual(models(), []);
    warm.noteAnswering("sonnet", some());
    await refilled();
    assert.deepEqual(models(), ["sonnet", "sonnet"]);
  });

  it("holds no more models than so many: the least recently used one's processes are ended", async (t) => {
    const { warm, refilled, models } = start(t, { warm: 1 });
    const names = Array.from({ length: modelsMax + 1 }, (_, index) => `model-${index}`);
    for (const name of names) {
      warm.noteAnswering(name, some());
      await refilled();
    }
    assert.deepEqual(models(), names.slice(1));
  });

  it("ends a process that was being started for a model that was let go of meanwhile", async (t) => {
    const { warm, owner, launched, models } = start(t, { warm: 1 });
    let proceed = (): void => {};
    owner.gate = new Promise((resolve) => (proceed = resolve));
    warm.prepare("first");
    for (let index = 0; index < modelsMax; index++) warm.prepare(`model-${index}`);
    proceed();
    await nextRound();
    assert.deepEqual([launched[0]?.model, launched[0]?.ends, models().includes("first")], ["first", 1, false]);
  });

  it("boots none when it is turned off, or when there is no room", async (t) => {
    const off = start(t, { warm: 0 });
    off.warm.prepare("opus");
    await nextRound();
    assert.equal(off.launched.length, 0);
    const full = start(t, { roomFor: 1 });
    full.warm.prepare("opus");
    await nextRound();
    assert.equal(full.launched.length, 1);
  });

  it("gives none that is not alive any more", async (t) => {
    const { warm, take, launched } = start(t);
    warm.prepare("opus");
    await nextRound();
    for (const process of launched) process.state = "closing";
    assert.equal(take("opus"), undefined);
  });

  it("renews one that has waited too long", async (t) => {
    const { warm, take, launched, models, refilled } = start(t, { warm: 1 });
    warm.prepare("opus");
    await nextRound();
    clockOf(t).pass(warmAgeMsMax - 1);
    await nextRound();
    assert.equal(launched.length, 1);
    clockOf(t).pass(1);
    await nextRound();
    assert.equal(launched[0]?.ends, 1);
    await refilled();
    assert.deepEqual(models(), ["opus"]);
    assert.equal(take("opus")?.process, launched[1]);
    // One that is in use has no age.
    clockOf(t).pass(2 * warmAgeMsMax);
    await nextRound();
    assert.equal(launched[1]?.ends, 0);
  });

  it("ends those of yesterday, which no request gets, and boots others in their place: at the change of date, or at a refill", async (t) => {
    const { warm, take, launched, size, refilled } = start(t, { warm: 1 });
    warm.prepare("opus");
    await nextRound();
    const clock = clockOf(t);
    clock.pass(clock.untilTomorrow() - 1_000);
    await refilled();
    clock.date = "Tue Dec 01 2026";
    // Those that were too old went on the same day.
    const yesterdays = launched.length;
    clock.pass(clock.untilTomorrow());
    await refilled();
    assert.deepEqual([launched.length, launched.at(-2)?.ends, size()], [yesterdays + 1, 1, 1]);
    // As after a machine's sleep, in which the timers stand still.
    clock.date = "Wed Dec 02 2026";
    assert.equal(take("opus"), undefined);
    await refilled();
    assert.deepEqual([launched[yesterdays]?.ends, size()], [1, 2], "as many as wanted, and one for the miss");
    assert.equal(take("opus")?.process.state, "booting");
  });

  it("lets go of a model that was not asked for lately, but never of the last one", async (t) => {
    const { warm, models } = start(t, { warm: 1 });
    warm.prepare("sonnet");
    await nextRound();
    clockOf(t).pass(recentUseMs / 2);
    warm.prepare("opus");
    await nextRound();
    assert.deepEqual(models(), ["sonnet", "opus"]);
    clockOf(t).pass(recentUseMs / 2);
    warm.refill();
    await nextRound();
    assert.deepEqual(models(), ["opus"]);
    clockOf(t).pass(recentUseMs);
    warm.refill();
    await nextRound();
    assert.deepEqual(models(), ["opus"]);
  });

  it("waits longer with each boot that fails, up to a bound", async (t) => {
    const scene = start(t, { warm: 1 });
    scene.owner.fault = new Error("no process for you");
    scene.warm.prepare("opus");
    await nextRound();
    const waits: number[] = [];
    for (let round = 0; round < 9; round++) {
      const line = scene.log.at(-1) ?? "";
      const waitMs = Number(/retry_in_ms=(\d+)/u.exec(line)?.[1]);
      waits.push(waitMs);
      assert.equal(scene.log.length, round + 1);
      scene.warm.prepare("opus");
      clockOf(t).pass(waitMs - 1);
      await nextRound();
      assert.equal(scene.log.length, round + 1, "nothing is tried before its time, whoever asks");
      clockOf(t).pass(1);
      await nextRound();
    }
    assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256].map((factor) => Math.min(bootRetryMsMax, factor * bootRetryMs)));
    scene.owner.fault = undefined;
    clockOf(t).pass(bootRetryMsMax);
    await nextRound();
    assert.equal(scene.size(), 1);
  });

  it("waits for the one model alone", async (t) => {
    const scene = start(t, { warm: 1 });
    scene.owner.fault = new Error("no process for you");
    scene.warm.prepare("opus");
    await nextRound();
    scene.owner.fault = undefined;
    scene.warm.prepare("sonnet");
    await nextRound();
    assert.deepEqual(scene.models(), ["sonnet"]);
  });

  it("waits as well when one dies before it was used, and begins anew when one was of use", async (t) => {
    const scene = start(t, { warm: 1 });
    const { warm, launched, log, size } = scene;
    warm.prepare("opus");
    await nextRound();
    launched[0]?.die();
    await nextRound();
    assert.equal(size(), 0);
    warm.refill();
    await nextRound();
    assert.equal(launched.length, 1);
    clockOf(t).pass(bootRetryMs);
    await nextRound();
    assert.equal(launched.length, 2);
    assert.ok(scene.take("opus") !== undefined);
    await scene.refilled();
    launched[2]?.die();
    await nextRound();
    assert.equal(log.length, 2);
    // The CLI's last words may quote what it was told: only how it ended is logged.
    assert.match(log[1] ?? "", /warn a claude process did not come up ended="exit code 3" /u);
    assert.match(log[1] ?? "", new RegExp(`retry_in_ms=${bootRetryMs}$`, "u"));
  });

  it("begins anew for the model that the process was started with, whichever it was of use to", async (t) => {
    const scene = start(t, { warm: 1, canSetModel: true });
    const { warm, launched, log } = scene;
    warm.prepare("opus");
    await nextRound();
    launched[0]?.die();
    await nextRound();
    clockOf(t).pass(bootRetryMs);
    await nextRound();
    assert.equal(scene.take("claude-made-up")?.model, "opus");
    warm.prepare("opus");
    await nextRound();
    launched[2]?.die();
    await nextRound();
    assert.deepEqual([launched[2]?.model, log.length], ["opus", 2]);
    assert.match(log[1] ?? "", new RegExp(`retry_in_ms=${bootRetryMs}$`, "u"));
  });

  it("does not wait when one that is in use ends", async (t) => {
    const { warm, take, refilled, launched, log, size } = start(t, { warm: 1 });
    warm.prepare("opus");
    await nextRound();
    take("opus");
    launched[0]?.die();
    await refilled();
    assert.deepEqual(log, []);
    assert.equal(size(), 1);
  });

  it("ends all that wait when it is cleared, and may fill up again", async (t) => {
    const { warm, launched, size, owner } = start(t);
    warm.prepare("opus");
    await nextRound();
    owner.processes.supersede();
    assert.deepEqual(launched.map(({ ends }) => ends), [1, 1]);
    warm.refill();
    await nextRound();
    assert.equal(size(), 2);
  });

  it("ends all that wait when it is closed, also one that is being launched, and boots no more", async (t) => {
    const { warm, launched, size, owner } = start(t);
    warm.prepare("opus");
    await nextRound();
    warm.prepare("sonnet");
    warm.close();
    owner.processes.drain();
    await nextRound();
    assert.deepEqual(launched.map(({ ends }) => ends), [1, 1, 1, 1]);
    warm.prepare("opus");
    warm.refill();
    await nextRound();
    assert.equal(launched.length, 4);
    assert.equal(size(), 0);
  });

  it("boots no more after its close, also when one was taken just before", async (t) => {
    const { warm, take, refilled, launched } = start(t);
    warm.prepare("opus");
    await nextRound();
    take("opus");
    warm.close();
    await refilled();
    assert.equal(launched.length, 2);
  });
});

import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import { bootRetryMs, bootRetryMsMax, Pool, type PoolOptions, recentUseMs, warmAgeMsMax } from "../../src/engine/pool.ts";
import { createLogger } from "../../src/log.ts";
import { StandInProcess } from "../support/stand-in-process.ts";

interface Scene {
  readonly pool: Pool;
  /** All that were ever launched, in their order. */
  readonly launched: StandInProcess[];
  /** Of the live ones. */
  models(): string[];
  readonly log: string[];
  failing: boolean;
}

function start(t: TestContext, options: Partial<PoolOptions> & { readonly roomFor?: number } = {}): Scene {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const launched: StandInProcess[] = [];
  const log: string[] = [];
  const live = (): StandInProcess[] => launched.filter(({ state }) => state !== "closed");
  const scene: Scene = {
    pool: new Pool({
      warm: 2,
      launch: async (model) => {
        if (scene.failing) throw new Error("no process for you");
        const process = new StandInProcess(model);
        launched.push(process);
        return process.asProcess;
      },
      hasRoom: () => live().length < (options.roomFor ?? 100),
      log: createLogger("debug", (line) => log.push(line)),
      ...options,
    }),
    launched,
    models: () => live().map(({ model }) => model),
    log,
    failing: false,
  };
  t.after(() => scene.pool.close());
  return scene;
}

describe("the pool", () => {
  it("boots as many as are wanted, of the models that were prepared", async (t) => {
    const { pool, models } = start(t);
    pool.prepare("opus");
    await nextRound();
    assert.deepEqual(models(), ["opus", "opus"]);
    pool.prepare("opus");
    pool.prepare("sonnet");
    await nextRound();
    assert.deepEqual(models(), ["opus", "opus", "sonnet", "sonnet"]);
    assert.equal(pool.size, 4);
  });

  it("boots no more while the first are still being launched", async (t) => {
    const { pool, launched } = start(t);
    for (let round = 0; round < 5; round++) pool.prepare("opus");
    await nextRound();
    assert.equal(launched.length, 2);
  });

  it("gives the one that waited longest, at once, and each to one request", async (t) => {
    const { pool, launched } = start(t);
    pool.prepare("opus");
    await nextRound();
    assert.equal(pool.take("opus"), launched[0]);
    assert.equal(pool.take("opus"), launched[1]);
    assert.equal(pool.take("opus"), undefined);
    assert.equal(pool.take("sonnet"), undefined);
    assert.equal(pool.size, 0);
  });

  it("fills up after one was taken, and only then", async (t) => {
    const { pool, launched } = start(t);
    pool.prepare("opus");
    await nextRound();
    pool.take("opus");
    await nextRound();
    assert.equal(launched.length, 2);
    pool.refill();
    await nextRound();
    assert.equal(launched.length, 3);
    assert.equal(pool.size, 2);
  });

  it("boots none when it is turned off, or when there is no room", async (t) => {
    const off = start(t, { warm: 0 });
    off.pool.prepare("opus");
    await nextRound();
    assert.equal(off.launched.length, 0);
    t.mock.timers.reset();
    const full = start(t, { roomFor: 1 });
    full.pool.prepare("opus");
    await nextRound();
    assert.equal(full.launched.length, 1);
  });

  it("gives none that is not fresh any more", async (t) => {
    const { pool, launched } = start(t);
    pool.prepare("opus");
    await nextRound();
    for (const process of launched) process.state = "closing";
    assert.equal(pool.take("opus"), undefined);
  });

  it("renews one that has waited too long", async (t) => {
    const { pool, launched, models } = start(t, { warm: 1 });
    pool.prepare("opus");
    await nextRound();
    t.mock.timers.tick(warmAgeMsMax - 1);
    await nextRound();
    assert.equal(launched.length, 1);
    t.mock.timers.tick(1);
    await nextRound();
    assert.equal(launched[0]?.ends, 1);
    assert.deepEqual(models(), ["opus"]);
    assert.equal(pool.take("opus"), launched[1]);
    // One that is in use has no age.
    t.mock.timers.tick(2 * warmAgeMsMax);
    await nextRound();
    assert.equal(launched[1]?.ends, 0);
  });

  it("lets go of a model that was not asked for lately, but never of the last one", async (t) => {
    const { pool, models } = start(t, { warm: 1 });
    pool.prepare("sonnet");
    await nextRound();
    t.mock.timers.tick(recentUseMs / 2);
    pool.prepare("opus");
    await nextRound();
    assert.deepEqual(models(), ["sonnet", "opus"]);
    t.mock.timers.tick(recentUseMs / 2);
    pool.refill();
    await nextRound();
    assert.deepEqual(models(), ["opus"]);
    t.mock.timers.tick(recentUseMs);
    pool.refill();
    await nextRound();
    assert.deepEqual(models(), ["opus"]);
  });

  it("ends the least recently used model's first when room is needed", async (t) => {
    const { pool, models } = start(t, { warm: 1 });
    for (const model of ["opus", "sonnet", "haiku", "opus"]) {
      pool.prepare(model);
      await nextRound();
    }
    assert.equal(pool.evictOne(), true);
    assert.deepEqual(models(), ["opus", "haiku"]);
    assert.equal(pool.evictOne(), true);
    assert.deepEqual(models(), ["opus"]);
    assert.equal(pool.evictOne(), true);
    assert.equal(pool.evictOne(), false);
    await nextRound();
    assert.deepEqual(models(), [], "an eviction is not followed by a boot");
  });

  it("waits longer with each boot that fails, up to a bound", async (t) => {
    const scene = start(t, { warm: 1 });
    scene.failing = true;
    scene.pool.prepare("opus");
    await nextRound();
    const waits: number[] = [];
    for (let round = 0; round < 9; round++) {
      const line = scene.log.at(-1) ?? "";
      const waitMs = Number(/retry_in_ms=(\d+)/u.exec(line)?.[1]);
      waits.push(waitMs);
      assert.equal(scene.log.length, round + 1);
      scene.pool.prepare("opus");
      t.mock.timers.tick(waitMs - 1);
      await nextRound();
      assert.equal(scene.log.length, round + 1, "nothing is tried before its time, whoever asks");
      t.mock.timers.tick(1);
      await nextRound();
    }
    assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256].map((factor) => Math.min(bootRetryMsMax, factor * bootRetryMs)));
    scene.failing = false;
    t.mock.timers.tick(bootRetryMsMax);
    await nextRound();
    assert.equal(scene.pool.size, 1);
  });

  it("waits as well when one dies before it was used, and begins anew when one was of use", async (t) => {
    const scene = start(t, { warm: 1 });
    const { pool, launched, log } = scene;
    pool.prepare("opus");
    await nextRound();
    launched[0]?.die();
    await nextRound();
    assert.equal(pool.size, 0);
    pool.refill();
    await nextRound();
    assert.equal(launched.length, 1);
    t.mock.timers.tick(bootRetryMs);
    await nextRound();
    assert.equal(launched.length, 2);
    assert.ok(pool.take("opus") !== undefined);
    pool.refill();
    await nextRound();
    launched[2]?.die();
    await nextRound();
    assert.equal(log.length, 2);
    assert.match(log[1] ?? "", new RegExp(`retry_in_ms=${bootRetryMs}$`, "u"));
  });

  it("does not wait when one that is in use ends", async (t) => {
    const { pool, launched, log } = start(t, { warm: 1 });
    pool.prepare("opus");
    await nextRound();
    pool.take("opus");
    launched[0]?.die();
    pool.refill();
    await nextRound();
    assert.deepEqual(log, []);
    assert.equal(pool.size, 1);
  });

  it("ends all that wait when it is cleared, and may fill up again", async (t) => {
    const { pool, launched } = start(t);
    pool.prepare("opus");
    await nextRound();
    pool.clear();
    assert.deepEqual(launched.map(({ ends }) => ends), [1, 1]);
    pool.refill();
    await nextRound();
    assert.equal(pool.size, 2);
  });

  it("ends all that wait when it is closed, also one that is being launched, and boots no more", async (t) => {
    const { pool, launched } = start(t);
    pool.prepare("opus");
    await nextRound();
    pool.prepare("sonnet");
    pool.close();
    await nextRound();
    assert.deepEqual(launched.map(({ ends }) => ends), [1, 1, 1, 1]);
    pool.prepare("opus");
    pool.refill();
    await nextRound();
    assert.equal(launched.length, 4);
    assert.equal(pool.size, 0);
  });
});

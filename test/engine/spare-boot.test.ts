import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import type { Conversation } from "../../src/claude/conversation.ts";
import type { OwnedProcess } from "../../src/engine/owned-process.ts";
import { type Fresh, SpareBoot, type SpareBootOptions } from "../../src/engine/spare-boot.ts";

const standIn = (isDead = false): Fresh => ({ owned: {} as OwnedProcess, conversation: { isDead } as unknown as Conversation });

function begin(fresh: Fresh, more: Partial<SpareBootOptions> = {}) {
  const adopted: Fresh[] = [];
  const ended: OwnedProcess[] = [];
  const spared: OwnedProcess[] = [];
  const boot = new SpareBoot({
    start: () => Promise.resolve(fresh), prepare: () => Promise.resolve(), spare: (owned) => spared.push(owned), adopt: (one) => adopted.push(one), end: (owned) => ended.push(owned), ...more,
  });
  return { boot, adopted, ended, spared };
}

describe("a process that boots for a turn", () => {
  it("is the turn's when it is up", async () => {
    const fresh = standIn();
    const { boot, adopted } = begin(fresh);
    assert.equal(boot.isOver, false);
    await boot.over;
    assert.deepEqual([boot.isOver, boot.take()], [true, fresh]);
    assert.deepEqual(adopted, []);
  });

  it("is kept for another when the turn has got one before, and after", async () => {
    const [early, late] = [standIn(), standIn()];
    const before = begin(early);
    before.boot.giveUp();
    await before.boot.over;
    assert.deepEqual(before.adopted, [early]);
    const after = begin(late);
    await after.boot.over;
    after.boot.giveUp();
    assert.deepEqual(after.adopted, [late]);
  });

  it("is ended, and its refusal told, when it refused what the turn begins with", async () => {
    const refusal = new Error("no");
    const fresh = standIn();
    const { boot, ended } = begin(fresh, { prepare: () => Promise.reject(refusal) });
    await boot.over;
    assert.throws(() => boot.take(), refusal);
    assert.deepEqual(ended, [fresh.owned]);
  });

  it("is given to the turn when it has died: the turn finds out, and goes to another", async () => {
    const fresh = standIn(true);
    const { boot } = begin(fresh, { prepare: () => Promise.reject(new Error("dead")) });
    await boot.over;
    assert.equal(boot.take(), fresh);
  });

  it("may be ended as long as it is not up, once the turn has got another: also one that is just being started", async () => {
    const one = standIn();
    let comeUp = (): void => {};
    const up = new Promise<void>((resolve) => (comeUp = resolve));
    const starting = begin(one);
    starting.boot.giveUp();
    await starting.boot.over;
    assert.deepEqual([starting.spared, starting.adopted], [[one.owned], [one]]);
    const started = begin(one, { prepare: () => up });
    await nextRound();
    assert.deepEqual(started.spared, []);
    started.boot.giveUp();
    assert.deepEqual([started.spared, started.adopted], [[one.owned], []]);
    comeUp();
    await started.boot.over;
    assert.deepEqual([started.spared, started.adopted], [[one.owned], [one]]);
    const taken = begin(one);
    await taken.boot.over;
    taken.boot.take();
    taken.boot.giveUp();
    assert.deepEqual(taken.spared, []);
  });

  it("is not kept when it came up though its end was asked for", async () => {
    const fresh = standIn();
    const { boot, adopted, ended } = begin(fresh, { spare: (owned) => Object.assign(owned, { isEnding: true }) });
    boot.giveUp();
    await boot.over;
    assert.deepEqual([adopted, ended], [[], [fresh.owned]]);
  });

  it("is not there when it could not be started", async () => {
    const fault = new Error("no room");
    const { boot, adopted } = begin(standIn(), { start: () => Promise.reject(fault) });
    await boot.over;
    assert.throws(() => boot.take(), fault);
    assert.deepEqual(adopted, []);
  });

  it("is ended when it failed and nobody wants it", async () => {
    const fresh = standIn();
    const { boot, adopted, ended } = begin(fresh, { prepare: () => Promise.reject(new Error("no")) });
    boot.giveUp();
    await boot.over;
    assert.deepEqual([ended, adopted], [[fresh.owned], []]);
  });

  it("is not started any more when it has no place yet and nobody wants it", async () => {
    const { boot, adopted } = begin(standIn(), {
      start: (signal) => new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(new Error("it waits for no place")), { once: true });
      }),
    });
    boot.giveUp();
    await boot.over;
    assert.deepEqual(adopted, []);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import type { Conversation } from "../../src/claude/conversation.ts";
import { bootWaitMs } from "../../src/claude/probe.ts";
import { SpareBoot, type SpareBootOptions } from "../../src/engine/spare-boot.ts";
import { HandClock } from "../support/hand-clock.ts";
import { StandInProcess } from "../support/stand-in-process.ts";

function standIn(isDead = false): { readonly process: StandInProcess; readonly conversation: Conversation } {
  const process = new StandInProcess();
  return { process, conversation: { process, isDead } as unknown as Conversation };
}

function start(conversation: Conversation, more: Partial<SpareBootOptions> = {}) {
  const adopted: Conversation[] = [];
  const boot = new SpareBoot({
    clock: new HandClock(),
    launch: () => Promise.resolve(conversation), prepare: () => Promise.resolve(), adopt: (one) => adopted.push(one), ...more,
  });
  return { boot, adopted };
}

describe("a process that boots for a turn", () => {
  it("is the turn's when it is up", async () => {
    const { conversation } = standIn();
    const { boot, adopted } = start(conversation);
    assert.equal(boot.isOver, false);
    await boot.over;
    assert.deepEqual([boot.isOver, boot.take()], [true, conversation]);
    assert.deepEqual(adopted, []);
  });

  it("is kept for another when the turn has got one before, and after", async () => {
    const [early, late] = [standIn(), standIn()];
    const before = start(early.conversation);
    before.boot.giveUp();
    await before.boot.over;
    assert.deepEqual(before.adopted, [early.conversation]);
    const after = start(late.conversation);
    await after.boot.over;
    after.boot.giveUp();
    assert.deepEqual(after.adopted, [late.conversation]);
  });

  it("is ended, and its refusal told, when it refused what the turn begins with", async () => {
    const refusal = new Error("no");
    const { process, conversation } = standIn();
    const { boot } = start(conversation, { prepare: () => Promise.reject(refusal) });
    await boot.over;
    assert.throws(() => boot.take(), refusal);
    assert.equal(process.ends, 1);
  });

  it("is given to the turn when it has died: the turn finds out, and goes to another", async () => {
    const { conversation } = standIn(true);
    const { boot } = start(conversation, { prepare: () => Promise.reject(new Error("dead")) });
    await boot.over;
    assert.equal(boot.take(), conversation);
  });

  it("is not there when it could not be started", async () => {
    const fault = new Error("no room");
    const { boot, adopted } = start(standIn().conversation, { launch: () => Promise.reject(fault) });
    await boot.over;
    assert.throws(() => boot.take(), fault);
    assert.deepEqual(adopted, []);
  });

  it("is ended when it failed and nobody wants it", async () => {
    const { process, conversation } = standIn();
    const { boot, adopted } = start(conversation, { prepare: () => Promise.reject(new Error("no")) });
    boot.giveUp();
    await boot.over;
    assert.deepEqual([process.ends, adopted], [1, []]);
  });

  it("does not take for ever", async () => {
    const { process, conversation } = standIn();
    const clock = new HandClock();
    const { boot } = start(conversation, { clock, prepare: () => new Promise(() => {}) });
    await nextRound();
    clock.pass(bootWaitMs);
    await boot.over;
    assert.throws(() => boot.take(), /did not boot within 60 s/u);
    assert.equal(process.ends, 1);
  });
});

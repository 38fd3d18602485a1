import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Release, Slots, slotWaitMs } from "../../src/engine/slots.ts";
import { BridgeError } from "../../src/errors.ts";
import { clockOf } from "../support/hand-clock.ts";
import { never } from "../support/turns.ts";

function fill(slots: Slots): Release[] {
  const releases: Release[] = [];
  for (let release = slots.take(); release !== undefined; release = slots.take()) releases.push(release);
  return releases;
}

describe("slots", () => {
  it("are as many as were said", (t) => {
    const slots = new Slots(3, clockOf(t));
    assert.equal(fill(slots).length, 3);
    assert.deepEqual([slots.taken, slots.free], [3, 0]);
  });

  it("that were given back are free again, each once", (t) => {
    const slots = new Slots(2, clockOf(t));
    const [first] = fill(slots);
    first?.();
    first?.();
    assert.deepEqual([slots.taken, slots.free, fill(slots).length], [1, 1, 1]);
  });

  it("go to those that wait, in the order they came, and to nobody else in between", async (t) => {
    const slots = new Slots(1, clockOf(t));
    const [first] = fill(slots);
    const got: string[] = [];
    const second = slots.wait(never).then((release) => (got.push("second"), release));
    const third = slots.wait(never).then((release) => (got.push("third"), release));
    assert.equal(slots.waiting, 2);
    first?.();
    assert.deepEqual([slots.taken, slots.take(), slots.waiting], [1, undefined, 1]);
    (await second)();
    assert.equal(slots.take(), undefined);
    (await third)();
    assert.deepEqual([got, slots.taken, slots.waiting], [["second", "third"], 0, 0]);
  });

  it("are waited for as long as was said, and who came too late is told to come again", async (t) => {
    const slots = new Slots(1, clockOf(t));
    const [first] = fill(slots);
    const failing = assert.rejects(slots.wait(never), { code: "server_busy", retryAfterSeconds: 5, message: /All 1 processes are taken/u });
    clockOf(t).pass(slotWaitMs - 1);
    assert.equal(slots.waiting, 1);
    clockOf(t).pass(1);
    await failing;
    first?.();
    assert.deepEqual([slots.taken, slots.waiting], [0, 0]);
  });

  it("are not given to a client that left, before or while it waits", async (t) => {
    const slots = new Slots(1, clockOf(t));
    const [first] = fill(slots);
    await assert.rejects(slots.wait(AbortSignal.abort()), { code: "client_closed" });
    const leaving = new AbortController();
    const left = assert.rejects(slots.wait(leaving.signal), { code: "client_closed" });
    const stays = slots.wait(never);
    leaving.abort();
    await left;
    first?.();
    (await stays)();
    assert.equal(slots.taken, 0);
  });

  it("are given no more after the close, and who waits is told why", async (t) => {
    const slots = new Slots(2, clockOf(t));
    const [first] = fill(slots);
    const waiting = assert.rejects(slots.wait(never), { code: "shutting_down" });
    slots.close(new BridgeError("shutting_down", "over"));
    await waiting;
    first?.();
    assert.deepEqual([slots.free, slots.take()], [0, undefined]);
    await assert.rejects(slots.wait(never), { code: "shutting_down" });
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Places, placeWaitMs } from "../../src/engine/places.ts";
import { BridgeError } from "../../src/errors.ts";
import { clockOf } from "../support/hand-clock.ts";
import { never } from "../support/turns.ts";

/** Takes all that are free. */
function fill(places: Places): number {
  let taken = 0;
  while (places.take()) taken++;
  return taken;
}

describe("places", () => {
  it("are as many as were said, and free again when they were vacated", (t) => {
    const places = new Places(3, clockOf(t));
    assert.deepEqual([fill(places), places.taken, places.free], [3, 3, 0]);
    places.vacate();
    assert.deepEqual([places.taken, places.free, fill(places)], [2, 1, 1]);
  });

  it("go to those that wait, in the order they came, and to nobody else in between", async (t) => {
    const places = new Places(1, clockOf(t));
    fill(places);
    const got: string[] = [];
    const second = places.wait(never).then(() => got.push("second"));
    const third = places.wait(never).then(() => got.push("third"));
    assert.equal(places.waiting, 2);
    places.vacate();
    assert.deepEqual([places.taken, places.take(), places.waiting], [1, false, 1]);
    await second;
    places.vacate();
    assert.equal(places.take(), false);
    await third;
    places.vacate();
    assert.deepEqual([got, places.taken, places.waiting], [["second", "third"], 0, 0]);
  });

  it("are waited for as long as was said, and who came too late is told to come again", async (t) => {
    const places = new Places(1, clockOf(t));
    fill(places);
    const failing = assert.rejects(places.wait(never), { code: "server_busy", retryAfterSeconds: 5, message: /All 1 processes are taken/u });
    clockOf(t).pass(placeWaitMs - 1);
    assert.equal(places.waiting, 1);
    clockOf(t).pass(1);
    await failing;
    places.vacate();
    assert.deepEqual([places.taken, places.waiting], [0, 0]);
  });

  it("are not given to a client that left, before or while it waits", async (t) => {
    const places = new Places(1, clockOf(t));
    fill(places);
    await assert.rejects(places.wait(AbortSignal.abort()), { code: "client_closed" });
    const leaving = new AbortController();
    const left = assert.rejects(places.wait(leaving.signal), { code: "client_closed" });
    const stays = places.wait(never);
    leaving.abort();
    await left;
    places.vacate();
    await stays;
    assert.equal(places.taken, 1);
  });

  it("are given no more after the close, and who waits is told why", async (t) => {
    const places = new Places(2, clockOf(t));
    fill(places);
    const waiting = assert.rejects(places.wait(never), { code: "shutting_down" });
    places.close(new BridgeError("shutting_down", "over"));
    await waiting;
    places.vacate();
    assert.deepEqual([places.free, places.take()], [0, false]);
    await assert.rejects(places.wait(never), { code: "shutting_down" });
  });
});

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { describe, it } from "node:test";
import { FreeWaits } from "../../src/engine/free-waits.ts";
import { clockOf } from "../support/hand-clock.ts";
import { never } from "../support/turns.ts";

describe("turns that wait for a process", () => {
  it("look in the order they came, each at once: what one takes the next does not find", async (t) => {
    const waits = new FreeWaits<string>(clockOf(t));
    const free: string[] = [];
    const look = (): string | undefined => free.shift();
    const both = [waits.wait({ look, signal: never, end: 100 }), waits.wait({ look, signal: never, end: 100 })];
    free.push("a process");
    waits.offer();
    assert.deepEqual(free, [], "it was taken before anyone else could");
    assert.deepEqual(await Promise.all(both), ["a process", undefined], "the second may look for another way");
  });

  it("take nothing any more when their time is over, their client has left, or what they waited for has come", async (t) => {
    const waits = new FreeWaits<string>(clockOf(t));
    const look = (): string => assert.fail("it waits no more");
    const leaving = new AbortController();
    let come = (): void => {};
    const all = [
      waits.wait({ look, signal: never, end: 100 }), waits.wait({ look, signal: leaving.signal, end: 200 }),
      waits.wait({ look, signal: never, end: new Promise((resolve) => (come = resolve)) }),
      waits.wait({ look, signal: AbortSignal.abort(), end: 200 }),
    ];
    clockOf(t).pass(100);
    leaving.abort();
    come();
    assert.deepEqual(await Promise.all(all), [undefined, undefined, undefined, undefined]);
    waits.offer();
    assert.deepEqual([clockOf(t).pending, getEventListeners(leaving.signal, "abort")], [0, []]);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Candidate, evictionOrder, evictionRank } from "../../src/engine/eviction.ts";
import type { Use } from "../../src/engine/owned-process.ts";
import { timelineOfWords } from "../support/owned-processes.ts";

const of = (name: Use["name"], sinceMs = 0, isEnding = false, words = "a b c"): Candidate =>
  ({ use: { name, isSpare: false, timeline: timelineOfWords(words) } as unknown as Use, sinceMs, isEnding });

describe("the order in which processes go", () => {
  it("is probe, superseded, warm, idle, parked; one that runs, boots or ends is not in it", () => {
    const names = ["running", "parked", "resting", "ending", "warm", "booting", "probed"] as const;
    const all = names.map((name) => of(name));
    const outdated = of("resting");
    const order = evictionOrder([...all, outdated], (one) => one === outdated);
    assert.deepEqual(order, [all[6], outdated, all[4], all[2], all[1]]);
  });

  it("has of two alike the one first that is free for longer", () => {
    const [late, early, middle] = [of("warm", 3), of("warm", 1), of("warm", 2)];
    assert.deepEqual(evictionOrder([late, early, middle], () => false), [early, middle, late]);
  });

  it("has a conversation of one question before a longer one that rests for longer", () => {
    const [long, short] = [of("resting", 1), of("resting", 2, false, "a b")];
    assert.deepEqual(evictionOrder([long, short], () => false), [short, long]);
  });

  it("has no place for one that dies by itself, whatever it did", () => {
    assert.equal(evictionRank(of("warm", 0, true), false), undefined);
    assert.equal(evictionRank(of("running", 0), true), undefined);
  });
});

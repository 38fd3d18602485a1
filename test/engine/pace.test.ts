import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { freeWaitMsLeast, freeWaitsMsLeast } from "../../src/engine/free-waits.ts";
import type { HistoryHash } from "../../src/engine/history-hash.ts";
import { bootMsCountedMax, freeWaitLimits, Pace } from "../../src/engine/pace.ts";

const least = { each: freeWaitMsLeast, all: freeWaitsMsLeast };

describe("how long a turn waits for a running process", () => {
  for (const { seen, bootMs, answerMs, limits } of [
    { seen: "nothing", bootMs: undefined, answerMs: undefined, limits: least },
    { seen: "an answer alone", bootMs: undefined, answerMs: 60, limits: least },
    { seen: "a boot alone", bootMs: 800, answerMs: undefined, limits: { each: 400, all: 1_000 } },
    { seen: "a boot longer than the answers", bootMs: 800, answerMs: 300, limits: { each: 800, all: 1_600 } },
    { seen: "a boot shorter than the answers", bootMs: 800, answerMs: 2_000, limits: least },
    { seen: "a quick boot", bootMs: 100, answerMs: 60, limits: least },
    { seen: "a boot of a minute", bootMs: 60_000, answerMs: 300, limits: { each: bootMsCountedMax, all: 2 * bootMsCountedMax } },
    { seen: "a boot and an answer of a minute", bootMs: 60_000, answerMs: 59_000, limits: least },
  ]) {
    it(`is ${limits.each} ms, and ${limits.all} ms in all, where ${seen} was seen`, () => {
      assert.deepEqual(freeWaitLimits(bootMs, answerMs), limits);
    });
  }

  it("goes by the last boot, and by the last answer with its beginning, while that is remembered", () => {
    const pace = new Pace();
    const beginning = (name: string): HistoryHash => name as HistoryHash;
    pace.noteBoot(3_000);
    pace.noteBoot(600);
    pace.noteAnswer(beginning("quick"), 5_000);
    pace.noteAnswer(beginning("quick"), 50);
    pace.noteAnswer(beginning("slow"), 5_000);
    assert.deepEqual([pace.limits(beginning("quick")).each, pace.limits(beginning("slow")).each], [600, freeWaitMsLeast]);
    for (let index = 0; index < 20; index++) pace.noteAnswer(beginning(`${index}`), 50);
    assert.equal(pace.limits(beginning("slow")).each, 300, "forgotten");
  });
});

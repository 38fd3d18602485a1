import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { failedTrialsMax, KnownCapabilities, refusalsMax, refusalsMsMax, trialWaitMs } from "../../src/engine/known-capabilities.ts";
import { clockOf } from "../support/hand-clock.ts";

const all = { rewindSteps: true, rewindMany: true, rewindToEmpty: true, answerTarget: true, setModel: true };

describe("what the CLI can do", () => {
  it("is nothing until it was tried, and again when the CLI has changed", (t) => {
    const known = new KnownCapabilities(clockOf(t));
    assert.deepEqual([known.isKnown, known.current.rewindSteps], [false, false]);
    known.learn(all);
    assert.deepEqual([known.isKnown, known.current], [true, all]);
    known.forget();
    assert.deepEqual([known.isKnown, known.current.rewindSteps], [false, false]);
  });

  it("stays what it is after a refusal, and is less after several of one kind", (t) => {
    const known = new KnownCapabilities(clockOf(t));
    known.learn(all);
    for (let refusals = 1; refusals < refusalsMax; refusals++) known.noteRefusal("rewindMany");
    known.noteRefusal("answerTarget");
    assert.deepEqual(known.current, all);
    known.noteRefusal("rewindMany");
    assert.deepEqual(known.current, { ...all, rewindMany: false });
  });

  it("is to be tried again some time after it became less, by one who asks, until the CLI was tried", (t) => {
    const known = new KnownCapabilities(clockOf(t));
    known.learn(all);
    const asks = (): boolean[] => [known.claimTrial(), known.claimTrial()];
    for (let refusals = 0; refusals < refusalsMax; refusals++) {
      assert.deepEqual(asks(), [false, false]);
      known.noteRefusal("rewindMany");
    }
    clockOf(t).pass(refusalsMsMax - 1);
    assert.deepEqual(asks(), [false, false]);
    clockOf(t).pass(1);
    assert.deepEqual(asks(), [true, false]);
    clockOf(t).pass(refusalsMsMax);
    assert.deepEqual(asks(), [true, false], "the trial came to no end");
    known.learn(all);
    clockOf(t).pass(refusalsMsMax);
    assert.deepEqual([known.current, asks()], [all, [false, false]]);
  });

  it("is to be tried while it is not known: at once, after several trials that showed nothing ever later, and anew when the CLI has changed", (t) => {
    const known = new KnownCapabilities(clockOf(t));
    const asks = (): boolean[] => [known.claimTrial(), known.claimTrial()];
    const waits = (waitMs: number): void => {
      clockOf(t).pass(waitMs - 1);
      assert.deepEqual(asks(), [false, false]);
      clockOf(t).pass(1);
      assert.deepEqual(asks(), [true, false]);
    };
    for (let trials = 0; trials < failedTrialsMax; trials++) {
      assert.deepEqual(asks(), [true, false]);
      known.noteFailedTrial();
    }
    waits(trialWaitMs);
    known.noteFailedTrial();
    waits(2 * trialWaitMs);
    for (let trials = 0; trials < 20; trials++) known.noteFailedTrial();
    waits(refusalsMsMax);
    known.forget();
    assert.deepEqual(asks(), [true, false]);
    known.noteFailedTrial();
    assert.deepEqual(asks(), [true, false]);
    known.learn(all);
    known.noteFailedTrial();
    clockOf(t).pass(refusalsMsMax);
    assert.deepEqual([known.current, asks()], [all, [false, false]], "a probe of a CLI that is known takes nothing away");
  });

  it("is not less for refusals that lie far apart", (t) => {
    const known = new KnownCapabilities(clockOf(t));
    known.learn(all);
    for (let refusals = 0; refusals < 3 * refusalsMax; refusals++) {
      known.noteRefusal("rewindToEmpty");
      clockOf(t).pass(refusalsMsMax / (refusalsMax - 1));
    }
    assert.deepEqual(known.current, all);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { KnownCapabilities, refusalsMax, refusalsMsMax } from "../../src/engine/known-capabilities.ts";
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

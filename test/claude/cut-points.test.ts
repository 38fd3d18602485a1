import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type CutPoint, CutPoints } from "../../src/claude/cut-points.ts";

const all = { rewindSteps: true, rewindMany: true, rewindToEmpty: true, answerTarget: true };
const prompt = (kept: number): CutPoint => ({ kept, uuid: `prompt ${kept}`, line: "prompt" });
const answer = (kept: number): CutPoint => ({ kept, uuid: `answer ${kept}`, line: "answer" });

/** A prompt, a call and its result, the answer to that, another prompt. */
function points(): CutPoints {
  const made = new CutPoints();
  for (const point of [prompt(0), answer(3), prompt(4)]) made.add(point);
  return made;
}

describe("the places to which a process can be rewound", () => {
  it("are found by how many messages they keep", () => {
    const kept = (max: number): number | undefined => points().lastWithin(max, all)?.kept;
    assert.deepEqual([kept(9), kept(4), kept(3), kept(2), kept(0)], [4, 4, 3, 0, 0]);
    assert.equal(new CutPoints().lastWithin(9, all), undefined);
  });

  for (const [lack, kept] of [["rewindSteps", undefined], ["rewindToEmpty", 3], ["answerTarget", 0], ["rewindMany", 3]] as const) {
    it(`are fewer for a CLI without ${lack}`, () => {
      assert.equal(points().lastWithin(3, { ...all, [lack]: false })?.kept, kept);
    });
  }

  it("are none at the beginning for a CLI that cannot be emptied", () => {
    assert.equal(points().lastWithin(2, { ...all, rewindToEmpty: false }), undefined);
  });

  it("are reached in one step, or prompt by prompt", () => {
    const made = points();
    made.add(prompt(6));
    assert.deepEqual(made.way(prompt(4), all), [prompt(4)]);
    assert.deepEqual(made.way(prompt(4), { ...all, rewindMany: false }), [prompt(6), prompt(4)]);
    assert.deepEqual(made.way(answer(3), { ...all, rewindMany: false }), [answer(3)]);
  });

  it("are only where a message begins: the second line of an answer is none", () => {
    const made = points();
    made.add({ ...answer(4), uuid: "second line" });
    assert.equal(made.lastWithin(4, all)?.uuid, "prompt 4");
  });

  it("know the last prompt, and are forgotten from where the process was rewound to", () => {
    const made = points();
    assert.equal(made.lastPrompt, "prompt 4");
    made.cutAt(answer(3));
    assert.deepEqual([made.lastPrompt, made.lastWithin(9, all)?.kept], ["prompt 0", 0]);
  });
});

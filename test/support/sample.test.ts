import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isCountFixed, sampleOf, seedOf } from "./sample.ts";

const sample = { what: "random histories", small: 20, whole: 2_000 };

describe("the sample of a test", () => {
  it("is the small one unless another is asked for by name or as a count", () => {
    const counts = ["small", "large", "whole", "7"].map((name) => sampleOf({ ...sample, large: 300 }, name, () => {}));
    assert.deepEqual(counts, [20, 300, 2_000, 7]);
  });

  it("is the whole in the soak where the test names no large one", () => {
    assert.equal(sampleOf(sample, "large", () => {}), 2_000);
  });

  it("is printed, and what is left out with how to run it", () => {
    const lines: string[] = [];
    for (const name of ["small", "whole"]) sampleOf(sample, name, (line) => lines.push(line));
    assert.deepEqual(lines, [
      "sample: 20 of 2,000 (all: --whole, or SAMPLE=whole) random histories",
      "sample: 2,000 random histories",
    ]);
  });

  it("may be cut short by a slow machine, but for the whole and for a count", () => {
    assert.deepEqual(["small", "large", "whole", "7"].map(isCountFixed), [false, false, true, true]);
  });

  for (const name of ["", "0", "-1", "1e3", "SMALL"]) {
    it(`is not guessed from ${JSON.stringify(name)}`, () => {
      assert.throws(() => sampleOf(sample, name, () => {}), /^Error: SAMPLE: expected/);
    });
  }
});

describe("the seed of a test", () => {
  it("is the test's own unless one is asked for", () => {
    assert.deepEqual([seedOf(44, undefined), seedOf(44, "45")], [44, 45]);
  });

  it("is not guessed from what is no number", () => assert.throws(() => seedOf(44, "x"), /^Error: SEED: expected/));
});

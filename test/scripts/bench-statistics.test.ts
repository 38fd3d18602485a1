import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { median, pairedDifference, percentile, rotated, summarize } from "../../scripts/bench/statistics.ts";

describe("the median", () => {
  it("is the middle value, whatever the order", () => assert.equal(median([9, 1, 5]), 5));
  it("is the mean of the two in the middle of an even number", () => assert.equal(median([4, 1, 3, 2]), 2.5));
  it("sorts by value, not by text", () => assert.equal(median([10, 9, 100]), 10));
  it("of nothing is refused", () => assert.throws(() => median([]), RangeError));
});

describe("a percentile", () => {
  const hundred = Array.from({ length: 101 }, (_, index) => index);
  it("lies between neighbours by their distance", () => assert.equal(percentile([0, 10], 0.25), 2.5));
  it("at 0 and 1 is the least and the most", () => assert.deepEqual([percentile(hundred, 0), percentile(hundred, 1)], [0, 100]));
  it("at 0.99 leaves one in a hundred above", () => assert.equal(percentile(hundred, 0.99), 99));
  it("leaves the values in their order", () => {
    const values = [3, 1, 2];
    percentile(values, 0.5);
    assert.deepEqual(values, [3, 1, 2]);
  });
});

describe("a summary", () => {
  it("keeps the samples as they came", () => assert.deepEqual(summarize([3, 1, 2]), { median: 2, min: 1, max: 3, samples: [3, 1, 2] }));
});

describe("a paired difference", () => {
  it("is the median of the differences within rounds, so that a slow round does not count twice", () => {
    assert.equal(pairedDifference([12, 112, 13], [10, 110, 10]), 2);
  });
});

describe("rotation", () => {
  it("turns the list and loses nothing", () => assert.deepEqual(rotated(["a", "b", "c"], 4), ["b", "c", "a"]));
  it("of nothing is nothing", () => assert.deepEqual(rotated([], 3), []));
});

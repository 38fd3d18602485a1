/** Whether the measurements that are committed met their targets. Measures nothing. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { atLeast, type BenchResult, difference, isMissed, resultsFolder } from "../../scripts/bench/result.ts";
import { knownMisses } from "../support/known-misses.ts";

const results = readdirSync(resultsFolder).filter((name) => name.endsWith(".json")).map((name) => (
  JSON.parse(readFileSync(join(resultsFolder, name), "utf8")) as BenchResult
));
const compared = results.flatMap(({ name, rows }) => rows.flatMap(({ id, comparisons }) => (
  comparisons.map((comparison) => ({ name: `${name}, ${id}, ${comparison.what}`, comparison }))
)));

describe("a target", () => {
  it("is missed above the most that is allowed, or below the least; a figure without one never", () => {
    const figures = [difference("over", 5, 5), difference("over", 5.1, 5), atLeast(5, difference("rate", 5)), atLeast(5, difference("rate", 4.9)), difference("over", 5)];
    assert.deepEqual(figures.map(isMissed), [false, true, false, true, false]);
  });

  it("that a committed measurement misses is on the list of known ones, with its reason", () => {
    const missed = compared.filter(({ comparison }) => isMissed(comparison)).map(({ name, comparison: { value, target, least } }) => ({ name, value, target, least }));
    assert.deepEqual(missed.filter(({ name }) => knownMisses[name] === undefined), [], "a missed target without a reason in test/support/known-misses.ts");
  });

  it("on that list is one that a committed measurement has", () => {
    const targets = compared.filter(({ comparison: { target, least } }) => (target ?? least) !== undefined).map(({ name }) => name);
    assert.deepEqual(Object.keys(knownMisses).filter((name) => !targets.includes(name)), []);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Load, loadRows, noFigures, restRows } from "../../scripts/bench/question-figures.ts";

const samples = noFigures(["ours", "reference"]);
for (const figure of Object.values(samples)) {
  figure["ours"]?.push(2, 4);
  figure["reference"]?.push(6);
}
const comparisons = (load: Load, canBeEmptied = true) =>
  Object.fromEntries(loadRows("1.2.3", load, samples, canBeEmptied).map(({ id, comparisons: [first] }) => [id, first]));

describe("the rows of single questions", () => {
  it("have targets for four at a time, by whether the CLI can be emptied", () => {
    const load = { atOnce: 4, questions: 40, upstreamMs: 0 };
    const emptied = comparisons(load);
    assert.deepEqual([emptied["rate-4-1.2.3"]?.least, emptied["cpu-4-1.2.3"]?.target, emptied["peak-4-1.2.3"]?.target], [10, 0.1, 1.5]);
    const other = comparisons(load, false);
    assert.deepEqual([other["rate-4-1.2.3"]?.least, other["cpu-4-1.2.3"]?.target, other["peak-4-1.2.3"]?.target], [0.95, 1.1, 1.5]);
  });

  it("have none for another number", () => {
    for (const comparison of Object.values(comparisons({ atOnce: 16, questions: 40, upstreamMs: 0 }))) {
      assert.deepEqual([comparison?.target, comparison?.least], [undefined, undefined], comparison?.what);
    }
  });

  it("hold the most of the processes against their target, not the median", () => {
    assert.deepEqual(comparisons({ atOnce: 4, questions: 40, upstreamMs: 0 })["processes-4-1.2.3"], { what: "ours, the most", kind: "difference", value: 4, target: 4 });
  });

  it("say with a slow upstream how long the slowest answer takes beside a server that boots a process for each", () => {
    const slow = comparisons({ atOnce: 4, questions: 16, upstreamMs: 2_000 })["slowest-4-slow-1.2.3"];
    assert.deepEqual([slow?.kind, slow?.value, slow?.target], ["ratio", 0.5, 1]);
  });

  it("tell memory and processes at rest", () => {
    assert.deepEqual(restRows("1.2.3", 1, samples).map(({ id, label }) => [id, label]), [
      ["rest-memory-1-1.2.3", "At rest after 1 question: memory, CLI 1.2.3"],
      ["rest-processes-1-1.2.3", "At rest after 1 question: CLI processes, CLI 1.2.3"],
    ]);
  });
});

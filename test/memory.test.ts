import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { collectorAtRest } from "../src/memory.ts";

describe("the collector at rest", () => {
  it("gives back what is not used any more once the process has grown", () => {
    const collect = collectorAtRest();
    let held: object[] = Array.from({ length: 1_500_000 }, (_, index) => ({ index }));
    const grownBytes = process.memoryUsage().heapUsed;
    assert.equal(held.length, 1_500_000);
    held = [];
    collect();
    assert.ok(process.memoryUsage().heapUsed < grownBytes / 2, "half of it, at least");
  });

  it("leaves no way to collect behind", () => {
    collectorAtRest()();
    assert.equal(typeof (globalThis as { gc?: unknown }).gc, "undefined");
  });
});

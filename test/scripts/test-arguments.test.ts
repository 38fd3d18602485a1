import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseTestArguments } from "../../scripts/test-arguments.ts";

describe("the arguments of the test script", () => {
  it("ask for everything that is offline where there are none", () => {
    assert.deepEqual(parseTestArguments([]), { suite: undefined, parts: [], isWhole: false, hasCoverage: true });
  });

  it("name a suite, its whole, and parts of paths in any form", () => {
    const asked = parseTestArguments(["--suite=soak", "--whole", "--no-coverage", "./test/http", "test\\engine"]);
    assert.deepEqual(asked, { suite: "soak", parts: ["test/http", "test/engine"], isWhole: true, hasCoverage: false });
  });

  for (const [argument, message] of [
    ["--suite=slow", "--suite=slow: there are real, clients, soak, bench, all"],
    ["--fast", "unknown option --fast; known are --suite=NAME, --whole and --no-coverage"],
  ] as const) {
    it(`are refused by name: ${argument}`, () => {
      assert.throws(() => parseTestArguments([argument]), new RangeError(message));
    });
  }
});

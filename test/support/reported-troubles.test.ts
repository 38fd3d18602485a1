import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { reportedTroubles } from "./reported-troubles.ts";

const root = new URL("../../", import.meta.url);
const sourceOf = (file: string): string => readFileSync(new URL(file, root), "utf8");
const troubles = Object.values(reportedTroubles).flat();

/** Whether a test or a group of them has that name: it stands there as a literal, where one is named or kept for that. */
function hasTest(source: string, name: string): boolean {
  return [`"${name}"`, `\`${name}\``].some((literal) => [`it(${literal}`, `test(${literal}`, `describe(${literal}`, `Test = ${literal}`].some((start) => source.includes(start)));
}

describe("each trouble that was reported elsewhere", () => {
  for (const { reported, heldBy } of troubles) {
    it(`has tests that hold what is right here: ${reported}`, () => {
      const named = Object.entries(heldBy).flatMap(([file, names]) => names.map((name) => ({ file, name })));
      assert.ok(named.length > 0);
      assert.deepEqual(named.filter(({ file, name }) => !hasTest(sourceOf(file), name)), []);
    });
  }

  it("that the real CLIs are asked about is asked of both, though perhaps in the whole sample alone", () => {
    const real = new Set(troubles.flatMap(({ heldBy }) => Object.keys(heldBy)).filter((file) => file.startsWith("test/real/")));
    assert.ok(real.size > 0);
    for (const file of real) assert.match(sourceOf(file), /for \(const version of (?:claudeVersions|sampledClaudeVersions\(\))\)/u, file);
  });

  it("is found to have none where a test has another name, or is only spoken of", () => {
    const source = 'it("is served", () => {});\n// "is refused"\nit(`${path} is read`, () => {});';
    assert.deepEqual(["is served", "${path} is read", "is serve", "is refused", "is read"].map((name) => hasTest(source, name)), [true, true, false, false, false]);
  });
});

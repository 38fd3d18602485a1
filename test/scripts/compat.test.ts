import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { join } from "node:path";
import { cacheFolder } from "../../scripts/compat/installed-claude.ts";
import { differences, knownCapabilities } from "../../scripts/compat/known.ts";
import { compatTable } from "../../scripts/compat/table.ts";
import { noCapabilities } from "../../src/claude/capabilities.ts";

describe("the table of what versions can do", () => {
  it("has a row a version and a column a capability, and tells of what failed below", () => {
    const table = compatTable([
      { version: "2.1.197", capabilities: { ...noCapabilities, rewindSteps: true }, requests: 0, probedMs: 912.4 },
      { version: "2.1.999", capabilities: undefined, failure: "npm has no such version", requests: 0, probedMs: 0 },
    ]);
    assert.deepEqual(table.split("\n"), [
      "| CLI     | rewindSteps | rewindMany | rewindToEmpty | answerTarget | setModel | requests | ms  |",
      "|---------|-------------|------------|---------------|--------------|----------|----------|-----|",
      "| 2.1.197 | yes         | no         | no            | no           | no       | 0        | 912 |",
      "| 2.1.999 | ?           | ?          | ?             | ?            | ?        | ?        | ?   |",
      "2.1.999: npm has no such version",
    ]);
  });
});

describe("what versions are known to be able to do", () => {
  it("is compared with what is found, by the name of what is other; an unknown version has nothing to compare", () => {
    const known = knownCapabilities["2.1.330"] ?? assert.fail();
    assert.deepEqual(differences("2.1.330", known), []);
    assert.deepEqual(differences("2.1.330", { ...known, setModel: false }), ["setModel"]);
    assert.deepEqual(differences("2.1.999", noCapabilities), []);
  });
});

describe("the cache of versions", () => {
  it("stands in the user's cache folder, outside the repository", () => {
    assert.equal(cacheFolder({ XDG_CACHE_HOME: "/c" }, "/home/u"), join("/c", "claude-max-api-compat"));
    for (const XDG_CACHE_HOME of [undefined, ""]) {
      assert.equal(cacheFolder({ XDG_CACHE_HOME }, "/home/u"), join("/home/u", ".cache", "claude-max-api-compat"));
    }
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readMatrix } from "../../scripts/compat/matrix.ts";
import { compareVersions } from "../../scripts/compat/npm-versions.ts";
import { newestTestedVersion, oldestVersion } from "../../src/claude/installation.ts";
import { lackMessage, untestedOf } from "../../src/engine/drift.ts";

const all = { rewindSteps: true, rewindMany: true, rewindToEmpty: true, answerTarget: true, setModel: true };

describe("a version that nobody has tried", () => {
  it("is one that is newer than the newest tried; the matrix has none, and none that is too old", () => {
    for (const { version } of readMatrix()) {
      assert.ok(compareVersions(version, oldestVersion) >= 0 && compareVersions(version, newestTestedVersion) <= 0, version);
    }
    const known = { isKnown: true, current: all, needs: {} };
    assert.equal(untestedOf(newestTestedVersion, known), undefined);
    assert.equal(untestedOf("2.1.90", known), undefined);
    assert.deepEqual(untestedOf("2.2.0", known), { newestTested: newestTestedVersion, unexpected: [] });
  });

  it("is told of with what it cannot do, once that is known, and what happens without it", () => {
    const known = { isKnown: true, current: { ...all, setModel: false }, needs: { history: true, extraBody: false } };
    assert.equal(untestedOf("3.0.0", { ...known, isKnown: false })?.unexpected, undefined);
    const [first, second, ...rest] = untestedOf("3.0.0", known)?.unexpected ?? [];
    assert.deepEqual([first?.name, second?.name, rest], ["extra_body", "set_model", []]);
    assert.match(second?.without ?? "", /^Each model has warm processes of its own/u);
  });
});

describe("a CLI that lacks what it must do", () => {
  it("is refused by the names of that, with what to do", () => {
    const words = lackMessage("2.2.0", ["history", "toolNames"]);
    assert.match(words, /^Claude Code 2\.2\.0 cannot be used: it lacks `history` \(Earlier turns .*roles.*\), `tool_names` \(/u);
    assert.ok(words.includes(`npm install -g @anthropic-ai/claude-code@${newestTestedVersion}`), words);
  });
});

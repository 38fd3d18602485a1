import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findPolicy, hasServerPolicy } from "../../src/claude/managed-policy.ts";

describe("a managed policy", () => {
  for (const [platform, folder, separator] of [
    ["linux", "/etc/claude-code", "/"], ["freebsd", "/etc/claude-code", "/"],
    ["darwin", "/Library/Application Support/ClaudeCode", "/"], ["win32", "C:\\Program Files\\ClaudeCode", "\\"],
  ] as const) {
    it(`is found on ${platform} in each of its parts`, () => {
      const all = findPolicy(platform, () => true);
      assert.deepEqual(all, ["managed-settings.json", "managed-settings.d", "managed-mcp.json", "CLAUDE.md", ".claude"].map((name) => `${folder}${separator}${name}`));
      for (const path of all) assert.deepEqual(findPolicy(platform, (asked) => asked === path), [path]);
      assert.deepEqual(all.filter((path) => hasServerPolicy(platform, (asked) => asked === path)), [`${folder}${separator}managed-mcp.json`]);
    });
  }

  it("is none where nothing is there", () => assert.deepEqual(findPolicy("linux", () => false), []));
});

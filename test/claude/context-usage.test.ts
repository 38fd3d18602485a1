import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fewToolsTokens, parseContextUsage } from "../../src/claude/context-usage.ts";

/** As the CLIs tell it, without what is only for a picture of it. */
const told = {
  "2.1.330": [
    { id: "system_prompt", name: "System prompt", tokens: 136, kind: "used" }, { id: "mcp_tools", name: "MCP tools", tokens: 57, kind: "used" },
    { id: "messages", name: "Messages", tokens: 407, kind: "used" }, { id: "compact_buffer", name: "Compact buffer", tokens: 3_000, kind: "buffer" },
    { id: "free_space", name: "Free space", tokens: 996_457, kind: "free" },
  ],
  "2.1.197": [
    { name: "System prompt", tokens: 136 }, { name: "MCP tools", tokens: 57 }, { name: "Messages", tokens: 407 }, { name: "Compact buffer", tokens: 3_000 },
    { name: "Free space", tokens: 196_660 },
  ],
} as const;
const count = (categories: unknown, hasTools = true): number => parseContextUsage({ categories, totalTokens: 1 }, hasTools).inputTokens;

describe("the count of a request", () => {
  for (const [version, categories] of Object.entries(told)) {
    it(`is that of its parts by ${version}, and what the CLI takes off for there being tools`, () => assert.equal(count(categories), 136 + 57 + 500 + 407));

    it(`has an amount for tools of which ${version} tells nothing, and none where there are no tools`, () => {
      const withoutTools = categories.filter(({ name }) => name !== "MCP tools");
      assert.deepEqual([count(withoutTools), count(withoutTools, false)], [136 + fewToolsTokens + 407, 136 + 407]);
    });
  }

  it("may have no system prompt, and parts that are not known count for nothing", () => {
    assert.equal(count([{ name: "Messages", tokens: 7 }, { id: "skills", name: "Messages", tokens: 5 }, null, "x"], false), 7);
  });

  for (const odd of [undefined, null, {}, { categories: [] }, { categories: "many" }, { categories: [{ name: "Messages", tokens: "7" }] }, { categories: [{ name: "System prompt", tokens: 7 }] }]) {
    it(`is none where the CLI says ${JSON.stringify(odd)}`, () => assert.throws(() => parseContextUsage(odd, false), { code: "cli_failed" }));
  }
});

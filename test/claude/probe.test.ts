import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { probe } from "../../src/claude/probe.ts";
import { startFake } from "../support/fake-claude.ts";
import { isRunning } from "../support/processes.ts";

describe("a probe", () => {
  it("tells the models and the login, and ends the process", async (t) => {
    const { claude, pid } = await startFake(t, "answers");
    assert.deepEqual(await probe(claude), { models: [{ value: "fake", resolvedModel: "claude-fake-1", displayName: "Fake" }], loggedIn: true });
    await claude.closed;
    assert.equal(isRunning(pid), false);
  });

  it("tells that nobody is logged in", async (t) => {
    const { claude } = await startFake(t, "logged-out");
    assert.deepEqual(await probe(claude), { models: [], loggedIn: false });
  });

  for (const [name, words] of [
    ["refuses-initialize", /refused initialize: system prompt not to my taste/u],
    ["crashes-at-boot", /exit code 3/u],
  ] as const) {
    it(`rejects on a CLI like ${name}, and ends it`, async (t) => {
      const { claude, pid } = await startFake(t, name);
      await assert.rejects(probe(claude), words);
      await claude.closed;
      assert.equal(isRunning(pid), false);
    });
  }
});

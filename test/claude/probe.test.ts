import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bootWaitMs, probe } from "../../src/claude/probe.ts";
import { startFake } from "../support/fake-claude.ts";
import { isRunning } from "../support/processes.ts";

describe("a probe", () => {
  it("does not wait for ever on a CLI that never answers, and ends it", async (t) => {
    const { claude, pid } = await startFake(t, "silent");
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const probing = assert.rejects(probe(claude), { kind: "cli_failed", message: /did not boot within 60 s/u });
    t.mock.timers.tick(bootWaitMs);
    await probing;
    t.mock.timers.reset();
    await claude.closed;
    assert.equal(isRunning(pid), false);
  });

  it("tells the models and the login, and ends the process", async (t) => {
    const { claude, pid } = await startFake(t, "answers");
    assert.deepEqual(await probe(claude), { models: [{ value: "fake", resolvedModel: "claude-fake-1", displayName: "Fake" }], loggedIn: true, knowsEmail: false });
    await claude.closed;
    assert.equal(isRunning(pid), false);
  });

  it("tells that nobody is logged in", async (t) => {
    const { claude } = await startFake(t, "logged-out");
    assert.deepEqual(await probe(claude), { models: [], loggedIn: false, knowsEmail: false });
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

import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { noCapabilities } from "../../src/claude/capabilities.ts";
import { bootWaitMs, probe } from "../../src/claude/probe.ts";
import { ClaudeProcess } from "../../src/claude/process.ts";
import { startFake } from "../support/fake-claude.ts";
import { isRunning } from "../support/processes.ts";
import { platformEnvironment } from "../support/real-claude.ts";
import { relaysUnavailable } from "../support/relays.ts";
import { startRememberingClaude } from "../support/remembering-claude.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** What a made-up CLI shows that takes every request, and does not list its tools. */
const taken = { history: true, settings: true, thinking: true };

describe("a probe", () => {
  it("does not wait for ever on a CLI that never answers", async (t) => {
    const { claude } = await startFake(t, "silent");
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const probing = assert.rejects(probe(claude), { code: "cli_failed", message: /did not boot within 60 s/u });
    t.mock.timers.tick(bootWaitMs);
    await probing;
    t.mock.timers.reset();
  });

  it("tells the models and the login, and leaves the process to its owner", async (t) => {
    const { claude, pid } = await startFake(t, "answers");
    assert.deepEqual(await probe(claude), { models: [{ value: "fake", resolvedModel: "claude-fake-1", displayName: "Fake" }], loggedIn: true, knowsEmail: false, capabilities: noCapabilities, needs: taken });
    assert.deepEqual([claude.state, isRunning(pid)], ["booting", true]);
  });

  it("tells that nobody is logged in", async (t) => {
    const { claude } = await startFake(t, "logged-out");
    assert.deepEqual(await probe(claude), { models: [], loggedIn: false, knowsEmail: false, capabilities: noCapabilities, needs: taken });
  });

  it("tells what the CLI can do, without a turn and without a fault", { skip: relaysUnavailable }, async (t) => {
    const { probed, made } = await remembering(t);
    assert.deepEqual((await probed).capabilities, { ...noCapabilities, rewindSteps: true, rewindMany: true, rewindToEmpty: true, answerTarget: true, setModel: true });
    assert.deepEqual([made.counts.turns, made.violations], [0, []]);
  });

  it("tells models and login of a CLI that dies at a rewind, and not what it can do", { skip: relaysUnavailable }, async (t) => {
    const { probed, made } = await remembering(t);
    made.faultOfRewind = () => "dies";
    const { capabilities, loggedIn } = await probed;
    assert.deepEqual({ capabilities, loggedIn }, { capabilities: undefined, loggedIn: true });
  });

  it("does not wait for ever on one that never answers a rewind", { skip: relaysUnavailable }, async (t) => {
    const { probed, made } = await remembering(t, 10);
    made.faultOfRewind = () => "unanswered";
    assert.equal((await probed).capabilities, undefined);
  });

  for (const name of ["refuses-history", "dies-midway"]) {
    it(`tells models and login of a CLI like ${name}`, async (t) => {
      const { claude } = await startFake(t, name);
      assert.equal((await probe(claude)).loggedIn, true);
    });
  }

  for (const [name, words] of [
    ["refuses-initialize", /refused initialize: system prompt not to my taste/u],
    ["crashes-at-boot", /exit code 3/u],
  ] as const) {
    it(`rejects on a CLI like ${name}`, async (t) => {
      const { claude } = await startFake(t, name);
      await assert.rejects(probe(claude), words);
    });
  }
});

async function remembering(t: TestContext, waitMs?: number) {
  const made = await startRememberingClaude(t, 1);
  const claude = new ClaudeProcess({
    command: { file: made.path, leadingArguments: [] }, model: "opus", cwd: await temporaryFolder(t),
    environment: { ...platformEnvironment(), ...made.environment },
  });
  t.after(() => claude.end());
  return { made, probed: probe(claude, waitMs) };
}

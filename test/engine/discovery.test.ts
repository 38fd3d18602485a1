/** An engine looks for its CLI, and asks it what it serves. */
import assert from "node:assert/strict";
import { copyFileSync, existsSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import { bootWaitMs, capabilitiesWaitMs } from "../../src/claude/probe.ts";
import type { LaunchOptions } from "../../src/claude/child.ts";
import type { ClaudeProcess } from "../../src/claude/process.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { trialWaitMs } from "../../src/engine/known-capabilities.ts";
import type { World } from "../../src/engine/world.ts";
import { BridgeError } from "../../src/errors.ts";
import { fakeClaudePath, runningFakes } from "../support/fake-claude.ts";
import { ScriptedCli } from "../support/scripted-cli.ts";
import { startEngine, until } from "../support/started-engine.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { collect, errorOf, summaryOf } from "../support/turn-events.ts";
import { ask, assistant, never, turnOf, user } from "../support/turns.ts";

const onlyPosix = process.platform === "win32" ? "a script is no executable there" : false;

describe("a CLI", () => {
  it("that is missing is told as such, and found once it was installed", { skip: onlyPosix }, async (t) => {
    const folder = await temporaryFolder(t);
    const file = join(folder, "claude.mjs");
    const { engine } = startEngine(t, { file, leadingArguments: [] });
    const error = await errorOf(engine.run(ask("hi"), never));
    assert.equal(error.code, "cli_unavailable");
    assert.match(error.message, /was not found .*npm install -g/u);
    assert.equal(engine.status.installation?.kind, "unusable");
    copyFileSync(fakeClaudePath("protocol"), join(folder, "protocol.mjs"));
    copyFileSync(fakeClaudePath("answers"), file);
    const { events } = await collect(engine.run(ask("WORDS 1"), never));
    assert.equal(summaryOf(events).text, "w0 ");
    assert.equal(engine.status.installation?.kind, "found");
  });

  it("that was replaced on disk is looked at again", { skip: onlyPosix }, async (t) => {
    const folder = await temporaryFolder(t);
    const file = join(folder, "claude.mjs");
    copyFileSync(fakeClaudePath("protocol"), join(folder, "protocol.mjs"));
    copyFileSync(fakeClaudePath("answers"), file);
    const { engine } = startEngine(t, { file, leadingArguments: [] });
    assert.equal((await collect(engine.run(ask("WORDS 1"), never))).error, undefined);
    copyFileSync(fakeClaudePath("old-version"), file);
    assert.match((await errorOf(engine.run(ask("WORDS 1"), never))).message, /too old/u);
  });
});

describe("discovery", () => {
  it("tells the version, the models and the login, and ends its process", async (t) => {
    const { engine } = startEngine(t, "answers");
    assert.deepEqual(await engine.discover(), { kind: "found", version: "2.1.330" });
    assert.equal(engine.status.loggedIn, true);
    assert.ok((await engine.listModels()).some(({ id, description }) => id === "claude-fake-1" && description === "Fake"), "the model is listed");
    await until(() => engine.status.processes.all === 0);
    assert.deepEqual(runningFakes("answers"), []);
  });

  it("tells that nobody is logged in", async (t) => {
    const { engine } = startEngine(t, "logged-out");
    await engine.discover();
    assert.equal(engine.status.loggedIn, false);
  });

  it("never rejects: a CLI that crashes is found, and the log says why it told nothing", async (t) => {
    const { engine, logLines } = startEngine(t, "crashes-at-boot");
    assert.equal((await engine.discover()).kind, "found");
    assert.equal(engine.status.loggedIn, undefined);
    assert.match(logLines.join("\n"), /warn the CLI did not tell what it serves error=cli_failed ended="exit code 3"$/mu);
  });

  it("of an unusable CLI starts no process", async (t) => {
    const { engine } = startEngine(t, "old-version");
    assert.equal((await engine.discover()).kind, "unusable");
    assert.equal(engine.status.processes.all, 0);
  });
});

/** An engine whose CLI's processes are objects, and whose program is what `world` and `file` say. */
function scripted(t: TestContext, world: Partial<World> = {}, file = process.execPath): { readonly cli: ScriptedCli; readonly engine: Engine } {
  const cli = new ScriptedCli();
  t.after(() => cli.killAll());
  const { engine } = startEngine(t, { file, leadingArguments: [] }, { world: { ...cli.world, ...world } });
  return { cli, engine };
}

async function answers(engine: Engine): Promise<void> {
  assert.equal((await collect(engine.run(ask("hi"), never))).error, undefined);
}

const canRewind = (engine: Engine) => (): boolean => engine.status.capabilities?.rewindSteps === true;

it("a conversation goes on while the CLI's program is away, and with the new one's process once it is there", { skip: onlyPosix }, async (t) => {
  const file = join(await temporaryFolder(t), "claude");
  writeFileSync(file, "old", { mode: 0o755 });
  const cli = new ScriptedCli();
  t.after(() => cli.killAll());
  const { engine } = startEngine(t, { file, leadingArguments: [] }, { world: cli.world, conversationIdleMsMax: 60_000 });
  const messages = [user("a"), assistant("a!"), user("b"), assistant("b!"), user("c")];
  const asked = async (count: number): Promise<number> => {
    const { events, error } = await collect(engine.run(turnOf({ model: "opus", messages: messages.slice(0, count) }), never));
    assert.deepEqual([error, summaryOf(events).text], [undefined, `${"abc"[(count - 1) / 2]}!`]);
    return cli.processes.length;
  };
  assert.equal(await asked(1), 1);
  rmSync(file);
  assert.equal(await asked(3), 1);
  writeFileSync(file, "another", { mode: 0o755 });
  assert.equal(await asked(5), 2);
  await until(() => cli.living.length === 1);
});

describe("what the CLI can do is found out, though", () => {
  it("there was no usable CLI when the server was started", async (t) => {
    let isThere = false;
    const { engine } = scripted(t, {
      findInstallation: () => Promise.resolve(isThere ? { kind: "found", version: "2.1.330" } : { kind: "unusable", version: undefined, message: "It took too long." }),
    });
    assert.equal((await engine.discover()).kind, "unusable");
    isThere = true;
    await answers(engine);
    await until(canRewind(engine));
  });

  it("the program was away for a while", { skip: onlyPosix }, async (t) => {
    const file = join(await temporaryFolder(t), "claude");
    const install = (): void => writeFileSync(file, "", { mode: 0o755 });
    install();
    const { cli, engine } = scripted(t, {
      findInstallation: () => Promise.resolve(existsSync(file) ? { kind: "found", version: "2.1.330" } : { kind: "unusable", version: undefined, message: "It was not found." }),
    }, file);
    cli.blowAt = (point) => (point === "boot" && !existsSync(file) ? "killed" : undefined);
    await engine.discover();
    await until(canRewind(engine));
    rmSync(file);
    assert.equal((await errorOf(engine.run(ask("hi"), never))).code, "cli_unavailable");
    assert.equal(engine.status.capabilities, undefined);
    await until(() => engine.status.bootFault !== undefined);
    install();
    await answers(engine);
    await until(canRewind(engine));
  });

  for (const blow of ["killed", "hangs"] as const) {
    it(`the first process that was tried ${blow === "killed" ? "died" : "hung"} as it booted, and a turn's came up`, async (t) => {
      const { cli, engine } = scripted(t);
      cli.blowAt = (point) => (point === "boot" ? blow : undefined);
      const discovered = engine.discover();
      await until(() => cli.processes.length === 1);
      await nextRound();
      await nextRound();
      if (blow === "hangs") cli.clock.pass(bootWaitMs);
      await discovered;
      cli.blowAt = () => undefined;
      await answers(engine);
      await until(canRewind(engine));
    });
  }

  it("the program was replaced while the old one was tried, and there was no place for another", { skip: onlyPosix }, async (t) => {
    const file = join(await temporaryFolder(t), "claude");
    writeFileSync(file, "old", { mode: 0o755 });
    const cli = new ScriptedCli();
    t.after(() => cli.killAll());
    let release = (): void => {};
    const isReleased = new Promise<void>((resolve) => (release = resolve));
    const launch = (options: LaunchOptions): ClaudeProcess => {
      const process = cli.world.launch(options);
      cli.models = [cli.processes.length === 1 ? "old" : "new"];
      const write = process.write.bind(process);
      return Object.assign(process, { write: (line: string) => isReleased.then(() => write(line)) });
    };
    const { engine } = startEngine(t, { file, leadingArguments: [] }, { world: { ...cli.world, launch }, maxProcesses: 1 });
    const discovered = engine.discover();
    await until(() => cli.processes.length === 1);
    writeFileSync(file, "another", { mode: 0o755 });
    await engine.discover();
    release();
    await discovered;
    await until(canRewind(engine));
    assert.equal(cli.processes.length, 2);
    assert.deepEqual((await engine.listModels()).filter(({ id }) => /old|new/u.test(id)).map(({ id }) => id), ["new", "claude-new-fake"]);
  });

  it("several processes fell silent as they were tried", async (t) => {
    const { cli, engine } = scripted(t);
    cli.blowAt = (point) => (point === "history" ? "hangs" : undefined);
    void engine.discover();
    for (const trial of [1, 2, 3]) {
      await until(() => cli.processes.length === trial && engine.status.processes.probed === 1);
      for (let round = 0; round < 10; round++) await nextRound();
      cli.clock.pass(capabilitiesWaitMs);
      await until(() => engine.status.processes.probed === 0);
      cli.clock.pass(2_000);
    }
    cli.blowAt = () => undefined;
    await answers(engine);
    assert.equal(cli.processes.length, 4, "not at once again");
    cli.clock.pass(trialWaitMs);
    await answers(engine);
    await until(canRewind(engine));
  });
});

describe("a model's name", () => {
  it("that only the CLI knows is known as soon as it has told", async (t) => {
    const { engine } = startEngine(t, "answers");
    void engine.discover();
    assert.deepEqual(await engine.resolveModel("fake"), { model: "fake" });
    assert.deepEqual(await engine.resolveModel("claude-opus-4"), { model: "opus" });
  });

  it("that is the operator's own stands for a model and its settings", async (t) => {
    const { engine } = startEngine(t, "answers", { aliases: [{ name: "o3", model: "claude-opus-4", effort: "high" }] });
    assert.deepEqual(await engine.resolveModel("o3"), { model: "opus", effort: "high" });
    const { model: _model, ...asked } = ask("hi");
    assert.deepEqual(await engine.resolve("o3", asked), { ...asked, model: "opus", effort: "high" });
    for (const own of [{ effort: "low" }, { thinking: { type: "disabled" } }] as const) {
      assert.deepEqual(await engine.resolve("o3", { ...asked, ...own }), { ...asked, ...own, model: "opus" });
    }
    assert.equal((await engine.listModels())[0]?.id, "o3");
  });

  it("that nobody knows is refused with those that are served, and not echoed at length", async (t) => {
    const { engine } = startEngine(t, "answers");
    await assert.rejects(engine.resolveModel(`gpt-${"x".repeat(1_000)}`), (error) => {
      const { code, part, message } = error as BridgeError;
      assert.deepEqual([code, part], ["model_not_found", "model"]);
      assert.match(message, /claude-opus-4, .*haiku/u);
      assert.ok(message.length < 500, String(message.length));
      return true;
    });
  });
});

it("a CLI by its bare name is looked up on the path of its own environment", { skip: onlyPosix }, async (t) => {
  const folder = await temporaryFolder(t);
  copyFileSync(fakeClaudePath("protocol"), join(folder, "protocol.mjs"));
  copyFileSync(fakeClaudePath("answers"), join(folder, "claude-made-up.mjs"));
  symlinkSync("claude-made-up.mjs", join(folder, "claude-made-up"));
  const environment = { PATH: `${folder}:${dirname(process.execPath)}` };
  const { engine } = startEngine(t, { file: "claude-made-up", leadingArguments: [] }, { environment });
  const { events, error } = await collect(engine.run(ask("WORDS 1"), never));
  assert.deepEqual([error, summaryOf(events).text], [undefined, "w0 "]);
});

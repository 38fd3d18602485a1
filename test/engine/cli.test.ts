import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { copyFileSync, existsSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import type { Command } from "../../src/claude/launch.ts";
import type { Conversation } from "../../src/claude/conversation.ts";
import type { ClaudeProcess } from "../../src/claude/process.ts";
import type { Account } from "../../src/engine/account.ts";
import type { Cli } from "../../src/engine/cli.ts";
import type { EngineOptions } from "../../src/engine/engine-options.ts";
import { engineParts } from "../../src/engine/engine-parts.ts";
import { type KnownCapabilities, refusalsMax, refusalsMsMax } from "../../src/engine/known-capabilities.ts";
import type { ModelCatalog } from "../../src/engine/model-catalog.ts";
import type { OwnedProcess } from "../../src/engine/owned-process.ts";
import type { Processes } from "../../src/engine/processes.ts";
import { createLogger } from "../../src/log.ts";
import { realWorld } from "../../src/world.ts";
import { fakeClaudePath, fakeProgram, runningFakes, Witness } from "../support/fake-claude.ts";
import { HandClock } from "../support/hand-clock.ts";
import { countLiveProcesses } from "../support/live-processes.ts";
import { environmentOf, isRunning } from "../support/processes.ts";
import { platformEnvironment } from "../support/real-claude.ts";
import { until } from "../support/started-engine.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { never } from "../support/turns.ts";

const onlyLinux = process.platform === "linux" ? false : "needs /proc";
const onlyPosix = process.platform === "win32" ? "a script is no executable there" : false;

interface StartedCli {
  readonly cli: Cli;
  readonly processes: Processes;
  readonly account: Account;
  readonly models: ModelCatalog;
  readonly capabilities: KnownCapabilities;
  readonly launch: (model: string, signal: AbortSignal) => Promise<ClaudeProcess>;
  readonly close: () => Promise<void>;
  readonly kill: () => void;
  readonly logLines: readonly string[];
}

/** Closed after the test, when every process must be gone. */
function startCli(t: TestContext, fake: string | Command, options: Partial<EngineOptions> = {}): StartedCli {
  const logLines: string[] = [];
  const { cli, processes, account, catalog, capabilities, folder } = engineParts({
    command: typeof fake === "string" ? fakeProgram(fake) : fake, environment: platformEnvironment(), aliases: [], world: realWorld,
    defaultModel: "fake", maxProcesses: 4, maxQueue: 0, warm: 0, conversationIdleMsMax: 60_000, silenceMsMax: 20_000, onRest: () => {},
    log: createLogger("debug", (line) => logLines.push(line)), ...options,
  });
  const close = async (): Promise<void> => {
    folder.close();
    await processes.close();
    await folder.remove();
  };
  const kill = (): void => {
    folder.close();
    processes.kill();
  };
  t.after(async () => {
    await close();
    if (typeof fake === "string") assert.deepEqual(runningFakes(fake), [], `${fake} is gone after the test`);
  });
  // Tests end some as if they had ended of themselves: their owner is not asked.
  const launch = async (model: string, signal: AbortSignal): Promise<ClaudeProcess> => (await processes.lease("turn", model, signal)).process as ClaudeProcess;
  return { cli, processes, account, models: catalog, capabilities, launch, close, kill, logLines };
}

/** A CLI of its own in a folder of its own, which can be replaced. */
async function replaceable(t: TestContext, name: string) {
  const folder = await temporaryFolder(t);
  const file = join(folder, "claude.mjs");
  const become = (other: string): void => copyFileSync(fakeClaudePath(other), file);
  copyFileSync(fakeClaudePath("protocol"), join(folder, "protocol.mjs"));
  become(name);
  return { command: { file, leadingArguments: [] }, become };
}

/** Where this process makes its temporary folders until the test's end. */
function withTemporary(t: TestContext, folder: string): void {
  const { TMPDIR } = process.env;
  t.after(() => {
    if (TMPDIR === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = TMPDIR;
  });
  process.env["TMPDIR"] = folder;
}

describe("the CLI on this machine", () => {
  it("is not known until it was looked for", async (t) => {
    const { cli, processes, account } = startCli(t, "answers");
    assert.deepEqual([cli.installation, account.loggedIn, account.rateLimit, processes.size], [undefined, undefined, undefined, 0]);
    assert.deepEqual(await cli.find(), { kind: "found", version: "2.1.330" });
    assert.deepEqual(cli.installation, { kind: "found", version: "2.1.330" });
  });

  it("is looked for once, however many ask at once", async (t) => {
    const { cli } = startCli(t, "answers");
    const search = cli.find();
    assert.equal(cli.find(), search);
    await search;
    const another = cli.find();
    assert.notEqual(another, search);
    await another;
  });

  it("is looked for when it is required, and not again while it stays the same", { skip: onlyPosix }, async (t) => {
    const { command } = await replaceable(t, "answers");
    const { cli } = startCli(t, command);
    await cli.ensureUsable();
    const found = cli.installation;
    await cli.ensureUsable();
    // A new look would have made another object of it.
    assert.equal(cli.installation, found);
  });

  it("is the one that its processes will be, where PATH has relative folders", { skip: onlyPosix }, async (t) => {
    const [bin, other] = [await temporaryFolder(t), await temporaryFolder(t)];
    symlinkSync(fakeClaudePath("old-version"), join(bin, "claude"));
    symlinkSync(fakeClaudePath("answers"), join(other, "claude"));
    // By way of a folder that is here alone: from the empty one that processes run in, it leads nowhere, however deep this lies.
    const fromHere = `src/../${relative(process.cwd(), bin)}`;
    const start = (...path: string[]): StartedCli => startCli(t, { file: "claude", leadingArguments: [] }, { environment: { ...platformEnvironment(), PATH: path.join(":") } });
    assert.match(JSON.stringify(await start(fromHere).cli.find()), /was not found/u);
    const { cli, account } = start(fromHere, other, platformEnvironment()["PATH"] ?? "");
    await cli.ensureUsable();
    await cli.ask("fake");
    assert.equal(account.loggedIn, true);
  });

  it("that does not serve is told as such, each time, until another does", { skip: onlyPosix }, async (t) => {
    const { command, become } = await replaceable(t, "old-version");
    const started = startCli(t, command);
    for (let attempt = 0; attempt < 2; attempt++) await assert.rejects(started.cli.ensureUsable(), { code: "cli_unavailable", message: /too old/u });
    become("answers");
    await started.cli.ensureUsable();
    // Nothing was started of the old one.
    assert.equal(started.processes.generation, 0);
  });

  it("that was replaced is found again, and told of once", { skip: onlyPosix }, async (t) => {
    const { command, become } = await replaceable(t, "answers");
    const started = startCli(t, command);
    await started.cli.ensureUsable();
    become("breaks-off");
    await started.cli.ensureUsable();
    await started.cli.ensureUsable();
    assert.equal(started.processes.generation, 1);
    assert.equal(started.logLines.filter((line) => line.includes("info the CLI changed on disk version=2.1.330")).length, 1);
  });

  it("tells what it serves and who is logged in, by a process that ends", async (t) => {
    const { cli, account, models } = startCli(t, "answers");
    await cli.ask("fake");
    assert.equal(account.loggedIn, true);
    assert.deepEqual(models.resolve("claude-fake-1"), { model: "claude-fake-1" });
    assert.deepEqual(models.list().find(({ id }) => id === "fake"), { id: "fake", description: "Fake" });
  });

  it("is tried again some time after it refused what it could do", async (t) => {
    const clock = new HandClock();
    const { cli, capabilities, processes } = startCli(t, "answers", { environment: { ...platformEnvironment(), REWINDS: "1" }, world: { ...realWorld, clock } });
    await cli.ask("opus");
    assert.equal(capabilities.current.rewindSteps, true);
    for (let refusals = 0; refusals < refusalsMax; refusals++) capabilities.noteRefusal("rewindSteps");
    await until(() => processes.size === 0);
    clock.pass(refusalsMsMax - 1);
    await cli.ensureUsable();
    assert.deepEqual([processes.size, capabilities.current.rewindSteps], [0, false]);
    clock.pass(1);
    await Promise.all([cli.ensureUsable(), cli.ensureUsable()]);
    assert.equal(processes.size, 1, "one process for both");
    await until(() => capabilities.current.rewindSteps);
  });

  it("that cannot be asked is a line in the log, and no more", async (t) => {
    const { cli, account, logLines } = startCli(t, "crashes-at-boot");
    await cli.ask("fake");
    assert.equal(account.loggedIn, undefined);
    assert.match(logLines.join("\n"), /warn the CLI did not tell what it serves error=cli_failed ended="exit code 3"$/mu);
  });

  it("keeps the operator's aliases, whatever it tells", async (t) => {
    const { cli, models } = startCli(t, "answers", { aliases: [{ name: "o3", model: "opus", effort: "high" }] });
    await cli.ask("fake");
    assert.deepEqual(models.resolve("o3"), { model: "opus", effort: "high" });
  });

  it("tells of its window, and the log only of a change", (t) => {
    const { account, logLines } = startCli(t, "answers");
    const info = { status: "allowed", resetsAt: Math.ceil(Date.now() / 1000) + 60, rateLimitType: "five_hour", utilization: 0.1 };
    for (const [status, utilization] of [["allowed", 0.1], ["allowed", 0.2], ["rejected", 1]] as const) account.noteRateLimit({ ...info, status, utilization });
    assert.deepEqual(account.rateLimit, { ...info, status: "rejected", utilization: 1 });
    assert.deepEqual(logLines.map((line) => line.replace(/^\S+ /u, "")), ["info the subscription's window changed status=allowed window=five_hour", "info the subscription's window changed status=rejected window=five_hour"]);
  });
});

it("a window that is over is not told of any more", (t) => {
  const clock = new HandClock(1_000_000);
  const { account } = startCli(t, "answers", { world: { ...realWorld, clock } });
  const info = { status: "rejected", resetsAt: 1_060, rateLimitType: "five_hour", utilization: 1 };
  account.noteRateLimit(info);
  clock.pass(59_999);
  assert.deepEqual(account.rateLimit, info);
  clock.pass(1);
  assert.equal(account.rateLimit, undefined);
  account.noteRateLimit({ ...info, resetsAt: undefined });
  assert.notEqual(account.rateLimit, undefined, "one that tells no end has none");
});

/** As `/health` counts processes where there is none. */
const none = { booting: 0, probed: 0, running: 0, warm: 0, resting: 0, parked: 0, ending: 0 };
const free = { name: "warm", conversation: {} as Conversation, rehearsed: undefined } as const;

describe("its processes", () => {
  it("run in one empty folder, with one for their temporary files", { skip: onlyLinux }, async (t) => {
    const { processes, launch, close } = startCli(t, "answers", { environment: { ...platformEnvironment(), MADE_UP: "1" } });
    const [first, second] = [await launch("fake", never), await launch("opus", never)];
    assert.deepEqual([first.model, second.model, processes.size], ["fake", "opus", 2]);
    const [one, other] = [environmentOf(first.pid ?? 0), environmentOf(second.pid ?? 0)];
    assert.equal(one["MADE_UP"], "1");
    const temporary = one["CLAUDE_CODE_TMPDIR"] ?? "";
    assert.equal(temporary, other["CLAUDE_CODE_TMPDIR"]);
    assert.deepEqual([readdirSync(temporary), readdirSync(join(dirname(temporary), "empty"))], [[], []]);
    await first.end();
    assert.equal(processes.size, 1);
    await close();
    assert.equal(existsSync(dirname(temporary)), false);
  });

  it("count from the moment that they are asked for", async (t) => {
    const { processes, launch } = startCli(t, "answers");
    const launches = [launch("fake", never), launch("fake", never)];
    assert.equal(processes.size, 2);
    await Promise.all(launches);
    assert.equal(processes.size, 2);
  });

  it("are never more than the cap: a launch waits for one that ends, and has a free one ended only where none is", { skip: onlyPosix }, async (t) => {
    const live = countLiveProcesses(t);
    const { processes } = startCli(t, "ignores-sigterm", { maxProcesses: 2 });
    const lease = (): Promise<OwnedProcess> => processes.lease("turn", "fake", never);
    const [first, second] = [await lease(), await lease()];
    processes.end(first);
    const third = lease();
    processes.release(second, free);
    assert.deepEqual([second.use, processes.shortage, processes.room], [free, 0, 0]);
    assert.equal(await processes.lease("warm", "fake"), undefined);
    const fourth = lease();
    assert.deepEqual([second.use.name, processes.shortage], ["ending", 0]);
    await Promise.all([third, fourth]);
    await nextRound();
    assert.deepEqual([live.most, live.now, processes.size], [2, 2, 2]);
  });

  it("that end of themselves count as ending: no other is ended beside them", { skip: onlyPosix }, async (t) => {
    const { processes } = startCli(t, "hangs", { maxProcesses: 2 });
    const lease = (): Promise<OwnedProcess> => processes.lease("turn", "fake", never);
    const [first, second] = [await lease(), await lease()];
    processes.release(second, free);
    first.process.work();
    // As when its pipe breaks: its owner has not asked for it.
    (first.process as ClaudeProcess).kill();
    const third = lease();
    assert.deepEqual([second.use, processes.shortage], [free, 0]);
    await third;
    assert.equal(processes.size, 2);
  });

  it("are not started for a client that left, also while its slot was waited for", async (t) => {
    const { processes, launch } = startCli(t, "answers", { maxProcesses: 1 });
    await assert.rejects(launch("fake", AbortSignal.abort()), { code: "client_closed" });
    const only = await launch("fake", never);
    const leaving = new AbortController();
    const left = assert.rejects(launch("fake", leaving.signal), { code: "client_closed" });
    leaving.abort();
    await left;
    await only.end();
    assert.equal(processes.size, 0);
  });

  it("that are asked what they serve give way to a turn, and leave no line in the log", async (t) => {
    const { cli, processes, account, launch, logLines } = startCli(t, "silent", { maxProcesses: 1 });
    const asked = cli.ask("fake");
    const process = await launch("fake", never);
    await asked;
    assert.deepEqual([logLines, process.state, processes.counts], [[], "booting", { ...none, booting: 1 }]);
    // Where there is no room, it is not asked.
    await cli.ask("fake");
    assert.equal(account.loggedIn, undefined);
  });

  it("that could not be asked, or gave way, are asked when there is room, and not once a turn's has told the same", { skip: onlyPosix }, async (t) => {
    const exits = new EventEmitter();
    const { cli, processes, account, launch } = startCli(t, "answers", {
      // A login that is not in a folder is not looked for in another.
      environment: { ...platformEnvironment(), CLAUDE_CODE_OAUTH_TOKEN: "made-up" },
      maxProcesses: 1,
    });
    processes.watch({ onExit: () => exits.emit("exit") });
    const live = countLiveProcesses(t);
    // The first gives way, the second has no room.
    const asked = cli.ask("fake");
    const first = await launch("fake", never);
    await asked;
    await cli.ask("fake");
    assert.equal(account.loggedIn, undefined);
    void first.end();
    await once(exits, "exit");
    await once(exits, "exit");
    assert.deepEqual([account.loggedIn, live.started], [true, 3]);
    const second = await launch("fake", never);
    await cli.ask("fake");
    void cli.learn({ models: [], loggedIn: false, knowsEmail: false }, second);
    await second.end();
    await nextRound();
    assert.deepEqual([account.loggedIn, live.started, processes.size], [false, 4, 0]);
  });

  it("get the user's configuration where the login is in that alone: the log warns of it, once", async (t) => {
    const { cli, account, launch, logLines } = startCli(t, "login-in-configuration");
    const earlier = await launch("fake", never);
    await cli.ask("fake");
    assert.equal(account.loggedIn, true);
    // One of before, with the server's configuration, answers late.
    await cli.learn({ models: [], loggedIn: false, knowsEmail: false }, earlier);
    assert.equal(account.loggedIn, true);
    await cli.ask("fake");
    const warnings = logLines.filter((line) => line.includes("warn the CLI is logged in only with the user's own"));
    assert.equal(warnings.length, 1);
  });

  it("keep the server's configuration where one of them was logged in", async (t) => {
    const started = startCli(t, "answers");
    const { cli, account, launch } = started;
    const [first, second] = [await launch("fake", never), await launch("fake", never)];
    await cli.learn({ models: [], loggedIn: true, knowsEmail: false }, first);
    await cli.learn({ models: [], loggedIn: false, knowsEmail: false }, second);
    assert.deepEqual([account.loggedIn, started.processes.generation, started.logLines], [false, 0, []]);
  });

  it("are ended by a close, which waits for the last and is told to who has them", async (t) => {
    const { processes, launch, close } = startCli(t, "hangs");
    const started = [await launch("fake", never), await launch("fake", never)];
    const witnesses = started.map((one) => {
      const witness = new Witness();
      one.attach(witness);
      return witness;
    });
    await close();
    assert.deepEqual(witnesses.map(({ failures }) => failures.map(({ code }) => code)), [["shutting_down"], ["shutting_down"]]);
    assert.deepEqual([processes.size, ...started.map(({ pid }) => isRunning(pid ?? 0))], [0, false, false]);
    await assert.rejects(launch("fake", never), { code: "shutting_down" });
    assert.equal(processes.size, 0);
    await close();
  });

  it("end at once when it is in a hurry", { skip: onlyPosix }, async (t) => {
    const { launch, kill } = startCli(t, "ignores-sigterm");
    const one = await launch("fake", never);
    const witness = new Witness();
    one.attach(witness);
    kill();
    assert.match((await witness.failure()).message, /signal SIGKILL/u);
  });

  it("are not started any more when it is in a hurry, not even one that was asked for before", async (t) => {
    const { processes, launch, kill } = startCli(t, "answers");
    const launched = assert.rejects(launch("fake", never), { code: "shutting_down" });
    kill();
    await launched;
    assert.equal(processes.size, 0);
  });

  it("have a new folder when theirs was removed: one for all, and nothing of either is left at the end", { skip: onlyLinux }, async (t) => {
    const { launch, close, logLines } = startCli(t, "answers", { maxProcesses: 16 });
    const folderOf = ({ pid }: { readonly pid: number | undefined }): string => dirname(environmentOf(pid ?? 0)["CLAUDE_CODE_TMPDIR"] ?? "");
    const first = folderOf(await launch("fake", never));
    for (const place of ["empty", "tmp", "."]) {
      const before = folderOf(await launch("fake", never));
      rmSync(join(before, place), { recursive: true });
      const both = (await Promise.all([launch("fake", never), launch("fake", never)])).map(folderOf);
      assert.equal(both[0], both[1], place);
      assert.notEqual(both[0], before, place);
      assert.deepEqual([readdirSync(join(both[0] ?? "", "empty")), readdirSync(join(both[0] ?? "", "tmp"))], [[], []]);
    }
    assert.equal(logLines.filter((line) => line.includes("warn the temporary folder was removed by another program")).length, 3);
    const last = folderOf(await launch("fake", never));
    await close();
    assert.deepEqual([existsSync(first), existsSync(last)], [false, false]);
  });

  it("have no folder left when it was removed as they were closed", async (t) => {
    const folder = await temporaryFolder(t);
    const { launch, close } = startCli(t, "answers");
    withTemporary(t, folder);
    await (await launch("fake", never)).end();
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
    const launched = assert.rejects(launch("fake", never), { code: "shutting_down" });
    await close();
    await launched;
    assert.deepEqual(readdirSync(folder), []);
  });

  it("cannot be started without a folder, and can when there is room again", { skip: onlyPosix }, async (t) => {
    const { cli, processes, launch } = startCli(t, "answers");
    const folder = await temporaryFolder(t);
    withTemporary(t, join(folder, "missing"));
    await assert.rejects(launch("fake", never), { code: "internal", message: /temporary folder/u });
    assert.equal(processes.size, 0);
    const { installation } = cli;
    assert.match(installation?.kind === "unusable" ? installation.message : "", /temporary folder.*ENOENT/u);
    process.env["TMPDIR"] = folder;
    await (await launch("fake", never)).end();
    assert.equal(cli.installation, undefined, "it was not looked for yet");
  });
});

/** Turns by an engine on made-up CLIs: how they run and fail, how many at once, and how an engine closes. */
import assert from "node:assert/strict";
import { existsSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { runningFakes } from "../support/fake-claude.ts";
import { argumentsOf, environmentOf, waitUntilGone } from "../support/processes.ts";
import { platformEnvironment } from "../support/real-claude.ts";
import { begin, goneWithinMs, startEngine, until } from "../support/started-engine.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { collect, errorOf, summaryOf } from "../support/turn-events.ts";
import { ask, assistant, never, systemOf, user } from "../support/turns.ts";

const onlyLinux = process.platform === "linux" ? false : "needs /proc";
const onlyPosix = process.platform === "win32" ? "a script is no executable there" : false;

describe("a turn", () => {
  it("runs on a process of its own, which is gone after it", async (t) => {
    const { engine } = startEngine(t, "answers");
    const { events, error } = await collect(engine.run(ask("WORDS 3"), never));
    assert.equal(error, undefined);
    assert.deepEqual([summaryOf(events).text, summaryOf(events).stopReason], ["w0 w1 w2 ", "end_turn"]);
    await Promise.all(runningFakes("answers").map((pid) => waitUntilGone(pid, goneWithinMs)));
    const { runningTurns, waitingTurns, installation, loggedIn } = engine.status;
    assert.deepEqual([runningTurns, waitingTurns, installation, loggedIn], [0, 0, { kind: "found", version: "2.1.330" }, true]);
  });

  it("shows nothing of the prompt in the process's arguments or environment, nor in the log", { skip: onlyLinux }, async (t) => {
    const { engine, logLines } = startEngine(t, "hangs");
    const turn = { ...ask("secret prompt", { system: systemOf("secret system") }), messages: [user("secret past"), assistant("secret answer"), user("secret prompt")] };
    const { batches } = await begin(engine, turn);
    const [pid = 0] = runningFakes("hangs");
    assert.doesNotMatch(JSON.stringify([argumentsOf(pid), environmentOf(pid)]), /secret/u);
    await batches.return();
    assert.doesNotMatch(logLines.join("\n"), /secret/u);
  });

  it("runs in an empty folder that is removed at the end", { skip: onlyLinux }, async (t) => {
    const { engine } = startEngine(t, "hangs");
    const { batches } = await begin(engine, ask("hi"));
    const [pid = 0] = runningFakes("hangs");
    const folder = readlinkSync(`/proc/${pid}/cwd`);
    assert.match(folder, /claude-max-api-/u);
    await batches.return();
    await engine.close(0);
    assert.equal(existsSync(folder), false);
  });

  for (const [name, kind, words] of [
    ["dies-midway", "cli_failed", /exit code 7/u],
    ["crashes-at-boot", "cli_failed", /exit code 3/u],
    ["refuses-initialize", "cli_failed", /refused initialize/u],
    ["logged-out", "not_logged_in", /Not logged in/u],
    ["old-version", "cli_unavailable", /2\.1\.119 is too old.*claude update/u],
    ["no-version", "cli_unavailable", /did not answer with a version/u],
  ] as const) {
    it(`on a CLI like ${name} fails, and the next is not hindered`, async (t) => {
      const { engine } = startEngine(t, name, { maxProcesses: 1 });
      for (let attempt = 0; attempt < 2; attempt++) {
        const error = await errorOf(engine.run(ask("hi"), never));
        assert.equal(error.code, kind);
        assert.match(error.message, words);
      }
      assert.equal(engine.status.runningTurns, 0);
    });
  }

  it("whose new process dies before it has begun is given to another, once", async (t) => {
    const environment = { ...platformEnvironment(), DIED: join(await temporaryFolder(t), "died") };
    const { engine, logLines } = startEngine(t, "dies-once", { environment, maxProcesses: 1 });
    const { events, error } = await collect(engine.run(ask("hi"), never));
    assert.deepEqual([error, summaryOf(events).text], [undefined, "this is it"]);
    assert.equal(logLines.filter((line) => line.includes("its turn goes to another waited=false")).length, 1);
  });

  for (const [name, what, others] of [
    ["crashes-at-boot", "every process dies", 1],
    ["dies-midway", "its process died in the middle", 0],
    ["refuses-initialize", "the CLI refuses", 0],
  ] as const) {
    it(`that fails because ${what} is tried on ${others === 0 ? "no other process" : "one other process"}`, async (t) => {
      const { engine, logLines } = startEngine(t, name);
      assert.equal((await errorOf(engine.run(ask("hi"), never))).code, "cli_failed");
      assert.equal(logLines.filter((line) => line.includes("its turn goes to another")).length, others);
    });
  }

  it("on a CLI that falls silent ends in time, and so does the process", async (t) => {
    const { engine } = startEngine(t, "hangs", { silenceMsMax: 300 });
    assert.equal((await errorOf(engine.run(ask("hi"), never))).code, "turn_timeout");
    await Promise.all(runningFakes("hangs").map((pid) => waitUntilGone(pid, goneWithinMs)));
  });
});

describe("the limits", () => {
  it("hold: so many run, so many wait, one more is turned away", async (t) => {
    const { engine } = startEngine(t, "hangs", { maxProcesses: 2, maxQueue: 1 });
    const running = [await begin(engine, ask("a")), await begin(engine, ask("b"))];
    const waiting = begin(engine, ask("c"));
    assert.equal((await errorOf(engine.run(ask("d"), never))).code, "server_busy");
    assert.deepEqual([engine.status.runningTurns, engine.status.waitingTurns, runningFakes("hangs").length], [2, 1, 2]);
    await running[0]?.batches.return();
    const { batches } = await waiting;
    assert.deepEqual([engine.status.runningTurns, engine.status.waitingTurns], [2, 0]);
    await batches.return();
    await running[1]?.batches.return();
  });

  it("count a client that left: running or waiting, its place is free at once", async (t) => {
    const { engine } = startEngine(t, "hangs", { maxProcesses: 1, maxQueue: 1 });
    const left = new AbortController();
    const { batches } = await begin(engine, ask("a"), left.signal);
    const leftWaiting = new AbortController();
    const waiting = errorOf(engine.run(ask("b"), leftWaiting.signal));
    leftWaiting.abort();
    assert.equal((await waiting).code, "client_closed");
    left.abort();
    await assert.rejects(async () => {
      for await (const batch of batches) assert.ok(batch.length > 0, "a batch has events");
    }, { code: "client_closed" });
    assert.deepEqual([engine.status.runningTurns, engine.status.waitingTurns], [0, 0]);
    await (await begin(engine, ask("c"))).batches.return();
  });
});

describe("closing", () => {
  it("lets a running answer finish within its grace, and turns others away", async (t) => {
    const { engine } = startEngine(t, "bursts");
    const { batches, events } = await begin(engine, ask("hi"));
    const closed = engine.close(60_000);
    assert.equal((await errorOf(engine.run(ask("late"), never))).code, "shutting_down");
    for await (const batch of batches) events.push(...batch);
    assert.equal(summaryOf(events).stopReason, "end_turn");
    await closed;
    assert.deepEqual(runningFakes("bursts"), []);
  });

  it("ends what runs longer, and its client is told why", async (t) => {
    const { engine } = startEngine(t, "hangs");
    const { batches } = await begin(engine, ask("hi"));
    const failing = errorOf(batches);
    await engine.close(10);
    assert.equal((await failing).code, "shutting_down");
    assert.deepEqual([runningFakes("hangs"), engine.status.processes.all], [[], 0]);
  });

  it("waits for a process that holds on to life", { skip: onlyPosix }, async (t) => {
    const { engine } = startEngine(t, "ignores-sigterm", { silenceMsMax: 300 });
    assert.equal((await errorOf(engine.run(ask("hi"), never))).code, "turn_timeout");
    await engine.close(0);
    assert.deepEqual(runningFakes("ignores-sigterm"), []);
  });

  it("of an engine that never ran is done at once", async (t) => {
    await startEngine(t, "answers").engine.close(60_000);
  });

  it("in a hurry ends every process at once", { skip: onlyPosix }, async (t) => {
    const { engine } = startEngine(t, "ignores-sigterm");
    const failing = errorOf(engine.run(ask("hi"), never));
    // Not the one that was asked for its version.
    await until(() => engine.status.installation !== undefined && runningFakes("ignores-sigterm").length === 1);
    engine.kill();
    assert.match((await failing).message, /signal SIGKILL/u);
    await Promise.all(runningFakes("ignores-sigterm").map((pid) => waitUntilGone(pid, goneWithinMs)));
  });
});

it("an engine tells when it has come to rest", async (t) => {
  const rests: number[] = [];
  const { engine } = startEngine(t, "answers", { onRest: () => rests.push(engine.status.runningTurns) });
  await collect(engine.run(ask("WORDS 1"), never));
  await collect(engine.run(ask("WORDS 1"), never));
  assert.deepEqual(rests, []);
  await until(() => rests.length > 0);
  assert.deepEqual(rests, [0]);
});

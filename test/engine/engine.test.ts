import assert from "node:assert/strict";
import { copyFileSync, existsSync, readlinkSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import type { Command } from "../../src/claude/launch.ts";
import { Engine, type EngineOptions } from "../../src/engine/engine.ts";
import type { BridgeError } from "../../src/errors.ts";
import { createLogger } from "../../src/log.ts";
import type { Message, Turn, TurnEvent } from "../../src/turn.ts";
import { fakeClaude, fakeClaudePath, runningFakes } from "../support/fake-claude.ts";
import { argumentsOf, environmentOf, waitUntilGone } from "../support/processes.ts";
import { platformEnvironment } from "../support/real-claude.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { collect, summaryOf } from "../support/turn-events.ts";
import { ask, assistant, never, turnOf, user } from "../support/turns.ts";

const onlyLinux = process.platform === "linux" ? false : "needs /proc";
const onlyPosix = process.platform === "win32" ? "a script is no executable there" : false;
const goneWithinMs = 5_000;
const statusWaitMsMax = 5_000;

interface StartedEngine {
  readonly engine: Engine;
  readonly logLines: readonly string[];
}

/** An engine that keeps no process warm and none alive, unless asked to; closed after the test, when every process must be gone. */
function startEngine(t: TestContext, fake: string | Command, options: Partial<EngineOptions> = {}): StartedEngine {
  const logLines: string[] = [];
  const engine = new Engine({
    command: typeof fake === "string" ? fakeClaude(fake) : fake, environment: platformEnvironment(), defaultModel: "opus", aliases: [], maxProcesses: 4, maxQueue: 4,
    warm: 0, conversationIdleMsMax: 0, silenceMsMax: 20_000, log: createLogger("debug", (line) => logLines.push(line)), ...options,
  });
  t.after(async () => {
    await engine.close(0);
    if (typeof fake === "string") assert.deepEqual(runningFakes(fake), [], `${fake} is gone after the test`);
  });
  return { engine, logLines };
}

/** A turn that is pulled by hand, up to its first text. */
async function begin(engine: Engine, turn: Turn, signal: AbortSignal = never) {
  const batches = engine.run(turn, signal);
  const events: TurnEvent[] = [];
  while (!events.some(({ type }) => type === "text")) {
    const { value, done } = await batches.next();
    if (done === true) throw new Error("the turn ended before its first text");
    events.push(...value);
  }
  return { batches, events };
}

/** For what the engine tells by its status alone: of a warm process, or one that died, there is no event. */
async function until(holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + statusWaitMsMax;
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error(`not so after ${statusWaitMsMax} ms: ${String(holds)}`);
    await new Promise(setImmediate);
  }
}

async function errorOf(batches: AsyncIterable<readonly TurnEvent[]>): Promise<BridgeError> {
  const { error } = await collect(batches);
  return error as BridgeError;
}

describe("a turn", () => {
  it("runs on a process of its own, which is gone after it", async (t) => {
    const { engine } = startEngine(t, "answers");
    const { events, error } = await collect(engine.run(ask("WORDS 3"), never));
    assert.equal(error, undefined);
    assert.deepEqual([summaryOf(events).text, summaryOf(events).finish], ["w0 w1 w2 ", "stop"]);
    await Promise.all(runningFakes("answers").map((pid) => waitUntilGone(pid, goneWithinMs)));
    const { runningTurns, waitingTurns, installation, loggedIn } = engine.status;
    assert.deepEqual([runningTurns, waitingTurns, installation, loggedIn], [0, 0, { kind: "found", version: "2.1.330" }, true]);
  });

  it("shows nothing of the prompt in the process's arguments or environment, nor in the log", { skip: onlyLinux }, async (t) => {
    const { engine, logLines } = startEngine(t, "hangs");
    const turn = { ...ask("secret prompt", { system: "secret system" }), messages: [user("secret past"), assistant("secret answer"), user("secret prompt")] };
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
        assert.equal(error.kind, kind);
        assert.match(error.message, words);
      }
      assert.equal(engine.status.runningTurns, 0);
    });
  }

  it("on a CLI that falls silent ends in time, and so does the process", async (t) => {
    const { engine } = startEngine(t, "hangs", { silenceMsMax: 300 });
    assert.equal((await errorOf(engine.run(ask("hi"), never))).kind, "turn_timeout");
    await Promise.all(runningFakes("hangs").map((pid) => waitUntilGone(pid, goneWithinMs)));
  });
});

describe("a CLI", () => {
  it("that is missing is told as such, and found once it was installed", { skip: onlyPosix }, async (t) => {
    const folder = await temporaryFolder(t);
    const file = join(folder, "claude.mjs");
    const { engine } = startEngine(t, { file, leadingArguments: [] });
    const error = await errorOf(engine.run(ask("hi"), never));
    assert.equal(error.kind, "cli_unavailable");
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
    await until(() => engine.status.processes === 0);
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
    assert.match(logLines.join("\n"), /warn the CLI did not tell what it serves reason=.*exit code 3/u);
  });

  it("of an unusable CLI starts no process", async (t) => {
    const { engine } = startEngine(t, "old-version");
    assert.equal((await engine.discover()).kind, "unusable");
    assert.equal(engine.status.processes, 0);
  });
});

describe("a model's name", () => {
  it("that only the CLI knows is known as soon as it has told", async (t) => {
    const { engine } = startEngine(t, "answers");
    void engine.discover();
    assert.deepEqual(await engine.resolveModel("fake"), { model: "fake" });
    assert.deepEqual(await engine.resolveModel("claude-opus-4"), { model: "opus" });
  });

  it("that nobody knows is refused with those that are served, and not echoed at length", async (t) => {
    const { engine } = startEngine(t, "answers");
    await assert.rejects(engine.resolveModel(`gpt-${"x".repeat(1_000)}`), (error) => {
      const { kind, param, message } = error as BridgeError;
      assert.deepEqual([kind, param], ["model_not_found", "model"]);
      assert.match(message, /claude-opus-4, .*haiku/u);
      assert.ok(message.length < 500, String(message.length));
      return true;
    });
  });
});

describe("the limits", () => {
  it("hold: so many run, so many wait, one more is turned away", async (t) => {
    const { engine } = startEngine(t, "hangs", { maxProcesses: 2, maxQueue: 1 });
    const running = [await begin(engine, ask("a")), await begin(engine, ask("b"))];
    const waiting = begin(engine, ask("c"));
    assert.equal((await errorOf(engine.run(ask("d"), never))).kind, "server_busy");
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
    assert.equal((await waiting).kind, "client_closed");
    left.abort();
    await assert.rejects(async () => {
      for await (const batch of batches) assert.ok(batch.length > 0, "a batch has events");
    }, { kind: "client_closed" });
    assert.deepEqual([engine.status.runningTurns, engine.status.waitingTurns], [0, 0]);
    await (await begin(engine, ask("c"))).batches.return();
  });
});

describe("closing", () => {
  it("lets a running answer finish within its grace, and turns others away", async (t) => {
    const { engine } = startEngine(t, "bursts");
    const { batches, events } = await begin(engine, ask("hi"));
    const closed = engine.close(60_000);
    assert.equal((await errorOf(engine.run(ask("late"), never))).kind, "shutting_down");
    for await (const batch of batches) events.push(...batch);
    assert.equal(summaryOf(events).finish, "stop");
    await closed;
    assert.deepEqual(runningFakes("bursts"), []);
  });

  it("ends what runs longer, and its client is told why", async (t) => {
    const { engine } = startEngine(t, "hangs");
    const { batches } = await begin(engine, ask("hi"));
    const failing = errorOf(batches);
    await engine.close(10);
    assert.equal((await failing).kind, "shutting_down");
    assert.deepEqual([runningFakes("hangs"), engine.status.processes], [[], 0]);
  });

  it("waits for a process that holds on to life", { skip: onlyPosix }, async (t) => {
    const { engine } = startEngine(t, "ignores-sigterm", { silenceMsMax: 300 });
    assert.equal((await errorOf(engine.run(ask("hi"), never))).kind, "turn_timeout");
    await engine.close(0);
    assert.deepEqual(runningFakes("ignores-sigterm"), []);
  });

  it("of an engine that never ran is done at once", async (t) => {
    await startEngine(t, "answers").engine.close(60_000);
  });

  it("in a hurry ends every process at once", { skip: onlyPosix }, async (t) => {
    const { engine } = startEngine(t, "ignores-sigterm");
    const failing = errorOf(engine.run(ask("hi"), never));
    await until(() => engine.status.processes === 1);
    engine.kill();
    assert.match((await failing).message, /signal SIGKILL/u);
    await Promise.all(runningFakes("ignores-sigterm").map((pid) => waitUntilGone(pid, goneWithinMs)));
  });
});

describe("a conversation", () => {
  const keep = { conversationIdleMsMax: 60_000 };

  /** What the process of echo-history was told in all, after one more turn. */
  async function toldAfter(engine: Engine, messages: readonly Message[], more: Partial<Turn> = {}): Promise<{ readonly count: number; readonly answer: string }> {
    const { events, error } = await collect(engine.run(turnOf({ messages, ...more }), never));
    assert.equal(error, undefined);
    const answer = summaryOf(events).text;
    return { count: (JSON.parse(answer) as unknown[]).length, answer };
  }

  it("goes on with its process, which is told only the new message", async (t) => {
    const { engine } = startEngine(t, "echo-history", keep);
    const first = await toldAfter(engine, [user("one")]);
    assert.equal(first.count, 2);
    const second = await toldAfter(engine, [user("one"), assistant(first.answer), user("two")]);
    assert.equal(second.count, 3);
    const third = await toldAfter(engine, [user("one"), assistant(first.answer), user("two"), assistant(`\n ${second.answer} `), user("three")]);
    assert.equal(third.count, 4);
    assert.deepEqual([engine.status.reuse.hit, engine.status.reuse.first_message, engine.status.restingConversations], [2, 1, 1]);
    assert.equal(runningFakes("echo-history").length, 1);
  });

  for (const [what, turn] of [
    ["another answer", (answer: string) => ({ messages: [user("one"), assistant(`${answer}!`), user("two")] })],
    ["another question", (answer: string) => ({ messages: [user("one!"), assistant(answer), user("two")] })],
    ["another system prompt", (answer: string) => ({ messages: [user("one"), assistant(answer), user("two")], system: "other" })],
    ["another model", (answer: string) => ({ messages: [user("one"), assistant(answer), user("two")], model: "other" })],
    ["another token limit", (answer: string) => ({ messages: [user("one"), assistant(answer), user("two")], maxOutputTokens: 5_000 })],
  ] as const) {
    it(`with ${what} is another one: replayed on a fresh process`, async (t) => {
      const { engine } = startEngine(t, "echo-history", keep);
      const first = await toldAfter(engine, [user("one")]);
      const { messages, ...more } = turn(first.answer) as { messages: Message[] } & Partial<Turn>;
      const second = await toldAfter(engine, messages, more);
      // initialize, perhaps the limit, the history and its acknowledgement, the question.
      assert.equal(second.count, more.maxOutputTokens === undefined ? 5 : 6);
      assert.deepEqual([engine.status.reuse.hit, engine.status.reuse.unknown_history], [0, 1]);
    });
  }

  it("that was regenerated is replayed: the process that has seen the answer is not asked again", async (t) => {
    const { engine } = startEngine(t, "echo-history", keep);
    await toldAfter(engine, [user("one")]);
    const again = await toldAfter(engine, [user("one")]);
    assert.equal(again.count, 2);
    assert.equal(engine.status.restingConversations, 2);
  });

  it("whose turn was left is not gone on with", async (t) => {
    const { engine } = startEngine(t, "hangs", keep);
    const { batches } = await begin(engine, ask("hi"));
    await batches.return();
    assert.equal(engine.status.restingConversations, 0);
    await Promise.all(runningFakes("hangs").map((pid) => waitUntilGone(pid, goneWithinMs)));
  });

  it("that was cut at its token limit is not gone on with", async (t) => {
    const { engine } = startEngine(t, "runs-on", keep);
    const { events } = await collect(engine.run(ask("hi"), never));
    assert.equal(summaryOf(events).finish, "length");
    assert.equal(engine.status.restingConversations, 0);
  });

  it("that is asked twice at once has its process only once", async (t) => {
    const { engine } = startEngine(t, "answers", keep);
    await collect(engine.run(ask("WORDS 1"), never));
    const next = { ...ask(""), messages: [user("WORDS 1"), assistant("w0"), user("WORDS 2")] };
    const both = await Promise.all([collect(engine.run(next, never)), collect(engine.run(next, never))]);
    assert.deepEqual(both.map(({ events }) => summaryOf(events).text), ["w0 w1 ", "w0 w1 "]);
    assert.deepEqual([engine.status.reuse.hit, engine.status.reuse.in_use], [1, 1]);
  });

  it("that rests for too long ends, and is told apart from one that never was", async (t) => {
    const { engine } = startEngine(t, "answers", { conversationIdleMsMax: 20 });
    await collect(engine.run(ask("WORDS 1"), never));
    await Promise.all(runningFakes("answers").map((pid) => waitUntilGone(pid, goneWithinMs)));
    assert.equal(engine.status.restingConversations, 0);
    await collect(engine.run({ ...ask(""), messages: [user("WORDS 1"), assistant("w0"), user("WORDS 1")] }, never));
    assert.equal(engine.status.reuse.idle_time, 1);
  });

  it("whose process died is replayed", async (t) => {
    const { engine } = startEngine(t, "answers", keep);
    await collect(engine.run(ask("WORDS 1"), never));
    const [pid = 0] = runningFakes("answers");
    process.kill(pid, "SIGKILL");
    await until(() => engine.status.restingConversations === 0);
    const { events, error } = await collect(engine.run({ ...ask(""), messages: [user("WORDS 1"), assistant("w0"), user("WORDS 2")] }, never));
    assert.deepEqual([error, summaryOf(events).text, engine.status.reuse.process_ended], [undefined, "w0 w1 ", 1]);
  });

  it("whose process is just dying is replayed too", async (t) => {
    const { engine } = startEngine(t, "answers", keep);
    await collect(engine.run(ask("WORDS 1"), never));
    const [pid = 0] = runningFakes("answers");
    process.kill(pid, "SIGKILL");
    const { events, error } = await collect(engine.run({ ...ask(""), messages: [user("WORDS 1"), assistant("w0"), user("WORDS 2")] }, never));
    assert.deepEqual([error, summaryOf(events).order, summaryOf(events).text], [undefined, "start text finish", "w0 w1 "]);
  });

  it("makes room for another when all places are taken by those that rest", async (t) => {
    const { engine } = startEngine(t, "answers", { ...keep, maxProcesses: 2 });
    for (const text of ["WORDS 1", "WORDS 2", "WORDS 3"]) assert.equal((await collect(engine.run(ask(text), never))).error, undefined);
    assert.equal(engine.status.restingConversations, 2);
    // The least recently used one went.
    await collect(engine.run({ ...ask(""), messages: [user("WORDS 1"), assistant("w0"), user("WORDS 1")] }, never));
    assert.equal(engine.status.reuse.evicted, 1);
  });
});

describe("a warm process", () => {
  const isWarm = (engine: Engine, count: number): Promise<void> => until(() => engine.status.warmProcesses === count);

  it("is up before the first turn, has been told nothing, and is replaced when it is taken", async (t) => {
    const { engine } = startEngine(t, "echo-history", { warm: 1, defaultModel: "opus" });
    await engine.discover();
    await isWarm(engine, 1);
    const before = runningFakes("echo-history");
    const { events } = await collect(engine.run(ask("hi", { model: "opus" }), never));
    assert.equal((JSON.parse(summaryOf(events).text) as unknown[]).length, 2);
    await isWarm(engine, 1);
    assert.notDeepEqual(runningFakes("echo-history"), before);
  });

  it("of one model is not given to another", async (t) => {
    const { engine } = startEngine(t, "answers", { warm: 1, defaultModel: "opus" });
    await engine.discover();
    await isWarm(engine, 1);
    const [warm] = runningFakes("answers");
    const { error } = await collect(engine.run(ask("WORDS 1", { model: "haiku" }), never));
    assert.equal(error, undefined);
    assert.ok(runningFakes("answers").includes(warm ?? 0), "the warm one still waits");
  });

  it("makes room for a turn when the cap is reached", async (t) => {
    const { engine } = startEngine(t, "answers", { warm: 2, maxProcesses: 2, defaultModel: "opus" });
    await engine.discover();
    const { error } = await collect(engine.run(ask("WORDS 1", { model: "haiku" }), never));
    assert.equal(error, undefined);
  });

  it("that refuses its conversation is ended, and so is the one that was tried in its place", async (t) => {
    const { engine } = startEngine(t, "refuses-initialize", { warm: 1 });
    await engine.discover();
    await isWarm(engine, 1);
    assert.equal((await errorOf(engine.run(ask("hi", { model: "opus" }), never))).kind, "cli_failed");
    await until(() => engine.status.processes === engine.status.warmProcesses);
  });

  it("that crashes at boot is tried again later, not at once and for ever", async (t) => {
    const { engine, logLines } = startEngine(t, "crashes-at-boot", { warm: 1 });
    await engine.discover();
    await isWarm(engine, 0);
    assert.ok(logLines.filter((line) => line.includes("ended before it was used")).length <= 1, logLines.join("\n"));
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

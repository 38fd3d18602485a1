import assert from "node:assert/strict";
import { copyFileSync, existsSync, readlinkSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { Engine } from "../../src/engine/engine.ts";
import { BridgeError } from "../../src/errors.ts";
import type { TurnEvent } from "../../src/turn/event.ts";
import type { Message } from "../../src/turn/message.ts";
import type { Turn } from "../../src/turn/turn.ts";
import { fakeClaudePath, runningFakes } from "../support/fake-claude.ts";
import { begin, goneWithinMs, startEngine, until, restingIn } from "../support/started-engine.ts";
import { argumentsOf, environmentOf, waitUntilGone } from "../support/processes.ts";
import { startPuppeteer } from "../support/puppeteer.ts";
import { platformEnvironment } from "../support/real-claude.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { callsIn, collect, collectUnchecked, summaryOf } from "../support/turn-events.ts";
import { ask, assistant, callsOf, never, resultsOf, systemOf, tool, turnOf, user } from "../support/turns.ts";

const onlyLinux = process.platform === "linux" ? false : "needs /proc";
const onlyPosix = process.platform === "win32" ? "a script is no executable there" : false;
async function errorOf(batches: AsyncIterable<readonly TurnEvent[]>): Promise<BridgeError> {
  const { error } = await collect(batches);
  return error as BridgeError;
}

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
    assert.deepEqual([engine.status.turns.wentOn, engine.status.turns.told.first_message, restingIn(engine)], [2, 1, 1]);
    assert.equal(runningFakes("echo-history").length, 1);
  });

  it("has the messages completed that its process is told, and no others", async (t) => {
    const { engine } = startEngine(t, "echo-history", keep);
    const asked: (readonly Message[])[] = [];
    const complete = (messages: readonly Message[]): Promise<readonly Message[]> => {
      asked.push(messages);
      return Promise.resolve(messages.map((message) => (message.role === "user" ? user("completed") : message)));
    };
    const run = async (messages: readonly Message[]): Promise<string> => {
      assert.deepEqual(engine.messagesToTell(turnOf({ messages })), messages.slice(messages.length > 1 ? 2 : 0));
      const { events, error } = await collect(engine.run(turnOf({ messages }), never, complete));
      assert.equal(error, undefined);
      return summaryOf(events).text;
    };
    const first = await run([user("one")]);
    assert.match(first, /completed/u);
    const second = await run([user("one"), assistant(first), user("two")]);
    assert.doesNotMatch(second, /"(?:one|two)"/u);
    assert.deepEqual(asked, [[user("one")], [user("two")]]);
    assert.equal(engine.status.turns.wentOn, 1);
  });

  it("rests on, as it was, where what a message refers to cannot be had", async (t) => {
    const { engine } = startEngine(t, "echo-history", keep);
    const first = await toldAfter(engine, [user("one")]);
    const turn = turnOf({ messages: [user("one"), assistant(first.answer), user("two")] });
    const refusal = new BridgeError("invalid_value", "No.", { field: "messages[2]" });
    const refuse = (): Promise<never> => Promise.reject(refusal);
    for (let times = 0; times < 2; times += 1) {
      const { error } = await collect(engine.run(turn, never, refuse));
      assert.deepEqual([error, restingIn(engine), engine.status.runningTurns], [refusal, 1, 0]);
    }
    assert.equal((await toldAfter(engine, turn.messages)).count, 3, "its process was told nothing of it");
    assert.equal(runningFakes("echo-history").length, 1);
  });

  for (const [what, turn] of [
    ["another answer", (answer: string) => ({ messages: [user("one"), assistant(`${answer}!`), user("two")] })],
    ["another question", (answer: string) => ({ messages: [user("one!"), assistant(answer), user("two")] })],
    ["another system prompt", (answer: string) => ({ messages: [user("one"), assistant(answer), user("two")], system: systemOf("other") })],
    ["another model", (answer: string) => ({ messages: [user("one"), assistant(answer), user("two")], model: "other" })],
  ] as const) {
    it(`with ${what} is another one: replayed on a fresh process`, async (t) => {
      const { engine } = startEngine(t, "echo-history", keep);
      const first = await toldAfter(engine, [user("one")]);
      const { messages, ...more } = turn(first.answer) as { messages: Message[] } & Partial<Turn>;
      const second = await toldAfter(engine, messages, more);
      // initialize, the history and its acknowledgement, the question.
      assert.equal(second.count, 5);
      assert.deepEqual([engine.status.turns.wentOn, engine.status.turns.told.unknown_history], [0, 1]);
    });
  }

  it("with another token limit, effort and thinking goes on with its process, which is told them, and told them back", async (t) => {
    const { engine } = startEngine(t, "echo-history", keep);
    const { answer } = await toldAfter(engine, [user("one")]);
    const history = [user("one"), assistant(answer), user("two")];
    const second = await toldAfter(engine, history, { maxTokens: 5_000, effort: "low", thinking: { type: "enabled", budgetTokens: 2_000 } });
    assert.deepEqual([second.count, engine.status.turns.wentOn], [5, 1], "the settings, the thinking, the question");
    const third = await toldAfter(engine, [...history, assistant(second.answer), user("three")]);
    assert.deepEqual([third.count, engine.status.turns.wentOn], [8, 2]);
    const fourth = await toldAfter(engine, [...history, assistant(second.answer), user("three"), assistant(third.answer), user("four")]);
    assert.equal(fourth.count, 9, "the question alone");
  });

  it("that was regenerated is replayed: the process that has seen the answer is not asked again", async (t) => {
    const { engine } = startEngine(t, "echo-history", keep);
    await toldAfter(engine, [user("one")]);
    const again = await toldAfter(engine, [user("one")]);
    assert.equal(again.count, 2);
    assert.equal(restingIn(engine), 2);
  });

  it("whose turn was left is not gone on with", async (t) => {
    const { engine } = startEngine(t, "hangs", keep);
    const { batches } = await begin(engine, ask("hi"));
    await batches.return();
    assert.equal(restingIn(engine), 0);
    await Promise.all(runningFakes("hangs").map((pid) => waitUntilGone(pid, goneWithinMs)));
  });

  it("that was cut at its token limit is not gone on with", async (t) => {
    const { engine } = startEngine(t, "runs-on", keep);
    const { events } = await collect(engine.run(ask("hi"), never));
    assert.equal(summaryOf(events).stopReason, "max_tokens");
    assert.equal(restingIn(engine), 0);
  });

  it("that is asked twice at once has its process only once", async (t) => {
    const { engine } = startEngine(t, "answers", keep);
    await collect(engine.run(ask("WORDS 1"), never));
    const next = { ...ask(""), messages: [user("WORDS 1"), assistant("w0"), user("WORDS 2")] };
    const both = await Promise.all([collect(engine.run(next, never)), collect(engine.run(next, never))]);
    assert.deepEqual(both.map(({ events }) => summaryOf(events).text), ["w0 w1 ", "w0 w1 "]);
    assert.deepEqual([engine.status.turns.wentOn, engine.status.turns.told.in_use], [1, 1]);
    // Both are over: the process has moved on, and nobody has it.
    await collect(engine.run(next, never));
    assert.deepEqual([engine.status.turns.told.in_use, engine.status.turns.told.unknown_history], [1, 1]);
  });

  it("that rests for too long ends, and is told apart from one that never was", async (t) => {
    const { engine } = startEngine(t, "answers", { conversationIdleMsMax: 20 });
    await collect(engine.run(ask("WORDS 1"), never));
    await Promise.all(runningFakes("answers").map((pid) => waitUntilGone(pid, goneWithinMs)));
    assert.equal(restingIn(engine), 0);
    await collect(engine.run({ ...ask(""), messages: [user("WORDS 1"), assistant("w0"), user("WORDS 1")] }, never));
    assert.equal(engine.status.turns.told.idle_time, 1);
  });

  it("whose process died is replayed", async (t) => {
    const { engine } = startEngine(t, "answers", keep);
    await collect(engine.run(ask("WORDS 1"), never));
    const [pid = 0] = runningFakes("answers");
    process.kill(pid, "SIGKILL");
    await until(() => restingIn(engine) === 0);
    const { events, error } = await collect(engine.run({ ...ask(""), messages: [user("WORDS 1"), assistant("w0"), user("WORDS 2")] }, never));
    assert.deepEqual([error, summaryOf(events).text, engine.status.turns.told.process_ended], [undefined, "w0 w1 ", 1]);
  });

  it("whose process is just dying is replayed too", async (t) => {
    const { engine } = startEngine(t, "answers", keep);
    await collect(engine.run(ask("WORDS 1"), never));
    const [pid = 0] = runningFakes("answers");
    process.kill(pid, "SIGKILL");
    const { events, error } = await collect(engine.run({ ...ask(""), messages: [user("WORDS 1"), assistant("w0"), user("WORDS 2")] }, never));
    assert.deepEqual([error, summaryOf(events).order, summaryOf(events).text], [undefined, "message_start text message_stop", "w0 w1 "]);
  });

  it("makes room for another when all places are taken by those that rest", async (t) => {
    const { engine } = startEngine(t, "answers", { ...keep, maxProcesses: 2 });
    for (const text of ["WORDS 1", "WORDS 2", "WORDS 3"]) assert.equal((await collect(engine.run(ask(text), never))).error, undefined);
    assert.equal(restingIn(engine), 2);
    // The least recently used one went.
    await collect(engine.run({ ...ask(""), messages: [user("WORDS 1"), assistant("w0"), user("WORDS 1")] }, never));
    assert.equal(engine.status.turns.told.evicted, 1);
  });

  it("makes room once for each turn that has none", async (t) => {
    const { engine } = startEngine(t, "answers", { ...keep, maxProcesses: 3 });
    for (const system of ["one", "two", "three"]) await collect(engine.run(ask("WORDS 1", { system: systemOf(system) }), never));
    assert.equal(restingIn(engine), 3);
    const runs = ["WORDS 4", "WORDS 5"].map(async (text) => (await begin(engine, ask(text))).batches);
    for (const batches of await Promise.all(runs)) {
      assert.equal(restingIn(engine), 1);
      await batches.return();
    }
  });

  it("is not begun for a client that has left", async (t) => {
    const { engine } = startEngine(t, "answers", keep);
    await collect(engine.run(ask("WORDS 1"), never));
    const messages = [user("WORDS 1"), assistant("w0"), user("WORDS 2")];
    assert.equal((await errorOf(engine.run({ ...ask(""), messages }, AbortSignal.abort()))).code, "client_closed");
    assert.deepEqual([restingIn(engine), engine.status.runningTurns], [1, 0]);
  });
});

describe("a conversation with tools", () => {
  const tools = [tool("look"), tool("listen")];

  /** The first answer's calls, and the request that gives their results under ids of the client's own. */
  async function called(engine: Engine, prompt: string, more: Partial<Turn> = {}) {
    const turn = ask(prompt, { tools, ...more });
    const { events, error } = await collect(engine.run(turn, never));
    assert.equal(error, undefined);
    const calls = callsIn(events);
    const answer: Message = {
      role: "assistant",
      content: [...assistant(summaryOf(events).text).content, ...callsOf(...calls.map(({ name, json }, index) => [`mine-${index}`, name, JSON.parse(json)] as const)).content] as never,
    };
    const next = (...contents: string[]): Turn => ({ ...turn, messages: [...turn.messages, answer, resultsOf(...contents.map((content, index) => [`mine-${index}`, content] as const))] });
    return { events, calls, next };
  }

  it("goes on with the process that waits for the results, though none is kept otherwise", async (t) => {
    const { engine } = startEngine(t, "calls-tools");
    const { events, calls, next } = await called(engine, 'CALL look {"n":1} CALL listen {"n":2}');
    assert.deepEqual([summaryOf(events).stopReason, restingIn(engine), engine.status.runningTurns], ["tool_use", 1, 0]);
    const [pid = 0] = runningFakes("calls-tools");
    const second = await collect(engine.run(next("one", "two"), never));
    assert.deepEqual((JSON.parse(summaryOf(second.events).text) as { id: string; content: { text: string }[] }[]).map(({ id, content }) => [id, content[0]?.text]), [[calls[0]?.id, "one"], [calls[1]?.id, "two"]]);
    assert.deepEqual([engine.status.turns.wentOn, restingIn(engine)], [1, 0]);
    await waitUntilGone(pid, goneWithinMs);
  });

  it("goes on through several calls in a row", async (t) => {
    const { engine } = startEngine(t, "calls-tools");
    const { next } = await called(engine, "CALL look {}");
    const turn = next('CALL listen {"to":"it"}');
    const { events } = await collect(engine.run(turn, never));
    const [call] = callsIn(events);
    assert.equal(call?.name, "listen");
    const messages = [...turn.messages, { role: "assistant", content: [...assistant("\none moment").content, ...callsOf([call?.id ?? "", "listen", { to: "it" }]).content] } as Message, resultsOf([call?.id ?? "", "tweet"])];
    const third = await collect(engine.run({ ...turn, messages }, never));
    assert.match(summaryOf(third.events).text, /tweet/u);
    assert.equal(engine.status.turns.wentOn, 2);
  });

  it("whose process is gone is replayed, its calls and results in their true roles", async (t) => {
    const { engine } = startEngine(t, "calls-tools");
    const { next } = await called(engine, "CALL look {}");
    const [pid = 0] = runningFakes("calls-tools");
    process.kill(pid, "SIGKILL");
    await until(() => restingIn(engine) === 0);
    const { events, error } = await collect(engine.run(next("a bird"), never));
    // It is asked by the results alone, of which the made-up CLI knows nothing.
    assert.deepEqual([error, summaryOf(events).text, engine.status.turns.told.process_ended], [undefined, "ok", 1]);
  });

  it("is replayed too when the client brings more than results, and the process that waits is left alone", async (t) => {
    const { engine } = startEngine(t, "calls-tools");
    const { next } = await called(engine, "CALL look {}");
    const turn = next("a bird");
    const last = turn.messages.at(-1);
    const withWords = { role: "user", content: [...last?.content ?? [], { type: "text", text: "and hurry" }] } as Message;
    const { events, error } = await collect(engine.run({ ...turn, messages: [...turn.messages.slice(0, -1), withWords] }, never));
    assert.deepEqual([error, summaryOf(events).text, engine.status.turns.wentOn, restingIn(engine)], [undefined, "ok", 0, 1]);
    const second = await collect(engine.run(turn, never));
    assert.deepEqual([second.error, engine.status.turns.wentOn], [undefined, 1]);
  });

  it("whose CLI went on by itself is not gone on with", async (t) => {
    const { engine } = startEngine(t, "calls-tools");
    const { next } = await called(engine, "ALONE CALL look {}");
    await until(() => restingIn(engine) === 0);
    const { events, error } = await collect(engine.run(next("a bird"), never));
    assert.deepEqual([error, summaryOf(events).text, engine.status.turns.wentOn], [undefined, "ok", 0]);
  });

  it("whose choice changes from turn to turn goes on with one process: the API holds the model to each", async (t) => {
    const { engine } = startEngine(t, "calls-tools", { conversationIdleMsMax: 60_000 });
    const { calls, events } = await called(engine, "CALL look {}", { toolChoice: { type: "none" } });
    assert.deepEqual([calls, summaryOf(events).text], [[], "ok"]);
    let turn = ask("", { tools, messages: [user("CALL look {}"), assistant("ok"), user("CALL look {} CALL listen {}")] });
    const callsOn = async (result: string, more: Partial<Turn>): Promise<string[]> => {
      const { events, error } = await collect(engine.run({ ...turn, ...more }, never));
      assert.equal(error, undefined);
      const made = callsIn(events).map(({ name }, index) => [`mine-${index}`, name, {}] as const);
      const answer = [...assistant(summaryOf(events).text).content, ...callsOf(...made).content];
      turn = { ...turn, messages: [...turn.messages, { role: "assistant", content: answer as never }, resultsOf(...made.map(([id]) => [id, result] as const))] };
      return made.map(([, name]) => name);
    };
    assert.deepEqual(await callsOn("a bird", { disableParallelToolUse: true }), ["look"]);
    assert.deepEqual(await callsOn("CALL look {}", { toolChoice: { type: "any" } }), ["look"]);
    assert.deepEqual(await callsOn("CALL look {}", { toolChoice: { type: "tool", name: "listen" } }), ["listen"]);
    assert.deepEqual(await callsOn("", { toolChoice: { type: "none" } }), []);
    assert.equal(engine.status.turns.wentOn, 4);
  });

  it("whose answer must be a call is given it as it comes", async (t) => {
    const puppeteer = await startPuppeteer(t);
    const { engine } = startEngine(t, "puppet");
    const batches = engine.run(ask(puppeteer.prompt(), { tools, toolChoice: { type: "any" } }), never);
    void puppeteer.next().then((puppet) => {
      puppet.start();
      puppet.say("one moment");
    });
    // The answer has no call and no end yet.
    for await (const batch of batches) {
      if (batch.some(({ type }) => type === "text")) break;
    }
  });

  it("that is told to call none, or one, is not kept when it called more", async (t) => {
    const { engine } = startEngine(t, "calls-tools", { conversationIdleMsMax: 60_000 });
    const none = await called(engine, "ANYWAY CALL look {}", { toolChoice: { type: "none" } });
    assert.deepEqual([none.calls, summaryOf(none.events).stopReason, restingIn(engine)], [[], "end_turn", 0]);
    const one = await called(engine, "ANYWAY CALL look {} CALL listen {}", { disableParallelToolUse: true });
    assert.deepEqual([one.calls.map(({ name }) => name), summaryOf(one.events).stopReason, restingIn(engine)], [["look"], "tool_use", 0]);
  });
});

describe("an answer that must be a call, as words ask a model that is to think", () => {
  const must = { tools: [tool("look")], toolChoice: { type: "any" }, thinking: { type: "enabled", budgetTokens: 2_000 } } as const;

  it("and is one is like any other", async (t) => {
    const { engine } = startEngine(t, "calls-tools");
    const { events } = await collect(engine.run(ask("CALL look {}", must), never));
    assert.deepEqual([summaryOf(events).order, summaryOf(events).stopReason, restingIn(engine)], ["message_start text tool_use input_json message_stop", "tool_use", 1]);
  });

  it("and is words is turned round once: the client hears the call alone, and its process is not kept", async (t) => {
    const { engine } = startEngine(t, "calls-tools", { conversationIdleMsMax: 60_000 });
    // Unchecked until the runner gives both runs as one `AnswerWithCall`: today there are two starts.
    const { events, error } = await collectUnchecked(engine.run(ask("RELENT", must), never));
    assert.equal(error, undefined);
    assert.deepEqual([summaryOf(events).text, callsIn(events).map(({ name }) => name), summaryOf(events).stopReason], ["one moment ", ["look"], "tool_use"]);
    assert.equal(events.filter(({ type }) => type === "message_stop").length, 1);
    assert.equal(restingIn(engine), 0);
    await Promise.all(runningFakes("calls-tools").map((pid) => waitUntilGone(pid, goneWithinMs)));
  });

  it("and is words twice is given up, without a word of them", async (t) => {
    const { engine } = startEngine(t, "calls-tools", { conversationIdleMsMax: 60_000 });
    const { events, error } = await collectUnchecked(engine.run(ask("just talk", { ...must, toolChoice: { type: "tool", name: "look" } }), never));
    const { code, part } = error as BridgeError;
    assert.deepEqual([code, part, summaryOf(events).text, summaryOf(events).stopReason], ["upstream_error", "toolChoice", "", undefined]);
    assert.equal(restingIn(engine), 0);
  });

  it("and was cut at its token limit is given up at once: nobody is left to ask", async (t) => {
    const { engine } = startEngine(t, "runs-on");
    const { error } = await collect(engine.run(ask("hi", must), never));
    assert.deepEqual([(error as BridgeError).code, (error as BridgeError).part], ["upstream_error", "toolChoice"]);
  });
});

describe("stop sequences", () => {
  const keep = { conversationIdleMsMax: 60_000 };

  it("end the answer, and its process, which has said more than the client knows", async (t) => {
    const { engine } = startEngine(t, "answers", keep);
    const { events, error } = await collect(engine.run(ask("WORDS 9", { stopSequences: ["\n", " "] }), never));
    assert.deepEqual([error, summaryOf(events).text, summaryOf(events).stopReason, restingIn(engine)], [undefined, "w0", "stop_sequence", 0]);
    await Promise.all(runningFakes("answers").map((pid) => waitUntilGone(pid, goneWithinMs)));
    assert.equal(engine.status.runningTurns, 0);
  });

  it("that do not come leave the conversation as it is, and are no part of it", async (t) => {
    const { engine } = startEngine(t, "answers", keep);
    await collect(engine.run(ask("WORDS 2", { stopSequences: ["w9"] }), never));
    const { events } = await collect(engine.run(turnOf({ messages: [user("WORDS 2"), assistant("w0 w1"), user("WORDS 3")], stopSequences: ["other"] }), never));
    assert.deepEqual([summaryOf(events).text, engine.status.turns.wentOn], ["w0 w1 w2 ", 1]);
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

describe("a warm process", () => {
  const isWarm = (engine: Engine, count: number): Promise<void> => until(() => engine.status.processes.warm === count);

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
    // Without the one that was asked what it serves.
    await until(() => engine.status.processes.warm === 1 && engine.status.processes.all === 1);
    const [warm] = runningFakes("answers");
    const { error } = await collect(engine.run(ask("WORDS 1", { model: "haiku" }), never));
    assert.equal(error, undefined);
    assert.ok(runningFakes("answers").includes(warm ?? 0), "the warm one still waits");
  });

  it("is kept of another model as well once that has answered", async (t) => {
    const { engine } = startEngine(t, "answers", { warm: 1 });
    await engine.discover();
    await isWarm(engine, 1);
    await collect(engine.run(ask("WORDS 1", { model: "haiku" }), never));
    await isWarm(engine, 2);
  });

  it("makes room for a turn when the cap is reached", async (t) => {
    const { engine } = startEngine(t, "answers", { warm: 2, maxProcesses: 2, defaultModel: "opus" });
    await engine.discover();
    const { error } = await collect(engine.run(ask("WORDS 1", { model: "haiku" }), never));
    assert.equal(error, undefined);
  });

  it("waits for the next new conversation, however many old ones rest", async (t) => {
    const { engine } = startEngine(t, "answers", { warm: 2, maxProcesses: 8, conversationIdleMsMax: 60_000, defaultModel: "opus" });
    await engine.discover();
    for (let conversation = 0; conversation < 10; conversation++) {
      await isWarm(engine, 2);
      assert.equal((await collect(engine.run(ask(`WORDS 1 of ${conversation}`, { model: "opus" }), never))).error, undefined);
    }
    await isWarm(engine, 2);
    assert.equal(restingIn(engine), 6);
  });

  it("has no room where as many conversations as there may be processes take turns: each keeps its own", async (t) => {
    const { engine } = startEngine(t, "answers", { warm: 2, maxProcesses: 2, conversationIdleMsMax: 60_000, defaultModel: "opus" });
    await engine.discover();
    const histories: Message[][] = [[user("WORDS 1 of a")], [user("WORDS 1 of b")]];
    const rounds = 6;
    for (let round = 0; round < rounds; round++) {
      for (const messages of histories) {
        const { events, error } = await collect(engine.run(turnOf({ model: "opus", messages: [...messages] }), never));
        assert.equal(error, undefined);
        messages.push(assistant(summaryOf(events).text), user("WORDS 1"));
      }
    }
    assert.equal(engine.status.turns.wentOn, 2 * (rounds - 1), JSON.stringify(engine.status.turns));
  });

  it("that refuses its conversation is ended, and so is the one that was tried in its place", async (t) => {
    const { engine } = startEngine(t, "refuses-initialize", { warm: 1 });
    await engine.discover();
    await isWarm(engine, 1);
    assert.equal((await errorOf(engine.run(ask("hi", { model: "opus" }), never))).code, "cli_failed");
    await until(() => engine.status.processes.all === engine.status.processes.warm);
  });

  it("has rehearsed what conversations keep beginning with, and is told only the message then", async (t) => {
    const environment = { ...platformEnvironment(), REWINDS: "1" };
    const { engine } = startEngine(t, "echo-history", { warm: 2, defaultModel: "opus", environment });
    await engine.discover();
    const turn = ask("hi", { model: "opus", system: systemOf("Be brief.") });
    const kinds: string[][] = [];
    for (let round = 0; round < 3; round++) {
      await isWarm(engine, 2);
      const { events } = await collect(engine.run(turn, never));
      kinds.push((JSON.parse(summaryOf(events).text) as any[]).map((message) => typeof message === "string" ? message : `${message.shouldQuery === false ? "history " : ""}${message.type}`));
    }
    const plain = ["control_request", "user"];
    assert.deepEqual(kinds.slice(0, 2), [plain, plain]);
    // It may have been taken before it had gone through all.
    assert.match(kinds[2]?.join(" ") ?? "", /^control_request( history user acknowledged){1,3}( rewound){1,3} user$/u);
  });

  it("that answers what it rehearses as if it were a question is no use to any turn, and costs none its answer", async (t) => {
    const environment = { ...platformEnvironment(), ANSWERS_ALL: "1", REWINDS: "1" };
    const { engine, logLines } = startEngine(t, "never-acknowledges", { warm: 2, environment });
    await engine.discover();
    const turn = ask("hi", { model: "opus", system: systemOf("Be brief.") });
    for (let round = 0; round < 6; round++) {
      const { events, error } = await collect(engine.run(turn, never));
      assert.deepEqual([error, summaryOf(events).text], [undefined, "this is it"]);
    }
    await until(() => logLines.some((line) => line.includes("a beginning could not be rehearsed")));
  });

  it("whose rehearsal never ends holds no turn for longer than its wait: another answers", async (t) => {
    const environment = { ...platformEnvironment(), TAKES_WORDS: "1", REWINDS: "1" };
    const { engine, logLines } = startEngine(t, "never-acknowledges", { warm: 2, rehearsalWaitMsMax: 50, environment });
    await engine.discover();
    await until(() => engine.status.capabilities?.rewindToEmpty === true);
    const turn = ask("hi", { model: "opus", system: systemOf("Be brief.") });
    const wasLeft = (): boolean => logLines.some((line) => line.includes("its turn goes to another waited=true"));
    for (let round = 0; round < 6 && !wasLeft(); round++) {
      await isWarm(engine, 2);
      const { events, error } = await collect(engine.run(turn, never));
      assert.deepEqual([error, summaryOf(events).text], [undefined, "this is it"]);
    }
    assert.ok(wasLeft(), logLines.join("\n"));
  });

  it("that refuses what it is to rehearse leaves the others as they are", async (t) => {
    const { engine, logLines } = startEngine(t, "refuses-initialize", { warm: 2 });
    await engine.discover();
    for (let round = 0; round < 2; round++) {
      await isWarm(engine, 2);
      assert.equal((await errorOf(engine.run(ask("hi", { model: "opus" }), never))).code, "cli_failed");
    }
    await until(() => logLines.some((line) => line.endsWith("warn a beginning could not be rehearsed error=cli_failed")));
  });

  it("that crashes at boot is tried again later, not at once and for ever", async (t) => {
    const { engine, logLines } = startEngine(t, "crashes-at-boot", { warm: 1 });
    await engine.discover();
    await isWarm(engine, 0);
    assert.ok(logLines.filter((line) => line.includes("a claude process did not come up")).length <= 1, logLines.join("\n"));
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

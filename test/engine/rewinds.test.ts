/** Turns on processes that are rewound, on made-up CLIs that can be rewound to any line. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import type { Engine, EngineOptions } from "../../src/engine/engine.ts";
import { BridgeError } from "../../src/errors.ts";
import type { Message } from "../../src/turn/message.ts";
import type { Turn } from "../../src/turn/turn.ts";
import { runningFakes } from "../support/fake-claude.ts";
import { waitUntilGone } from "../support/processes.ts";
import { platformEnvironment } from "../support/real-claude.ts";
import { begin, goneWithinMs, startEngine, type StartedEngine, until, restingIn } from "../support/started-engine.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { callsIn, collect, summaryOf } from "../support/turn-events.ts";
import { ask, assistant, callsOf, never, systemOf, tool, turnOf, user } from "../support/turns.ts";

/** It has tried what it can rewind when this resolves; the process that was tried on is gone. */
async function start(t: TestContext, fake: string, options: Partial<EngineOptions> = {}): Promise<StartedEngine> {
  const environment = { ...platformEnvironment(), REWINDS: "1" };
  const started = startEngine(t, fake, { conversationIdleMsMax: 60_000, environment, ...options });
  await started.engine.discover();
  await until(() => started.engine.status.processes.all === 0);
  return started;
}

/** What echo-history was told, in short, and its whole answer. */
async function told(engine: Engine, messages: readonly Message[], more: Partial<Turn> = {}): Promise<{ readonly told: readonly string[]; readonly answer: string }> {
  const { events, error } = await collect(engine.run(turnOf({ model: "opus", messages, ...more }), never));
  assert.equal(error, undefined);
  const answer = summaryOf(events).text;
  const lines = (JSON.parse(answer) as any[]).filter((line) => line !== "acknowledged" && line.type !== "control_request");
  return { told: lines.map((line) => (typeof line === "string" ? line : String(line.message.content[0].text).slice(0, 9))), answer };
}

describe("a process that is rewound", () => {
  it("takes back the last question and its answer when the question is edited, and when it is asked again", async (t) => {
    const { engine } = await start(t, "echo-history");
    const first = await told(engine, [user("one")]);
    const history = [user("one"), assistant(first.answer)];
    await told(engine, [...history, user("two")]);
    const edited = await told(engine, [...history, user("three")]);
    assert.deepEqual(edited.told, ["one", "two", "rewound", "three"]);
    const again = await told(engine, [...history, user("three")]);
    assert.deepEqual(again.told, ["one", "two", "rewound", "three", "rewound", "three"]);
    const { wentOn, rewound, messagesTakenBack } = engine.status.turns;
    assert.deepEqual([wentOn, rewound, messagesTakenBack, runningFakes("echo-history").length], [1, 2, 4, 1]);
  });

  it("is told what the client has put in place of an answer", async (t) => {
    const { engine } = await start(t, "echo-history");
    const first = await told(engine, [user("one")]);
    const second = await told(engine, [user("one"), assistant(first.answer), user("two")]);
    assert.equal(second.told.length, 2);
    const branched = await told(engine, [user("one"), assistant(first.answer), user("two"), assistant("other"), user("three")]);
    assert.deepEqual(branched.told, ["one", "two", "rewound", "two", "other", "three"]);
  });

  it("begins another conversation with the same beginning", async (t) => {
    const { engine } = await start(t, "echo-history");
    await told(engine, [user("one")]);
    const other = await told(engine, [user("two")]);
    assert.deepEqual(other.told, ["one", "rewound", "two"]);
    assert.deepEqual([engine.status.turns.toldOn, runningFakes("echo-history").length], [{ recycled: 1, warm: 0, booted: 1 }, 1]);
    const another = await told(engine, [user("two")], { system: systemOf("Another.") });
    assert.deepEqual(another.told, ["two"]);
  });

  it("is kept when its client leaves, and told on from before that turn", async (t) => {
    const { engine } = await start(t, "hangs");
    const { batches } = await begin(engine, ask("hi", { model: "opus" }));
    const [pid] = runningFakes("hangs");
    await batches.return();
    await until(() => restingIn(engine) === 1);
    const next = await begin(engine, ask("hi again", { model: "opus" }));
    assert.deepEqual([runningFakes("hangs"), engine.status.turns.toldOn.recycled], [[pid], 1]);
    await next.batches.return();
  });

  it("is waited for by a request that comes while it is being taken back", async (t) => {
    const { engine } = await start(t, "answers");
    const history = [user("WORDS 1"), assistant("w0")];
    await collect(engine.run(ask("WORDS 1", { model: "opus" }), never));
    const { batches } = await begin(engine, turnOf({ model: "opus", messages: [...history, user("WORDS 5000")] }));
    const isBack = batches.return();
    const { error } = await collect(engine.run(turnOf({ model: "opus", messages: [...history, user("WORDS 2")] }), never));
    await isBack;
    const { wentOn, toldOn } = engine.status.turns;
    assert.deepEqual([error, wentOn, toldOn, runningFakes("answers").length], [undefined, 2, { recycled: 0, warm: 0, booted: 1 }, 1]);
  });

  it("is kept when a stop sequence ends the answer", async (t) => {
    const { engine } = await start(t, "answers");
    const { events } = await collect(engine.run(ask("WORDS 9", { model: "opus", stopSequences: [" "] }), never));
    assert.equal(summaryOf(events).stopReason, "stop_sequence");
    await until(() => restingIn(engine) === 1);
    const messages = [user("WORDS 9"), assistant("w0"), user("WORDS 1")];
    assert.equal((await collect(engine.run(turnOf({ model: "opus", messages }), never))).error, undefined);
    assert.deepEqual([engine.status.turns.toldOn, runningFakes("answers").length], [{ recycled: 1, warm: 0, booted: 1 }, 1]);
  });

  it("is told a result that comes with words, its call taken back", async (t) => {
    const { engine } = await start(t, "calls-tools");
    const turn = ask("CALL look {}", { model: "opus", tools: [tool("look")] });
    const { events } = await collect(engine.run(turn, never));
    const [call] = callsIn(events);
    const result = { type: "tool_result", tool_use_id: call?.id ?? "", content: "a bird" } as const;
    const words = { role: "user", content: [result, { type: "text", text: "and hurry" }] } as Message;
    const answer: Message = { role: "assistant", content: [...assistant(summaryOf(events).text).content, ...callsOf([call?.id ?? "", "look", {}]).content] as never };
    const second = await collect(engine.run({ ...turn, messages: [...turn.messages, answer, words] }, never));
    assert.deepEqual([second.error, summaryOf(second.events).text, runningFakes("calls-tools").length], [undefined, "ok", 1]);
  });

  it("has nothing of an answer that was discarded because it had no call", async (t) => {
    const { engine } = await start(t, "calls-tools");
    const must = { model: "opus", tools: [tool("look")], toolChoice: { type: "any" }, thinking: { type: "enabled", budgetTokens: 2_000 } } as const;
    await collect(engine.run(ask("just talk", must), never));
    await until(() => restingIn(engine) === 1);
    const { events } = await collect(engine.run(ask("CALL look {}", must), never));
    assert.deepEqual([callsIn(events).length, engine.status.turns.toldOn.recycled], [1, 1]);
  });

  it("is ended when the CLI refuses; its turn goes to another process", async (t) => {
    const { engine, logLines } = await start(t, "echo-history", { environment: { ...platformEnvironment(), REWINDS: "1", REWINDS_REFUSED: "two" } });
    const first = await told(engine, [user("one")]);
    await told(engine, [user("one"), assistant(first.answer), user("two")]);
    const edited = await told(engine, [user("one"), assistant(first.answer), user("three")]);
    assert.deepEqual(edited.told, ["one", first.answer.slice(0, 9), "three"]);
    assert.deepEqual([engine.status.turns.rewound, engine.status.turns.told.rewind_refused], [0, 1]);
    assert.ok(logLines.some((line) => line.includes("a process was not rewound")), logLines.join("\n"));
    await until(() => runningFakes("echo-history").length === 1);
  });
});

describe("a process of which it is not certain what it was told", () => {
  it("is kept when what it was found for cannot be had, and ends when another was to be told that", async (t) => {
    const { engine } = await start(t, "echo-history", { environment: { ...platformEnvironment(), REWINDS: "1", REWINDS_REFUSED: "two" } });
    const first = await told(engine, [user("one")]);
    const history = [user("one"), assistant(first.answer)];
    await told(engine, [...history, user("two")]);
    // The rewind is refused, so that all is to be completed; and the first message cannot be.
    const complete = (messages: readonly Message[]): Promise<readonly Message[]> => (
      messages.length > 1 ? Promise.reject(new BridgeError("invalid_value", "No.")) : Promise.resolve(messages));
    const { error } = await collect(engine.run(turnOf({ model: "opus", messages: [...history, user("three")] }), never, complete));
    assert.equal((error as BridgeError).code, "invalid_value");
    await until(() => engine.status.processes.all === 0);
    const again = await told(engine, [...history, user("three"), assistant(""), user("four")]);
    assert.equal(again.told.length, 5, "nobody had the turn that failed");
  });
});

describe("a login that was renewed", () => {
  it("is found by a fresh process: the turn goes there, and every free one that has the old login ends", async (t) => {
    const file = join(await temporaryFolder(t), "login");
    writeFileSync(file, "first");
    const environment = { ...platformEnvironment(), REWINDS: "1", LOGIN_FILE: file };
    const { engine } = await start(t, "keeps-its-login", { environment });
    const asked = [ask("one", { model: "opus" }), ask("two", { model: "opus", system: systemOf("Another.") })];
    for (const turn of asked) assert.equal(summaryOf((await collect(engine.run(turn, never))).events).text, "first");
    const old = runningFakes("keeps-its-login");
    assert.equal(old.length, 2);
    writeFileSync(file, "second");
    const next = turnOf({ model: "opus", messages: [user("one"), assistant("first"), user("three")] });
    const { events, error } = await collect(engine.run(next, never));
    assert.deepEqual([error, summaryOf(events).text], [undefined, "second"]);
    await Promise.all(old.map((pid) => waitUntilGone(pid, goneWithinMs)));
    assert.equal(runningFakes("keeps-its-login").length, 1);
  });

  it("and is refused is told so in the status until there is one that is not, without a restart", async (t) => {
    const file = join(await temporaryFolder(t), "login");
    writeFileSync(file, "none");
    const { engine } = await start(t, "keeps-its-login", { environment: { ...platformEnvironment(), REWINDS: "1", LOGIN_FILE: file } });
    const { error } = await collect(engine.run(ask("one", { model: "opus" }), never));
    assert.equal((error as BridgeError).code, "not_logged_in");
    assert.deepEqual([engine.status.loggedIn, engine.status.loginRefusal], [false, (error as BridgeError).message]);
    assert.match(engine.status.loginRefusal ?? "", /^Invalid authentication credentials .*\/login/u);
    await until(() => engine.status.processes.all === 0);
    writeFileSync(file, "second");
    assert.equal(summaryOf((await collect(engine.run(ask("two", { model: "opus" }), never))).events).text, "second");
    assert.deepEqual([engine.status.loggedIn, engine.status.loginRefusal], [true, undefined]);
  });

  it("that is none with the server's configuration is tried with the user's, and then refused to the client", async (t) => {
    const { engine } = await start(t, "logged-out");
    const { error } = await collect(engine.run(ask("one", { model: "opus" }), never));
    assert.equal((error as BridgeError).code, "not_logged_in");
    assert.deepEqual([engine.status.turns.toldOn.booted, restingIn(engine)], [2, 0]);
  });
});

describe("turns that come at once with one beginning", () => {
  it("share a process that comes free while another still boots", async (t) => {
    const { engine } = await start(t, "answers");
    await collect(engine.run(ask("WORDS 1", { model: "opus" }), never));
    const all = await Promise.all(Array.from({ length: 4 }, (_, number) => (
      collect(engine.run(ask(`WORDS 1 of ${number}`, { model: "opus" }), never)))));
    assert.deepEqual(all.map(({ error, events }) => [error, summaryOf(events).text]), Array(4).fill([undefined, "w0 "]));
    const { toldOn } = engine.status.turns;
    assert.equal(toldOn.recycled + toldOn.warm + toldOn.booted, 5);
    assert.ok(toldOn.recycled > 1, JSON.stringify(toldOn));
  });
});

describe("two conversations with one beginning", () => {
  it("do not take each other's process in turns: the one that lost it gets another", async (t) => {
    const { engine } = await start(t, "echo-history");
    const histories: Message[][] = ["one", "two"].map((text) => [user(text)]);
    const rounds = 4;
    for (let round = 0; round < rounds; round++) {
      for (const messages of histories) {
        const { answer } = await told(engine, messages);
        messages.push(assistant(answer), user(`round ${round}`));
      }
    }
    const { told: { evicted }, wentOn, toldOn } = engine.status.turns;
    assert.deepEqual([evicted, wentOn, toldOn], [1, 2 * rounds - 3, { recycled: 1, warm: 0, booted: 2 }]);
  });
});

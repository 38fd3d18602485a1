/** An engine that keeps processes warm, on made-up CLIs. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Engine } from "../../src/engine/engine.ts";
import type { Message } from "../../src/turn/message.ts";
import { runningFakes } from "../support/fake-claude.ts";
import { platformEnvironment } from "../support/real-claude.ts";
import { restingIn, startEngine, until } from "../support/started-engine.ts";
import { collect, errorOf, summaryOf } from "../support/turn-events.ts";
import { ask, assistant, never, systemOf, turnOf, user } from "../support/turns.ts";

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
    const environment = { ...platformEnvironment(), ANSWERS_ALL: "1", TAKES_WORDS: "1", REWINDS: "1" };
    const { engine, logLines } = startEngine(t, "never-acknowledges", { warm: 2, environment });
    await engine.discover();
    const turn = ask("hi", { model: "opus", system: systemOf("Be brief.") });
    for (let round = 0; round < 6; round++) {
      const { events, error } = await collect(engine.run(turn, never));
      assert.deepEqual([error, summaryOf(events).text], [undefined, "this is it"]);
    }
    await until(() => logLines.some((line) => line.includes("a beginning could not be rehearsed")));
  });

  it("of a CLI that takes a history for questions is not asked: the first request is refused by that, and none repeats it", async (t) => {
    const environment = { ...platformEnvironment(), ANSWERS_ALL: "1" };
    const { engine, logLines } = startEngine(t, "never-acknowledges", { environment });
    await engine.discover();
    for (let round = 0; round < 2; round++) {
      const error = await errorOf(engine.run(ask("hi"), never));
      assert.equal(error.code, "cli_unavailable");
      assert.match(error.message, /cannot be used: it lacks `history` .*npm install/u);
    }
    assert.equal(logLines.filter((line) => line.includes("error Claude Code 2.1.330 cannot be used")).length, 1);
    assert.equal(engine.status.installation?.kind, "unusable");
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

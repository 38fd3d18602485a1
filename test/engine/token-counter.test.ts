/** Counts of tokens, on a made-up CLI: which process counts, and what is left of it. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { countWaitMsMax, fewToolsTokens } from "../../src/claude/context-usage.ts";
import type { EngineOptions } from "../../src/engine/engine.ts";
import { refillDelayMs } from "../../src/engine/refill-timer.ts";
import type { BridgeError } from "../../src/errors.ts";
import type { Message } from "../../src/turn/message.ts";
import { ScriptedCli } from "../support/scripted-cli.ts";
import { restingIn, startEngine, until } from "../support/started-engine.ts";
import { collect, summaryOf } from "../support/turn-events.ts";
import { assistant, callsOf, never, resultsOf, tool, turnOf, user } from "../support/turns.ts";

/** A token is a letter of what the process has. */
const lettersOf = ({ said }: { readonly said: readonly { readonly text: string }[] }): number => said.map(({ text }) => text).join("").length;

async function start(t: TestContext, options: Partial<EngineOptions> = {}, setUp: (cli: ScriptedCli) => void = () => {}) {
  const cli = new ScriptedCli();
  cli.models = ["opus", "sonnet"];
  cli.usageOf = (process) => ({ categories: [{ name: "Messages", tokens: lettersOf(process) }] });
  setUp(cli);
  t.after(() => cli.killAll());
  const { engine } = startEngine(t, { file: process.execPath, leadingArguments: [] }, {
    world: cli.world, maxProcesses: 2, maxQueue: 1, conversationIdleMsMax: 600_000, ...options,
  });
  await engine.discover();
  await until(() => engine.status.processes.all === engine.status.processes.warm);
  const turn = (...messages: readonly Message[]) => turnOf({ model: "opus", tools: [tool("look")], messages });
  const count = async (...messages: readonly Message[]): Promise<number> => (await engine.count(turn(...messages), never)).inputTokens - fewToolsTokens;
  const codeOf = (counting: Promise<unknown>): Promise<string> => counting.then(() => "counted", (error: BridgeError) => error.code);
  const ask = async (...messages: readonly Message[]) => {
    const { events, error } = await collect(engine.run(turn(...messages), never));
    assert.equal(error, undefined);
    return summaryOf(events);
  };
  /** Those that were started since the first look at the CLI. */
  const [{ length: before }, started] = [cli.processes, () => cli.processes.slice(before)];
  const saidBy = (index: number): readonly string[] | undefined => started()[index]?.said.map(({ text }) => text);
  let questions = 0;
  cli.onQuestion = () => ++questions < 0;
  return { cli, engine, turn, count, codeOf, ask, started, saidBy, questions: () => questions };
}

const one = user("one");
const two = [one, assistant("one!"), user("two")];

describe("a count", () => {
  it("of a conversation that a process has is that process's, which stands where it stood, and asks nothing", async (t) => {
    const { engine, count, ask, started, saidBy, questions } = await start(t);
    await ask(one);
    assert.equal(await count(...two), "oneone!two".length);
    assert.deepEqual([saidBy(0), questions(), started().length], [["one", "one!"], 1, 1]);
    await ask(...two);
    assert.deepEqual([engine.status.turns.wentOn, started().length], [1, 1]);
  });

  it("of one that no process has leaves all but the question with its process, for the turn itself", async (t) => {
    const { engine, count, ask, started, saidBy } = await start(t);
    assert.equal(await count(...two), "oneone!two".length);
    assert.deepEqual(saidBy(0), ["one", "one!"]);
    await ask(...two);
    assert.deepEqual([engine.status.turns.wentOn, started().length], [1, 1]);
  });

  it("of a single question takes no second process, nor does the next with the same beginning, nor the turn", async (t) => {
    const { count, ask, started, saidBy } = await start(t);
    assert.deepEqual([await count(one), saidBy(0), await count(user("three")), saidBy(0)], [3, [], 5, []]);
    await ask(one);
    assert.equal(started().length, 1);
  });

  it("has a warm process that has rehearsed its beginning, which waits on, where none is kept for its conversation", async (t) => {
    const { cli, engine, count, ask } = await start(t, { warm: 2, maxProcesses: 8, conversationIdleMsMax: 0 });
    for (const text of ["a", "b"]) {
      await ask(user(text));
      cli.clock.pass(refillDelayMs);
      await until(() => engine.status.processes.warm === 2 && engine.status.processes.all === 2);
    }
    const before = cli.processes.length;
    for (let index = 0; index < 3; index++) assert.equal(await count(user("unheard of")), "unheard of".length);
    assert.deepEqual([cli.processes.length, engine.status.processes.warm], [before, 2]);
    assert.deepEqual(cli.living.map(({ said }) => said), [[], []]);
  });

  it("beside a call that waits for its result leaves that alone", async (t) => {
    const { engine, count, ask, started } = await start(t);
    const { stopReason } = await ask(user("go (call)"));
    assert.equal(stopReason, "tool_use");
    const call = { role: "assistant", content: [...assistant("go (call)!").content, ...callsOf(["toolu_1", "look"]).content] } as Message;
    const history = [user("go (call)"), call, resultsOf(["toolu_1", "a bird"])];
    assert.ok(await count(...history) > 0);
    assert.equal(engine.status.processes.parked, 1);
    await ask(...history);
    assert.deepEqual([engine.status.turns.wentOn, started().length], [1, 2]);
  });

  it("ends its process where the CLI cannot take the first message back, and keeps what it can where there are more", async (t) => {
    const { engine, count, ask, started, saidBy } = await start(t, {}, (cli) => { cli.canBeEmptied = false; });
    assert.equal(await count(one), 3);
    await until(() => engine.status.processes.all === 0);
    assert.equal(await count(...two), "oneone!two".length);
    assert.deepEqual(saidBy(1), ["one", "one!"]);
    await ask(...two);
    assert.deepEqual([engine.status.turns.wentOn, started().length], [1, 2]);
  });

  it("is refused by the CLI's name where that knows no such request, and costs no process", async (t) => {
    const { cli, engine, turn, codeOf, ask, started } = await start(t);
    await ask(one);
    cli.usageOf = () => undefined;
    assert.equal(await codeOf(engine.count(turn(...two), never)), "not_implemented");
    await ask(...two);
    assert.deepEqual([engine.status.turns.wentOn, started().length], [1, 1]);
  });

  it("whose answer nobody understands is a failure of the CLI's", async (t) => {
    const { cli, engine, turn, codeOf } = await start(t);
    cli.usageOf = () => ({ categories: "many" });
    assert.equal(await codeOf(engine.count(turn(one), never)), "cli_failed");
  });

  for (const point of ["history", "count"] as const) {
    it(`whose process is killed at the ${point} is another's, and fails where that is killed too`, async (t) => {
      const { cli, engine, count, codeOf, turn, ask, started } = await start(t);
      await ask(one);
      let blows = 1;
      cli.blowAt = (at) => (at === point && blows-- > 0 ? "killed" : undefined);
      assert.equal(await count(...two), "oneone!two".length);
      assert.equal(started().length, 2);
      blows = 2;
      assert.equal(await codeOf(engine.count(turn(...two), never)), "cli_failed");
      await until(() => engine.status.processes.all === 0);
    });
  }

  it("that the CLI does not answer ends after a named time, with its process", async (t) => {
    const { cli, engine, codeOf, turn } = await start(t);
    let isStruck = false;
    cli.blowAt = (at) => {
      isStruck ||= at === "count";
      return at === "count" ? "hangs" : undefined;
    };
    const counting = codeOf(engine.count(turn(one), never));
    await until(() => isStruck);
    cli.clock.pass(countWaitMsMax - 1);
    assert.equal(engine.status.runningTurns, 1);
    cli.clock.pass(1);
    assert.equal(await counting, "turn_timeout");
    cli.clock.pass(10_000);
    await until(() => engine.status.processes.all === 0);
  });

  it("whose client leaves gives its place back, and its process stands where it stood", async (t) => {
    const { cli, engine, turn, codeOf, ask, started, saidBy } = await start(t);
    await ask(one);
    const leaving = new AbortController();
    cli.usageOf = (process) => {
      leaving.abort();
      return { categories: [{ name: "Messages", tokens: lettersOf(process) }] };
    };
    assert.equal(await codeOf(engine.count(turn(...two), leaving.signal)), "client_closed");
    assert.equal(engine.status.runningTurns, 0);
    await until(() => restingIn(engine) === 1);
    assert.deepEqual(saidBy(0), ["one", "one!"]);
    await ask(...two);
    assert.deepEqual([engine.status.turns.wentOn, started().length], [1, 1]);
    assert.equal(await codeOf(engine.count(turn(one), AbortSignal.abort())), "client_closed");
  });

  it("waits while all places are taken, and is refused where too many wait", async (t) => {
    const { cli, engine, turn, count, codeOf } = await start(t, { maxProcesses: 1 });
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const slow = engine.count(turn(one), never, async (messages) => {
      await held;
      return messages;
    });
    await until(() => engine.status.runningTurns === 1);
    const waiting = count(user("three"));
    await until(() => engine.status.waitingTurns === 1);
    assert.equal(await codeOf(engine.count(turn(one), never)), "server_busy");
    release();
    assert.deepEqual([(await slow).inputTokens - fewToolsTokens, await waiting], [3, 5]);
    assert.equal(cli.living.length, 1);
  });

  it("ends its process where none is kept between two turns", async (t) => {
    const { engine, count } = await start(t, { conversationIdleMsMax: 0 });
    assert.equal(await count(...two), "oneone!two".length);
    await until(() => engine.status.processes.all === 0);
  });
});

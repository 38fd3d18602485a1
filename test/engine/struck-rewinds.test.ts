/**
 * A process that is killed, or hangs, at each point of a rewind. The request is answered by another process; and
 * nothing is left: no process, no place, no timer.
 */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import type { Engine } from "../../src/engine/engine.ts";
import type { BridgeError } from "../../src/errors.ts";
import type { Message } from "../../src/turn/message.ts";
import type { Turn } from "../../src/turn/turn.ts";
import { type Blow, type Point, ScriptedCli } from "../support/scripted-cli.ts";
import { startEngine, until } from "../support/started-engine.ts";
import { type Collected, collect, summaryOf } from "../support/turn-events.ts";
import { assistant, callsOf, resultsOf, tool, turnOf, user } from "../support/turns.ts";

const silenceMsMax = 300_000;
/** Time passes in such steps until a turn is over. */
const stepMs = 500;
const passedMsMax = 2 * silenceMsMax;

interface Case {
  readonly at: string;
  /** The turns before: the last of them is the one that is taken back. */
  readonly before: (scene: Scene) => Promise<unknown>;
  /** The messages of the turn that rewinds. */
  readonly messages: readonly Message[];
  readonly point: Point | "before the request";
  /** At which line of that kind. */
  readonly nth?: number;
  /** How the client leaves the turn before, upon which it is taken back by itself: it is struck in that. */
  readonly leaves?: (scene: Scene) => Promise<void>;
  /** What that turn has otherwise than those before. */
  readonly more?: Partial<Turn>;
}

interface Scene {
  readonly cli: ScriptedCli;
  readonly engine: Engine;
  /** Runs a turn to its end, however long that takes. */
  ask(messages: readonly Message[], complete?: (messages: readonly Message[]) => Promise<readonly Message[]>, more?: Partial<Turn>): Promise<Collected>;
  /** Runs a turn up to its first text, and leaves. */
  leave(messages: readonly Message[]): Promise<void>;
  /** Runs one up to the message of its history of that number, and leaves. */
  leaveAt(nth: number, messages: readonly Message[]): Promise<void>;
}

async function start(t: TestContext): Promise<Scene> {
  const cli = new ScriptedCli();
  cli.models = ["opus", "sonnet"];
  // An engine that is closed waits for the hung ones too.
  t.after(() => cli.killAll());
  const { engine } = startEngine(t, { file: process.execPath, leadingArguments: [] }, {
    world: cli.world, maxProcesses: 2, conversationIdleMsMax: 600_000, silenceMsMax,
  });
  await engine.discover();
  await until(() => engine.status.processes.all === 0);
  const turn = (messages: readonly Message[], more: Partial<Turn> = {}): Turn => turnOf({ model: "opus", tools: [tool("look")], messages, ...more });
  const ask: Scene["ask"] = async (messages, complete, more) => {
    let isOver = false;
    const over = collect(engine.run(turn(messages, more), new AbortController().signal, complete)).finally(() => (isOver = true));
    for (let passedMs = 0; !isOver && passedMs < passedMsMax; passedMs += stepMs) {
      // The folder of the processes is made by the system, which takes rounds of its own.
      for (let round = 0; round < 30 && !isOver; round++) await nextRound();
      if (!isOver && passedMs > 0) cli.clock.pass(stepMs);
    }
    return await over;
  };
  const leave = async (messages: readonly Message[]): Promise<void> => {
    for await (const batch of engine.run(turn(messages), new AbortController().signal)) {
      if (batch.some(({ type }) => type === "text")) return;
    }
  };
  const leaveAt: Scene["leaveAt"] = async (nth, messages) => {
    const leaving = new AbortController();
    const { blowAt } = cli;
    let left = nth;
    cli.blowAt = (at, process, line) => {
      if (at === "history" && --left === 0) leaving.abort();
      return blowAt(at, process, line);
    };
    const { error } = await collect(engine.run(turn(messages), leaving.signal));
    assert.deepEqual([(error as BridgeError | undefined)?.code, left], ["client_closed", 0]);
  };
  return { cli, engine, ask, leave, leaveAt };
}

const one = [user("one")];
const two = [...one, assistant("one!"), user("two")];
const edited = [...one, assistant("one!"), user("2")];
const branched = [...one, assistant("one!"), user("2"), assistant("2!"), user("3"), assistant("3!"), user("4")];

const callAndResults: readonly Message[] = [
  user("two (call)"), { role: "assistant", content: [...assistant("two (call)!").content, ...callsOf(["toolu_1", "look"]).content] } as Message,
  resultsOf(["toolu_1", "a bird"]),
];

const twoTurns = async ({ ask }: Scene): Promise<void> => {
  for (const messages of [one, two]) assert.equal((await ask(messages)).error, undefined);
};

const cases: readonly Case[] = [
  { at: "before the request is written", before: twoTurns, messages: edited, point: "before the request" },
  { at: "when the request is written, and not answered", before: twoTurns, messages: edited, point: "rewind" },
  { at: "when it has answered, before the question", before: twoTurns, messages: edited, point: "answered" },
  { at: "when it has answered, before the rest is told", before: twoTurns, messages: branched, point: "answered" },
  { at: "at the first message of the rest", before: twoTurns, messages: branched, point: "history" },
  { at: "while the rest is told", before: twoTurns, messages: branched, point: "history", nth: 3 },
  { at: "at the question", before: twoTurns, messages: edited, point: "question" },
  {
    at: "when it is emptied for another conversation", before: twoTurns, messages: [user("new")], point: "rewind",
  },
  {
    at: "when it is emptied, before it takes another model", before: twoTurns, messages: [user("new")], point: "model", more: { model: "sonnet" },
  },
  {
    at: "when it has answered, before it takes another limit", before: twoTurns, messages: edited, point: "setting", more: { maxTokens: 2_000 },
  },
  {
    at: "in the middle of an answer that the client left", messages: edited, point: "rewind", before: ({ ask }) => ask(one),
    leaves: ({ leave }) => leave([...one, assistant("one!"), user("two (held)")]),
  },
  {
    at: "when it is taken back from a history that was told in part", messages: edited, point: "rewind", before: ({ ask }) => ask(one),
    leaves: ({ leaveAt }) => leaveAt(2, branched),
  },
  {
    at: "with a call parked that the client passes by", messages: edited, point: "rewind",
    before: async (scene) => {
      await scene.ask(one);
      const { events } = await scene.ask([...one, assistant("one!"), user("two (call)")]);
      assert.equal(summaryOf(events).stopReason, "tool_use");
    },
  },
  {
    at: "with a call parked whose results come", messages: [...one, assistant("one!"), ...callAndResults], point: "result",
    before: async (scene) => {
      await scene.ask(one);
      assert.equal(summaryOf((await scene.ask([...one, assistant("one!"), user("two (call)")])).events).stopReason, "tool_use");
    },
  },
];

/** Strikes the process that stands on the conversation, once, at the point. */
function strikeAt({ cli }: Scene, { point, nth = 1 }: Case, blow: Blow): { readonly struck: () => boolean } {
  let left = nth;
  let struck = false;
  const [first] = cli.living;
  cli.blowAt = (at, process) => {
    if (at !== point || process !== first || --left !== 0) return undefined;
    struck = true;
    return blow;
  };
  return { struck: () => struck };
}

describe("a process that is struck at a rewind", () => {
  for (const row of cases) {
    for (const blow of ["killed", "hangs"] as const) {
      it(`${row.at}: ${blow}`, async (t) => {
        const scene = await start(t);
        const { cli, engine, ask } = scene;
        // What is taken back by itself is struck in the turn before.
        await row.before(scene);
        const strike = strikeAt(scene, row, blow);
        await row.leaves?.(scene);
        const [first] = cli.living;
        const complete = (messages: readonly Message[]): Promise<readonly Message[]> => {
          if (row.point === "before the request" && first !== undefined) first.strike(blow);
          return Promise.resolve(messages);
        };
        const { events, error } = await ask(row.messages, complete, row.more);
        assert.ok(row.point === "before the request" || strike.struck(), "it was struck");
        assert.equal(error, undefined);
        const history = row.messages.map(({ content }) => content.map((block) => (block.type === "text" ? block.text : block.type)).join(""));
        assert.equal(summaryOf(events).text, `${history.at(-1)}!`);
        await isOver(scene, first);
        assert.deepEqual(cli.living[0]?.said.map(({ text }) => text), [...history, `${history.at(-1)}!`], "told what the client said, and nothing else");
        // The next turn finds all places free.
        cli.blowAt = () => undefined;
        assert.equal((await ask([user("after all")])).error, undefined);
        assert.ok(cli.living.length <= 2);
        await engine.close(0);
        assert.deepEqual([engine.status.processes.all, cli.living.length, cli.clock.pending], [0, 0, 0]);
      });
    }
  }
});

/** The struck one is gone, though it hung; and what was answered is kept. */
async function isOver({ cli, engine }: Scene, struck: { readonly state: string } | undefined): Promise<void> {
  for (let passedMs = 0; passedMs < 10_000; passedMs += stepMs) {
    cli.clock.pass(stepMs);
    await nextRound();
  }
  await until(() => struck?.state === "closed" && engine.status.processes.all === cli.living.length);
  assert.equal(engine.status.runningTurns + engine.status.waitingTurns, 0);
  assert.ok(cli.living.length <= 1);
}

/** A client that leaves before its question is written: its process, and the conversation in it, stay. */
import assert from "node:assert/strict";
import { it, type TestContext } from "node:test";
import type { BridgeError } from "../../src/errors.ts";
import type { Message } from "../../src/turn/message.ts";
import { ScriptedCli } from "../support/scripted-cli.ts";
import { restingIn, startEngine, until } from "../support/started-engine.ts";
import { collect, collectUnchecked } from "../support/turn-events.ts";
import { assistant, never, turnOf, user } from "../support/turns.ts";

const one = [user("one"), assistant("one!")];
const long = [...one, ...Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? user(`${index}`) : assistant(`${index}`))), user("last")];

const bootMs = 600;

async function start(t: TestContext, maxProcesses = 4) {
  const cli = new ScriptedCli();
  t.after(() => cli.killAll());
  const { engine } = startEngine(t, { file: process.execPath, leadingArguments: [] }, { world: cli.world, maxProcesses, conversationIdleMsMax: 600_000 });
  await engine.discover();
  await until(() => engine.status.processes.all === engine.status.processes.warm);
  const ask = async (messages: readonly Message[]) => {
    assert.equal((await collect(engine.run(turnOf({ model: "opus", messages }), never))).error, undefined);
  };
  /** Leaves as soon as something holds. */
  const leave = async (messages: readonly Message[], holds: () => boolean): Promise<void> => {
    const leaving = new AbortController();
    const over = collectUnchecked(engine.run(turnOf({ model: "opus", messages }), leaving.signal));
    await until(holds);
    leaving.abort();
    assert.equal(((await over).error as BridgeError).code, "client_closed");
  };
  /** Leaves while the turn's process boots. */
  const leaveBooting = async (messages: readonly Message[]): Promise<void> => {
    cli.bootMs = bootMs;
    await leave(messages, () => engine.status.processes.running === 1);
    cli.bootMs = 0;
  };
  return { cli, engine, ask, leave, leaveBooting };
}

it("a process that was told a part of a history is taken back to where it stood, and goes on", async (t) => {
  const { cli, engine, ask, leave } = await start(t);
  await ask(one.slice(0, 1));
  const first = cli.living[0] ?? assert.fail();
  let isToldSome = false;
  cli.blowAt = (point, process) => {
    isToldSome ||= point === "history" && process.said.length === 5;
    return undefined;
  };
  await leave(long, () => isToldSome);
  await until(() => restingIn(engine) === 1);
  assert.deepEqual(first.said.map(({ text }) => text), ["one", "one!"]);
  await ask([...one, user("two")]);
  const { wentOn, rewound } = engine.status.turns;
  assert.deepEqual([cli.living, wentOn, rewound, engine.status.turns.told.process_ended], [[first], 2, 0, 0]);
});

it("a process that boots for a turn is kept, and is given to the next conversation with that beginning", async (t) => {
  const { cli, engine, ask, leaveBooting } = await start(t);
  await leaveBooting(long);
  await until(() => engine.status.processes.booting === 1);
  cli.clock.pass(bootMs);
  await until(() => restingIn(engine) === 1);
  const booted = cli.living;
  assert.deepEqual(booted.map(({ said }) => said), [[]]);
  await ask(one.slice(0, 1));
  const { toldOn } = engine.status.turns;
  assert.deepEqual([cli.living, toldOn.recycled, toldOn.booted], [booted, 1, 1]);
});

it("a process that boots for a turn is ended where another turn needs its place", async (t) => {
  const { cli, engine, ask, leaveBooting } = await start(t, 1);
  await leaveBooting(long);
  const [left] = cli.living;
  await ask(one.slice(0, 1));
  assert.equal(left?.state, "closed");
  cli.clock.pass(bootMs);
  await engine.close(0);
  assert.deepEqual([left?.state, cli.clock.pending], ["closed", 0]);
});

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

async function start(t: TestContext) {
  const cli = new ScriptedCli();
  t.after(() => cli.killAll());
  const { engine } = startEngine(t, { file: process.execPath, leadingArguments: [] }, { world: cli.world, conversationIdleMsMax: 600_000 });
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
  return { cli, engine, ask, leave };
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

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ageMsMax, conversationFactor, growthBytesMax, noteMemory, type RenewalFacts, turnsBetweenLooks, turnsMax, whyRenewed, type Wear,
} from "../../src/engine/renewal.ts";
import { refillDelayMs } from "../../src/engine/refill-timer.ts";
import { ScriptedCli } from "../support/scripted-cli.ts";
import { startEngine, until } from "../support/started-engine.ts";
import { collect } from "../support/turn-events.ts";
import { ask, never } from "../support/turns.ts";

const wear = { turns: 1, firstBytes: 1_000, bytes: 1_000 };
const facts = (more: Partial<RenewalFacts> = {}): RenewalFacts => ({ isSuperseded: false, isOfAnotherDay: false, ageMs: 0, wear, ...more });

describe("a process is renewed", () => {
  it("where no turn may get it, be it in the middle of a conversation", () => {
    for (const isForConversation of [true, false]) {
      assert.equal(whyRenewed(facts({ isSuperseded: true }), isForConversation), "superseded");
      assert.equal(whyRenewed(facts({ isOfAnotherDay: true }), isForConversation), "date");
    }
  });

  for (const [reason, worn] of [
    ["turns", (factor: number) => ({ wear: { ...wear, turns: turnsMax * factor } })],
    ["age", (factor: number) => ({ ageMs: ageMsMax * factor })],
    ["memory", (factor: number) => ({ wear: { ...wear, bytes: wear.bytes + growthBytesMax * factor + 1 } })],
  ] as const) {
    it(`by its ${reason}, later in the middle of a conversation`, () => {
      const reasons = [1, conversationFactor].map((factor) => [whyRenewed(facts(worn(factor)), false), whyRenewed(facts(worn(factor)), true)]);
      assert.deepEqual(reasons, [[reason, undefined], [reason, reason]]);
    });
  }

  it("not just below each limit, nor for what is not known of its memory", () => {
    const below = { turns: turnsMax - 1, firstBytes: undefined, bytes: 1e12 };
    assert.equal(whyRenewed(facts({ ageMs: ageMsMax - 1, wear: below }), false), undefined);
    assert.equal(whyRenewed(facts({ wear: { ...wear, bytes: wear.bytes + growthBytesMax } }), false), undefined);
  });
});

it("the memory of a process is looked at after its first turn, and seldom then", () => {
  const worn: Wear = { turns: 0, firstBytes: undefined, bytes: undefined };
  const looks: number[] = [];
  for (worn.turns = 1; worn.turns <= 2 * turnsBetweenLooks + 1; worn.turns++) noteMemory(worn, () => looks.push(worn.turns));
  assert.deepEqual([looks, worn.firstBytes, worn.bytes], [[1, turnsBetweenLooks + 1, 2 * turnsBetweenLooks + 1], 1, 3]);
});

it("a renewal is hidden: the turn after it gets the warm process, and none waits for a boot", async (t) => {
  const cli = new ScriptedCli();
  t.after(() => cli.killAll());
  const { engine } = startEngine(t, { file: process.execPath, leadingArguments: [] }, { world: cli.world, warm: 1, conversationIdleMsMax: 600_000 });
  await engine.discover();
  const isWarm = (): boolean => engine.status.processes.warm === 1 && engine.status.processes.probed + engine.status.processes.ending === 0;
  await until(isWarm);
  let asked = 0;
  const askNext = async (): Promise<void> => {
    assert.equal((await collect(engine.run(ask(`question ${asked++}`, { model: "opus" }), never))).error, undefined);
  };
  await askNext();
  cli.clock.pass(refillDelayMs);
  await until(isWarm);
  while (asked <= turnsMax) await askNext();
  assert.deepEqual(engine.status.turns.toldOn, { booted: 0, warm: 2, recycled: turnsMax - 1 });
  assert.equal(cli.processes[1]?.ending, "exit code 0");
});

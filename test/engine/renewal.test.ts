import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ageMsMax, conversationFactor, growthBytesMax, noteMemory, type RenewalFacts, turnsBetweenLooks, turnsMax, whyRenewed, type Wear,
} from "../../src/engine/renewal.ts";

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

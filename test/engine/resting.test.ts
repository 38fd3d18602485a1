import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HistoryHash } from "../../src/engine/history-hash.ts";
import { bootsForTurn, type OwnedProcess, type Use } from "../../src/engine/owned-process.ts";
import { surplusOf } from "../../src/engine/resting.ts";
import { rested, warm } from "../support/owned-processes.ts";

const owned = (use: Use, more: { readonly isUp?: boolean; readonly isEnding?: boolean } = {}): OwnedProcess =>
  ({ use, process: { isUp: more.isUp ?? true }, isEnding: more.isEnding ?? false }) as unknown as OwnedProcess;

describe("used processes that no other conversation can have", () => {
  const beginning = "B" as HistoryHash;
  const all = [owned(rested("a b")), owned(rested("c d", { beginning: "other" })), owned(warm()), owned(rested("e f")), owned(rested("g h i j")), owned(rested("k l"))];

  it("are those of conversations of one question with the same beginning, but for the last ones", () => {
    assert.deepEqual(surplusOf(all, beginning, 1), [all[0], all[3]]);
    assert.deepEqual(surplusOf(all, beginning, 2), [all[0]]);
    assert.deepEqual(surplusOf(all, beginning, 3), []);
    assert.deepEqual(surplusOf(all, beginning, 4), []);
  });
});

describe("a process that boots for a turn", () => {
  const running = { name: "running", conversation: {}, timeline: { beginning: "B" } } as unknown as Use;

  it("is one that a turn has, and that has not come up", () => {
    assert.equal(bootsForTurn(owned(running, { isUp: false })), true);
    assert.equal(bootsForTurn(owned(running)), false, "it is up");
    assert.equal(bootsForTurn(owned(warm(), { isUp: false })), false, "no turn has it");
    assert.equal(bootsForTurn(owned(running, { isUp: false, isEnding: true })), false, "it ends");
  });
});

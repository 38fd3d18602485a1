import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import type { Conversation } from "../../src/claude/conversation.ts";
import { Conversations, type Hit, type MissReason } from "../../src/engine/conversations.ts";
import type { HistoryHash } from "../../src/engine/history-hash.ts";
import { StandInProcess } from "../support/stand-in-process.ts";

const [idleMsMax, parkedMsMax] = [60_000, 300_000];
const hashes = (...names: string[]): HistoryHash[] => names as HistoryHash[];
const [a, b] = hashes("a", "b") as [HistoryHash, HistoryHash];

function start(t: TestContext, restingMax = Infinity): Conversations {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const conversations = new Conversations({ idleMsMax, parkedMsMax, restingMax });
  t.after(() => conversations.clear());
  return conversations;
}

interface StandInConversation { readonly process: StandInProcess; readonly asConversation: Conversation }

function conversation(isParked = false): StandInConversation {
  const process = new StandInProcess("opus", "ready");
  return { process, asConversation: { process, isParked } as unknown as Conversation };
}

function take(table: Conversations, known: readonly HistoryHash[]): Hit | MissReason {
  return table.take(known, ({ process }) => process.state === "ready");
}

function hit(found: Hit | string): Hit {
  assert.ok(typeof found !== "string", `a miss: ${String(found)}`);
  return found;
}

describe("the table of conversations", () => {
  it("finds the process that stands at a part of the history, and how much that is", (t) => {
    const table = start(t);
    const kept = conversation();
    table.keep(kept.asConversation, b);
    const found = hit(take(table, hashes("a", "b", "c")));
    assert.equal(found.conversation, kept.asConversation);
    assert.equal(found.seen, 2);
    assert.equal(found.hash, b);
  });

  it("prefers the one that knows more", (t) => {
    const table = start(t);
    const [less, more] = [conversation(), conversation()];
    table.keep(more.asConversation, b);
    table.keep(less.asConversation, a);
    assert.equal(hit(take(table, hashes("a", "b", "c"))).conversation, more.asConversation);
    assert.equal(hit(take(table, hashes("a", "b", "c"))).conversation, less.asConversation);
  });

  it("tells how much of a history is known, and leaves the process where it is", (t) => {
    const table = start(t);
    const kept = conversation();
    table.keep(kept.asConversation, b);
    const isReady = ({ process }: Conversation): boolean => process.state === "ready";
    const seen = (...names: string[]): number => table.seen(hashes(...names), isReady);
    assert.deepEqual([seen("a", "b", "c"), seen("a", "b", "c"), seen("a", "b"), seen("a")], [2, 2, 0, 0]);
    assert.deepEqual([table.seen(hashes("a", "b", "c"), () => false), table.size], [0, 1]);
  });

  it("keeps so many and no more: the least recently used one ends, but none that waits for tools", (t) => {
    const table = start(t, 2);
    const parked = conversation(true);
    const [first, second, third] = [conversation(), conversation(), conversation()];
    for (const { asConversation } of [parked, first, second]) table.keep(asConversation, a);
    assert.equal(table.size, 3);
    const taken = hit(table.take(hashes("a", "b"), (kept) => kept === first.asConversation));
    table.release(taken);
    table.keep(first.asConversation, a);
    table.keep(third.asConversation, b);
    assert.deepEqual([parked, first, second, third].map(({ process }) => process.ends), [0, 0, 1, 0]);
    assert.equal(table.size, 3);
  });

  it("gives a process to one request only, and several that stand at the same point to several", (t) => {
    const table = start(t);
    const kept = [conversation(), conversation()];
    for (const { asConversation } of kept) table.keep(asConversation, a);
    assert.equal(table.size, 2);
    const found = [hit(take(table, hashes("a", "x"))), hit(take(table, hashes("a", "y")))].map((one) => one.conversation);
    assert.deepEqual(new Set(found), new Set(kept.map((one) => one.asConversation)));
    assert.equal(take(table, hashes("a", "z")), "in_use");
    assert.equal(table.size, 0);
  });

  it("never gives a process that has seen the whole of it: the last message is what is asked", (t) => {
    const table = start(t);
    table.keep(conversation().asConversation, b);
    assert.equal(take(table, hashes("a", "b")), "unknown_history");
    assert.equal(take(table, hashes("b")), "first_message");
    assert.equal(table.size, 1);
  });

  it("tells what it does not know", (t) => {
    const table = start(t);
    assert.equal(take(table, hashes("a")), "first_message");
    assert.equal(take(table, hashes("a", "b")), "unknown_history");
    assert.equal(take(table, []), "unknown_history");
  });

  it("tells that another request has the process, until that is over", (t) => {
    const table = start(t);
    for (const { asConversation } of [conversation(), conversation()]) table.keep(asConversation, a);
    const uses = [hit(take(table, hashes("a", "x"))), hit(take(table, hashes("a", "x")))] as const;
    assert.equal(take(table, hashes("a", "x")), "in_use");
    table.release(uses[0]);
    assert.equal(take(table, hashes("a", "x")), "in_use");
    table.release(uses[1]);
    assert.equal(take(table, hashes("a", "x")), "unknown_history");
  });

  it("ends one that rested for too long, and tells so", (t) => {
    const table = start(t);
    const kept = conversation();
    table.keep(kept.asConversation, a);
    t.mock.timers.tick(idleMsMax - 1);
    assert.equal(kept.process.ends, 0);
    t.mock.timers.tick(1);
    assert.equal(kept.process.ends, 1);
    assert.equal(table.size, 0);
    assert.equal(take(table, hashes("a", "x")), "idle_time");
  });

  it("does not count the time of a turn as rest", (t) => {
    const table = start(t);
    const kept = conversation();
    table.keep(kept.asConversation, a);
    t.mock.timers.tick(idleMsMax - 1);
    const found = hit(take(table, hashes("a", "x")));
    t.mock.timers.tick(idleMsMax);
    assert.equal(kept.process.ends, 0);
    table.release(found);
    table.keep(kept.asConversation, b);
    t.mock.timers.tick(idleMsMax - 1);
    assert.equal(kept.process.ends, 0);
    assert.equal(hit(take(table, hashes("b", "x"))).conversation, kept.asConversation);
  });

  it("ends the one that rested longest when room is needed, and tells so", (t) => {
    const table = start(t);
    const [first, second] = [conversation(), conversation()];
    table.keep(first.asConversation, a);
    table.keep(second.asConversation, b);
    // Used again: now the second is the oldest.
    table.release(hit(take(table, hashes("a", "x"))));
    table.keep(first.asConversation, a);
    assert.equal(table.evictOne(), true);
    assert.deepEqual([first.process.ends, second.process.ends], [0, 1]);
    assert.equal(take(table, hashes("b", "x")), "evicted");
    assert.equal(table.evictOne(), true);
    assert.equal(table.evictOne(), false);
    assert.equal(table.size, 0);
  });

  it("ends those that wait for the client's tools last", (t) => {
    const table = start(t);
    const [parked, idle] = [conversation(true), conversation()];
    table.keep(parked.asConversation, a);
    table.keep(idle.asConversation, b);
    table.evictOne();
    assert.deepEqual([parked.process.ends, idle.process.ends], [0, 1]);
    table.evictOne();
    assert.equal(parked.process.ends, 1);
  });

  it("forgets one whose process dies, and tells so", async (t) => {
    const table = start(t);
    const kept = conversation();
    table.keep(kept.asConversation, a);
    kept.process.die();
    await nextRound();
    assert.equal(table.size, 0);
    assert.equal(take(table, hashes("a", "x")), "process_ended");
  });

  it("passes over a process that is ending, and takes the next that stands there", (t) => {
    const table = start(t);
    const [ending, able] = [conversation(), conversation()];
    table.keep(ending.asConversation, a);
    table.keep(able.asConversation, a);
    ending.process.state = "closing";
    assert.equal(hit(take(table, hashes("a", "x"))).conversation, able.asConversation);
    assert.equal(table.size, 1, "it leaves the table when it is gone");
  });

  it("asks of each whether it can go on, and after how many messages", (t) => {
    const table = start(t);
    const [less, more] = [conversation(), conversation()];
    table.keep(less.asConversation, a);
    table.keep(more.asConversation, b);
    const asked: [Conversation, number][] = [];
    const found = table.take(hashes("a", "b", "c"), (candidate, seen) => {
      asked.push([candidate, seen]);
      return candidate === less.asConversation;
    });
    assert.equal(hit(found).conversation, less.asConversation);
    assert.deepEqual(asked, [[more.asConversation, 2], [less.asConversation, 1]]);
    assert.equal(table.size, 1);
  });

  it("lets one that waits for the client's tools wait longer", (t) => {
    const table = start(t);
    const parked = conversation(true);
    table.keep(parked.asConversation, a);
    t.mock.timers.tick(parkedMsMax - 1);
    assert.equal(parked.process.ends, 0);
    t.mock.timers.tick(1);
    assert.equal(parked.process.ends, 1);
    assert.equal(take(table, hashes("a", "x")), "idle_time");
  });

  it("does not take a process that dies during its turn for one that rested", async (t) => {
    const table = start(t);
    const kept = conversation();
    table.keep(kept.asConversation, a);
    table.release(hit(take(table, hashes("a", "x"))));
    kept.process.die();
    await nextRound();
    assert.equal(take(table, hashes("a", "x")), "unknown_history");
  });

  it("knows nothing against a point that is stood at again", (t) => {
    const table = start(t);
    table.keep(conversation().asConversation, a);
    assert.equal(table.evictOne(), true);
    table.keep(conversation().asConversation, a);
    table.release(hit(take(table, hashes("a", "x"))));
    assert.equal(take(table, hashes("a", "x")), "unknown_history");
  });

  it("does not tell of one that ended while another stands at the same point", (t) => {
    const table = start(t);
    table.keep(conversation().asConversation, a);
    const other = conversation();
    table.keep(other.asConversation, a);
    assert.equal(table.evictOne(), true);
    assert.equal(hit(take(table, hashes("a", "x"))).conversation, other.asConversation);
  });

  it("remembers why for the last thousand that ended, and no more", (t) => {
    const table = start(t);
    for (let index = 0; index < 1_001; index++) {
      table.keep(conversation().asConversation, `h${index}` as HistoryHash);
      table.evictOne();
    }
    assert.equal(take(table, hashes("h0", "x")), "unknown_history");
    assert.equal(take(table, hashes("h1", "x")), "evicted");
    assert.equal(take(table, hashes("h1000", "x")), "evicted");
  });

  it("ends them all when it is cleared", (t) => {
    const table = start(t);
    const kept = [conversation(), conversation(), conversation()];
    for (const [index, { asConversation }] of kept.entries()) table.keep(asConversation, index === 0 ? a : b);
    table.clear();
    assert.deepEqual(kept.map(({ process }) => process.ends), [1, 1, 1]);
    assert.equal(table.size, 0);
  });
});

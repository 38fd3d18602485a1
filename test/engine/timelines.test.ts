import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import type { Conversation } from "../../src/claude/conversation.ts";
import type { HistoryHash, Timeline } from "../../src/engine/history-hash.ts";
import type { MissReason, Resting } from "../../src/engine/resting.ts";
import {
  cheapKept, type Found, restingOfBeginningMax, surplusMsMax, type TimelineOptions, Timelines,
} from "../../src/engine/timelines.ts";
import type { Turn } from "../../src/turn/turn.ts";
import { clockOf } from "../support/hand-clock.ts";
import { StandInProcess } from "../support/stand-in-process.ts";
import { turnOf, user } from "../support/turns.ts";

const [idleMsMax, parkedMsMax] = [60_000, 300_000];
const all = { rewindSteps: true, rewindMany: true, rewindToEmpty: true, answerTarget: true };
const none = { rewindSteps: false, rewindMany: false, rewindToEmpty: false, answerTarget: false };
const monday = "Mon Nov 30 2026";

/** `a b c` after the beginning `B`: each word is the hash after one more message. */
function timeline(words: string, beginning = "B"): Timeline {
  return { beginning: beginning as HistoryHash, hashes: words.split(" ").filter(Boolean) as HistoryHash[] };
}

/** A turn of as many messages. */
function turn({ hashes }: Timeline): Turn {
  return turnOf({ messages: hashes.map((hash) => user(hash)) });
}

interface StandIn { readonly process: StandInProcess; readonly resting: Resting }

interface StandInOptions {
  readonly isParked?: boolean;
  /** The ids of the calls whose results it waits for. */
  readonly awaitedCalls?: readonly string[];
  /** How many messages each place keeps to which it can be rewound. */
  readonly places?: readonly number[];
  readonly beginning?: string;
  readonly canContinue?: boolean;
  readonly day?: string;
}

function standIn(words: string, options: StandInOptions = {}): StandIn {
  const { isParked = false, awaitedCalls = [], places = [], beginning, canContinue = true, day = monday } = options;
  const process = new StandInProcess("opus", "ready");
  const conversation = {
    process, isParked, awaitedCalls, canContinue: () => canContinue,
    keptWithin: (max: number, { rewindSteps }: typeof all) => (rewindSteps ? places.findLast((kept) => kept <= max) : undefined),
  } as unknown as Conversation;
  return { process, resting: { conversation, timeline: timeline(words, beginning), day } };
}

function start(t: TestContext, options: Partial<TimelineOptions> = {}): Timelines {
  const table = new Timelines({
    idleMsMax, parkedMsMax, restingMax: Infinity, capabilities: () => all, clock: clockOf(t), ...options,
  });
  t.after(() => table.clear());
  return table;
}

function take(table: Timelines, words: string, beginning?: string): Found | MissReason {
  const asked = timeline(words, beginning);
  return table.take(turn(asked), asked);
}

function found(one: Found | MissReason): Found {
  assert.ok(typeof one !== "string", `a miss: ${String(one)}`);
  return one;
}

describe("the table of timelines", () => {
  it("finds the process whose timeline a request goes on with", (t) => {
    const table = start(t);
    const kept = standIn("a b");
    table.keep(kept.resting);
    assert.deepEqual(found(take(table, "a b c")), { resting: kept.resting, kept: 2, isRewound: false, hash: "b" });
    assert.equal(table.size, 0);
  });

  it("finds the process that can be rewound to where the request parts from it", (t) => {
    const table = start(t);
    const kept = standIn("a b c d", { places: [0, 2] });
    table.keep(kept.resting);
    assert.deepEqual(found(take(table, "a b x")), { resting: kept.resting, kept: 2, isRewound: true, hash: "b" });
  });

  it("rewinds no further than needed, and to no place that it does not have in common", (t) => {
    const table = start(t);
    table.keep(standIn("a b c d e f", { places: [0, 2, 4] }).resting);
    const { kept } = found(take(table, "a b c x y"));
    assert.equal(kept, 2, "4 would keep a message that the request does not have");
  });

  it("tells the last message anew, though the process has seen it: an answer is wanted again", (t) => {
    const table = start(t);
    table.keep(standIn("a b c d", { places: [0, 2] }).resting);
    assert.deepEqual([found(take(table, "a b c")).kept, table.size], [2, 0]);
  });

  it("takes the longest common history, and of two that are as long the one that goes on", (t) => {
    const table = start(t);
    const [short, long, branched] = [standIn("a"), standIn("a b c d", { places: [0, 2] }), standIn("a b")];
    for (const { resting } of [short, long, branched]) table.keep(resting);
    assert.equal(found(take(table, "a b x")).resting, branched.resting);
    assert.equal(found(take(table, "a b x")).resting, long.resting);
    assert.equal(found(take(table, "a b x")).resting, short.resting);
  });

  it("never takes a process that has nothing in common: that is another conversation", (t) => {
    const table = start(t);
    table.keep(standIn("a b", { places: [0] }).resting);
    assert.equal(take(table, "x y z"), "unknown_history");
    assert.equal(take(table, "x"), "first_message");
    assert.equal(table.size, 1);
    const { kept, isRewound } = found(take(table, "a"));
    assert.deepEqual([kept, isRewound], [0, true], "its first question again");
  });

  it("gives up a call that its client has passed by, and none that may still be answered", (t) => {
    const table = start(t);
    const parked = standIn("a b", { isParked: true, canContinue: false, places: [0] });
    table.keep(parked.resting);
    assert.equal(take(table, "a x y"), "unknown_history", "another branch");
    assert.equal(found(take(table, "a b c")).resting, parked.resting);
  });

  it("gives up a call that stands in a request's history, whatever the client changed before it, and its process where it cannot be moved", (t) => {
    const waiting = { isParked: true, awaitedCalls: ["toolu_1-a", "toolu_2"], canContinue: false, places: [0] };
    const history = turnOf({ messages: [
      { role: "user", content: [{ type: "text", text: "changed" }] },
      { role: "assistant", content: ["toolu1a", "toolu2"].map((id) => ({ type: "tool_use", id, name: "look", input: {} })) },
      { role: "user", content: [{ type: "text", text: "and now?" }] },
    ] });
    const table = start(t);
    const parked = standIn("a b", waiting);
    table.keep(parked.resting);
    assert.equal(table.take(history, timeline("x y z", "other")), "unknown_history", "of another beginning");
    const { resting, kept, isRewound } = found(table.take(history, timeline("x y z")));
    assert.deepEqual([resting, kept, isRewound], [parked.resting, 0, true]);
    const fixed = start(t, { capabilities: () => none });
    fixed.keep(standIn("a b", waiting).resting);
    fixed.keep(standIn("a b", { ...waiting, awaitedCalls: ["toolu_3"] }).resting);
    assert.equal(fixed.take(history, timeline("x y z")), "unknown_history");
    assert.equal(fixed.size, 1, "the one that waits for a call of another conversation");
  });

  it("takes none of another beginning, though the messages are the same", (t) => {
    const table = start(t);
    table.keep(standIn("a b", { places: [0] }).resting);
    assert.equal(take(table, "a b c", "other"), "unknown_history");
  });

  it("takes none over a change of the date", (t) => {
    const table = start(t);
    table.keep(standIn("a b", { day: "Sun Nov 29 2026", places: [0] }).resting);
    assert.equal(take(table, "a b c"), "unknown_history");
    assert.equal(table.takeOver(timeline("x"), true), undefined);
  });

  it("rewinds nothing where the CLI cannot", (t) => {
    const table = start(t, { capabilities: () => none });
    table.keep(standIn("a b c d", { places: [0, 2] }).resting);
    assert.equal(take(table, "a b x"), "unknown_history");
    assert.equal(table.takeOver(timeline("x"), true), undefined);
    assert.equal(found(take(table, "a b c d e")).kept, 4);
  });

  it("rewinds one that cannot go on, such as one that waits for other results", (t) => {
    const table = start(t);
    table.keep(standIn("a b c d", { isParked: true, canContinue: false, places: [0, 2] }).resting);
    const { kept, isRewound } = found(take(table, "a b c d e"));
    assert.deepEqual([kept, isRewound], [2, true]);
  });

  it("tells how much of a request a process keeps, and leaves it where it is", (t) => {
    const table = start(t);
    table.keep(standIn("a b c d", { places: [0, 2] }).resting);
    const kept = (words: string): number => table.kept(turn(timeline(words)), timeline(words));
    assert.deepEqual([kept("a b c d e"), kept("a b x"), kept("a x"), kept("x")], [4, 2, 0, 0]);
    assert.equal(table.size, 1);
  });

  it("passes over a process that is ending; it leaves the table when it is gone", (t) => {
    const table = start(t);
    const [ending, able] = [standIn("a"), standIn("a")];
    for (const { resting } of [ending, able]) table.keep(resting);
    ending.process.state = "closing";
    assert.equal(found(take(table, "a x")).resting, able.resting);
    assert.equal(table.size, 1);
  });

  it("gives a process to one request only", (t) => {
    const table = start(t);
    table.keep(standIn("a").resting);
    const first = found(take(table, "a x"));
    assert.equal(take(table, "a y"), "in_use");
    table.release(first);
    assert.equal(take(table, "a y"), "unknown_history");
  });
});

describe("a conversation that is given up for another", () => {
  it("is a short one, though a warm process waits", (t) => {
    const table = start(t);
    const [long, short] = [standIn("a b c d", { places: [0, 2] }), standIn("x y", { places: [0] })];
    for (const { resting } of [long, short]) table.keep(resting);
    assert.equal(table.takeOver(timeline("new"), false), short.resting.conversation);
    assert.equal(table.takeOver(timeline("new"), false), undefined, "a long one is worth more than a warm process");
    assert.equal(table.takeOver(timeline("new"), true), long.resting.conversation);
    assert.equal(take(table, "x y z"), "evicted");
  });

  it("is the least recently used one where many rest", (t) => {
    const table = start(t);
    const many = Array.from({ length: restingOfBeginningMax }, (_, index) => standIn(`${index} b c d`, { places: [0, 2] }));
    for (const { resting } of many) table.keep(resting);
    assert.equal(table.takeOver(timeline("new"), false), many[0]?.resting.conversation);
    assert.equal(table.takeOver(timeline("new"), false), undefined);
  });

  it("has the same beginning, can be emptied, and waits for no tools", (t) => {
    const table = start(t);
    for (const { resting } of [
      standIn("a b", { places: [0], beginning: "other" }), standIn("a b"), standIn("a b", { places: [0], isParked: true }),
    ]) table.keep(resting);
    assert.equal(table.takeOver(timeline("new"), true), undefined);
    assert.equal(table.emptiable("opus"), 1);
    assert.equal(table.emptiable("haiku"), 0);
  });
});

describe("a process that rests", () => {
  it("ends after its time, and the next request is told so", (t) => {
    const table = start(t);
    const kept = standIn("a b c");
    table.keep(kept.resting);
    clockOf(t).pass(idleMsMax - 1);
    assert.equal(kept.process.ends, 0);
    clockOf(t).pass(1);
    assert.deepEqual([kept.process.ends, table.size], [1, 0]);
    assert.equal(take(table, "a b c x"), "idle_time");
  });

  it("may wait longer for the client's tools", (t) => {
    const table = start(t);
    const parked = standIn("a b", { isParked: true });
    table.keep(parked.resting);
    clockOf(t).pass(parkedMsMax - 1);
    assert.equal(parked.process.ends, 0);
    clockOf(t).pass(1);
    assert.equal(parked.process.ends, 1);
  });

  it("rests anew after each turn", (t) => {
    const table = start(t);
    const kept = standIn("a b c");
    table.keep(kept.resting);
    clockOf(t).pass(idleMsMax - 1);
    table.release(found(take(table, "a b c x")));
    clockOf(t).pass(idleMsMax);
    table.keep(kept.resting);
    clockOf(t).pass(idleMsMax - 1);
    assert.equal(kept.process.ends, 0);
  });

  it("is one of few soon, where many have a short conversation of one beginning", (t) => {
    const table = start(t);
    const many = Array.from({ length: cheapKept + 2 }, (_, index) => standIn(`${index} b`, { places: [0] }));
    const others = [standIn("x y z w", { places: [0, 2] }), standIn("a b", { places: [0], beginning: "other" })];
    for (const { resting } of [...many, ...others]) table.keep(resting);
    clockOf(t).pass(surplusMsMax);
    assert.deepEqual(many.map(({ process }) => process.ends), [1, 1, 0, 0]);
    assert.deepEqual(others.map(({ process }) => process.ends), [0, 0]);
    clockOf(t).pass(idleMsMax);
    assert.equal(table.size, 0);
  });

  it("ends when room is needed: the one that rested longest, and one that waits for tools last", (t) => {
    const table = start(t);
    const [parked, first, second] = [standIn("p", { isParked: true }), standIn("a b c"), standIn("d e f")];
    for (const { resting } of [parked, first, second]) table.keep(resting);
    table.release(found(take(table, "a b c x")));
    table.keep(first.resting);
    assert.equal(table.evictOne(), true);
    assert.deepEqual([parked, first, second].map(({ process }) => process.ends), [0, 0, 1]);
    assert.equal(take(table, "d e f x"), "evicted");
    assert.deepEqual([table.evictOne(), parked.process.ends], [true, 0]);
    assert.deepEqual([table.evictOne(), parked.process.ends], [true, 1]);
    assert.equal(table.evictOne(), false);
  });

  it("is one of so many that wait for no tools; the least recently used one goes", (t) => {
    const table = start(t, { restingMax: 2 });
    const [parked, ...others] = [standIn("p", { isParked: true }), standIn("a b c"), standIn("d e f"), standIn("g h i")];
    for (const { resting } of [parked, ...others]) table.keep(resting);
    assert.deepEqual([parked, ...others].map(({ process }) => process.ends), [0, 1, 0, 0]);
  });

  it("is forgotten when its process dies, and the next request is told so", async (t) => {
    const table = start(t);
    const kept = standIn("a");
    table.keep(kept.resting);
    kept.process.die();
    await nextRound();
    assert.equal(table.size, 0);
    assert.equal(take(table, "a x"), "process_ended");
  });
});

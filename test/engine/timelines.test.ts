import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Capabilities } from "../../src/claude/capabilities.ts";
import type { HistoryHash } from "../../src/engine/history-hash.ts";
import type { OwnedProcess, Rested } from "../../src/engine/owned-process.ts";
import { bestMatch, comingFree, type Found, givenUp, restingOfBeginningMax, standIns } from "../../src/engine/timelines.ts";
import { rested, timelineOfWords } from "../support/owned-processes.ts";
import { turnOf, user } from "../support/turns.ts";

const all = { rewindSteps: true, rewindMany: true, rewindToEmpty: true, answerTarget: true, setModel: true };
const none = { rewindSteps: false, rewindMany: false, rewindToEmpty: false, answerTarget: false, setModel: false };
const profile = { hash: "B" as HistoryHash, turn: turnOf({ model: "opus" }), isMovable: true };

interface StandInOptions {
  readonly name?: Rested["name"];
  /** The ids of the calls whose results it waits for. */
  readonly awaitedCalls?: readonly string[];
  /** How many messages each place keeps to which it can be rewound. */
  readonly places?: readonly number[];
  readonly beginning?: string;
  readonly canContinue?: boolean;
  readonly model?: string;
}

function standIn(words: string, { awaitedCalls = [], places = [], canContinue = true, model = "opus", ...options }: StandInOptions = {}): OwnedProcess {
  const conversation = {
    model, awaitedCalls, canContinue: () => canContinue,
    keptWithin: (max: number, { rewindSteps }: typeof all) => (rewindSteps ? places.findLast((kept) => kept <= max) : undefined),
  };
  return { use: rested(words, { ...options, conversation }) } as unknown as OwnedProcess;
}

/** What is found for a request whose messages have these hashes. */
function find(usable: readonly OwnedProcess[], words: string, more: { readonly beginning?: string; readonly capabilities?: Capabilities } = {}): Found | undefined {
  const asked = timelineOfWords(words, more.beginning);
  const turn = turnOf({ messages: asked.hashes.map((hash) => user(hash)) });
  return bestMatch(usable, turn, asked, more.capabilities ?? all);
}

describe("the process for a request's history", () => {
  it("is the one whose timeline the request goes on with", () => {
    const one = standIn("a b");
    const { owned, kept, isRewound, hash } = find([one], "a b c") ?? assert.fail();
    assert.deepEqual([owned, kept, isRewound, hash], [one, 2, false, "b"]);
  });

  it("is the one that can be rewound to where the request parts from it", () => {
    const one = standIn("a b c d", { places: [0, 2] });
    const { owned, kept, isRewound, hash } = find([one], "a b x") ?? assert.fail();
    assert.deepEqual([owned, kept, isRewound, hash], [one, 2, true, "b"]);
  });

  it("is told an answer anew whose thinking differs from its own, and keeps its own where the request has none", () => {
    const one = standIn("a b/1 c d", { places: [0, 1, 2] });
    const found = ["a b c d e", "a b/1 c d e", "a b/2 c d e"].map((words) => find([one], words));
    assert.deepEqual(found.map((match) => [match?.kept, match?.isRewound]), [[4, false], [4, false], [1, true]]);
  });

  it("is none whose call may still be answered, where a resting one keeps as much", () => {
    const parked = standIn("a b c d", { name: "parked", awaitedCalls: ["toolu_1"], places: [0, 2] });
    const resting = standIn("a b e f", { places: [0, 2] });
    for (const usable of [[parked, resting], [resting, parked]]) assert.equal(find(usable, "a b x")?.owned, resting);
    assert.equal(find([parked], "a b x")?.owned, parked);
  });

  it("is rewound no further than needed, and to no place that it does not have in common", () => {
    const found = find([standIn("a b c d e f", { places: [0, 2, 4] })], "a b c x y");
    assert.equal(found?.kept, 2, "4 would keep a message that the request does not have");
  });

  it("is told the last message anew, though it has seen it: an answer is wanted again", () => {
    assert.equal(find([standIn("a b c d", { places: [0, 2] })], "a b c")?.kept, 2);
  });

  it("has the longest common history, and of two that are as long it is the one that goes on", () => {
    const [short, long, branched] = [standIn("a"), standIn("a b c d", { places: [0, 2] }), standIn("a b")];
    assert.equal(find([short, long, branched], "a b x")?.owned, branched);
    assert.equal(find([short, long], "a b x")?.owned, long);
    assert.equal(find([short], "a b x")?.owned, short);
  });

  it("is none that has nothing in common: that is another conversation", () => {
    const usable = [standIn("a b", { places: [0] })];
    assert.equal(find(usable, "x y z"), undefined);
    assert.equal(find(usable, "x"), undefined);
    const found = find(usable, "a");
    assert.deepEqual([found?.kept, found?.isRewound], [0, true], "its first question again");
  });

  it("gives up a call that its client has passed by, and none that may still be answered", () => {
    const parked = standIn("a b", { name: "parked", canContinue: false, places: [0] });
    assert.equal(find([parked], "a x y"), undefined, "another branch");
    assert.equal(find([parked], "a b c")?.owned, parked);
  });

  it("gives up a call in a branch that was left, where no other process has anything of the history", () => {
    const left = standIn("a b c d e f", { name: "parked", awaitedCalls: ["toolu_1"], places: [0, 2, 4] });
    const { owned, kept, isRewound } = find([left], "a b c d x") ?? assert.fail();
    assert.deepEqual([owned, kept, isRewound], [left, 4, true]);
    assert.equal(find([left], "a b x")?.kept, 2, "further back");
    const resting = standIn("a b y z", { places: [0, 2] });
    for (const usable of [[left, resting], [resting, left]]) assert.equal(find(usable, "a b c x")?.owned, resting, "it keeps less, and nobody waits for it");
  });

  it("gives up a call that stands in a request's history, whatever the client changed before it", () => {
    const waiting = { name: "parked", awaitedCalls: ["toolu_1-a", "toolu_2"], canContinue: false, places: [0] } as const;
    const history = turnOf({ messages: [
      { role: "user", content: [{ type: "text", text: "changed" }] },
      { role: "assistant", content: ["toolu1a", "toolu2"].map((id) => ({ type: "tool_use", id, name: "look", input: {} })) },
      { role: "user", content: [{ type: "text", text: "and now?" }] },
    ] });
    const parked = standIn("a b", waiting);
    const match = (one: OwnedProcess, from = "B", capabilities: Capabilities = all): Found | undefined => bestMatch([one], history, timelineOfWords("x y z", from), capabilities);
    assert.equal(match(parked, "other"), undefined, "it has nothing for another beginning");
    const { owned, kept, isRewound } = match(parked) ?? assert.fail();
    assert.deepEqual([owned, kept, isRewound], [parked, 0, true]);
    assert.equal(match(parked, "B", none), undefined, "it cannot be moved");
    assert.equal(match(standIn("a b", { ...waiting, awaitedCalls: ["toolu_3"] })), undefined, "it waits for a call of another conversation");
  });

  it("is none of another beginning, though the messages are the same", () => {
    assert.equal(find([standIn("a b", { places: [0] })], "a b c", { beginning: "other" }), undefined);
  });

  it("is not rewound where the CLI cannot", () => {
    const usable = [standIn("a b c d", { places: [0, 2] })];
    assert.equal(find(usable, "a b x", { capabilities: none }), undefined);
    assert.equal(find(usable, "a b c d e", { capabilities: none })?.kept, 4);
  });

  it("is rewound where it cannot go on, such as one that waits for other results", () => {
    const found = find([standIn("a b c d", { name: "parked", canContinue: false, places: [0, 2] })], "a b c d e");
    assert.deepEqual([found?.kept, found?.isRewound], [2, true]);
  });
});

describe("a conversation that is given up for another", () => {
  const [long, short] = [standIn("a b c d e f g h i j", { places: [0, 2] }), standIn("s t u v w x y z", { places: [0] })];

  it("is a short one, though a warm process waits", () => {
    assert.equal(givenUp([long, short], profile, all, false)?.owned, short);
    assert.equal(givenUp([long], profile, all, false), undefined, "a long one is worth more than a warm process");
    assert.equal(givenUp([long], profile, all, true)?.owned, long);
  });

  it("is the one that has rested longest where many rest", () => {
    const many = Array.from({ length: restingOfBeginningMax }, (_, index) => standIn(`${index} b c d e f g h i`, { places: [0, 2] }));
    assert.equal(givenUp(many, profile, all, false)?.owned, many[0]);
    assert.equal(givenUp(many.slice(1), profile, all, false), undefined);
  });

  it("has the same beginning, can be emptied, and waits for no tools", () => {
    const usable = [standIn("a b", { places: [0], beginning: "other" }), standIn("a b"), standIn("a b", { places: [0], name: "parked" })];
    assert.equal(givenUp(usable, profile, all, true), undefined);
    assert.equal(givenUp([short], profile, none, true), undefined);
  });

  it("is one of any model, where the CLI can change that", () => {
    const other = standIn("a b", { places: [0], model: "haiku" });
    assert.equal(givenUp([other], profile, all, false)?.owned, other);
    assert.equal(givenUp([other], { ...profile, isMovable: false }, all, true), undefined);
  });
});

describe("the processes that stand in for warm ones", () => {
  it("are used ones with the same beginning that can be emptied, now or when their turn is over", () => {
    const running = (from: string): OwnedProcess => ({ use: { name: "running", timeline: { beginning: from }, conversation: { model: "opus" } } }) as unknown as OwnedProcess;
    const usable = [standIn("a b", { places: [0] }), standIn("a b", { places: [0], beginning: "other" }), standIn("a b")];
    const processes = { usable, all: [...usable, running("B"), running("other")] };
    assert.deepEqual(standIns(processes, profile, all), [usable[0], processes.all[3]]);
    assert.deepEqual(standIns(processes, profile, none), []);
    assert.deepEqual(comingFree(processes.all, profile, all), [processes.all[3]]);
  });
});

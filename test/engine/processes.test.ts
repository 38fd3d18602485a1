import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import type { Conversation } from "../../src/claude/conversation.ts";
import { ageMsMax, conversationFactor, growthBytesMax, turnsBetweenLooks, turnsMax } from "../../src/engine/renewal.ts";
import { comingFree, givenUp } from "../../src/engine/timelines.ts";
import { cheapKept, surplusMsMax, warmAgeMsMax } from "../../src/engine/resting.ts";
import type { HistoryHash } from "../../src/engine/history-hash.ts";
import type { OwnedProcess } from "../../src/engine/owned-process.ts";
import { idleMsMax, type OwnedProcesses, ownProcesses, parkedMsMax, rested, timelineOfWords, warm } from "../support/owned-processes.ts";
import { never, turnOf } from "../support/turns.ts";

const all = { rewindSteps: true, rewindMany: true, rewindToEmpty: true, answerTarget: true, setModel: true };

const counted = { booting: 0, probed: 0, running: 0, warm: 0, resting: 0, parked: 0, ending: 0 };

describe("the owner of processes", () => {
  it("knows what each does, from the moment it is asked for until it has exited", async (t) => {
    const { processes, started } = ownProcesses(t);
    const leasing = processes.lease("turn", "opus", never);
    assert.deepEqual([processes.counts, processes.size], [{ ...counted, booting: 1 }, 1]);
    const owned = await leasing;
    const { conversation, timeline } = rested("a b");
    processes.run(owned, conversation, timeline);
    assert.deepEqual(processes.counts, { ...counted, running: 1 });
    for (const name of ["resting", "parked"] as const) {
      processes.release(owned, { name, conversation, timeline });
      assert.deepEqual(processes.counts, { ...counted, [name]: 1 });
    }
    processes.release(owned, warm());
    assert.deepEqual(processes.counts, { ...counted, warm: 1 });
    const [process] = started;
    if (process !== undefined) process.lingers = true;
    processes.end(owned);
    assert.deepEqual([processes.counts, processes.size], [{ ...counted, ending: 1 }, 1]);
    process?.die();
    await nextRound();
    assert.deepEqual([processes.counts, processes.size, process?.ends], [counted, 0, 1]);
  });

  it("starts no more than the cap: what no turn has asked for gets no place, and a turn waits for one", async (t) => {
    const { processes, leased, started } = ownProcesses(t, { max: 2 });
    const first = await leased();
    await leased();
    assert.equal(await processes.lease("warm", "opus"), undefined);
    assert.equal(await processes.lease("probe", "opus"), undefined);
    const third = leased();
    await nextRound();
    assert.deepEqual([started.length, processes.shortage, processes.room], [2, 1, 0]);
    processes.end(first);
    await third;
    assert.deepEqual([started.length, processes.size, processes.shortage], [3, 2, 0]);
  });

  it("kills a process that must ask the model nothing more, and reads the rest of what it wrote once its turn is over", async (t) => {
    const { processes, started, leased } = ownProcesses(t);
    const owned = await leased();
    const offers: string[] = [];
    processes.watch({ onFree: () => offers.push(owned.use.name) });
    processes.run(owned, {} as Conversation, timelineOfWords("a"));
    processes.end(owned, "process_ended", { reason: "cut", haste: "at once" });
    assert.deepEqual([owned.use.name, offers, started[0]?.kills, started[0]?.ends], ["ending", ["ending"], 1, 0]);
    processes.end(owned, "process_ended");
    assert.deepEqual([offers.length, started[0]?.kills, started[0]?.ends], [1, 1, 1]);
  });

  it("vacates the place of a process that could not be started", async (t) => {
    const owner = ownProcesses(t, { max: 1 });
    owner.fault = new Error("no room on the disk");
    await assert.rejects(owner.leased(), owner.fault);
    owner.fault = undefined;
    assert.deepEqual([owner.processes.size, (await owner.leased()).use.name], [0, "booting"]);
  });

  it("starts none for a client that left", async (t) => {
    const { processes, started } = ownProcesses(t, { max: 1 });
    await assert.rejects(processes.lease("turn", "opus", AbortSignal.abort()), { code: "client_closed" });
    const leaving = new AbortController();
    const late = assert.rejects(processes.lease("turn", "opus", leaving.signal), { code: "client_closed" });
    leaving.abort();
    await late;
    assert.deepEqual([started.length, processes.size], [0, 0]);
  });

  it("ends for each turn that waits one, the cheapest: probe, superseded, warm, idle, parked; a running one never", async (t) => {
    const { processes, leased, released, clock } = ownProcesses(t, { max: 6 });
    const parked = await released(rested("p", { name: "parked" }));
    const idle = await released(rested("a b c"));
    const ready = await released(warm());
    clock.pass(1);
    clock.date = "Tue Dec 01 2026";
    const running = await leased();
    processes.run(running, warm().conversation, timelineOfWords("x"));
    const probed = await processes.lease("probe", "opus");
    const newer = await leased();
    processes.release(newer, warm());
    const order = [probed, parked, idle, ready, newer];
    const leases: Promise<unknown>[] = [];
    for (const [index, one] of order.entries()) {
      leases.push(leased());
      assert.deepEqual(order.map((other) => other?.use.name === "ending"), order.map((_, at) => at <= index), `${index} ${one?.use.name}`);
    }
    await Promise.all(leases);
    assert.equal(running.use.name, "running");
  });

  it("ends one that boots for a turn which has got another, before any that is up, also for a turn that waits already", async (t) => {
    const { processes, leased, released, started } = ownProcesses(t, { max: 2 });
    const ready = await released(warm());
    for (const process of started) process.isUp = true;
    const spare = await leased();
    processes.spare(spare);
    assert.equal(spare.use.name, "booting", "nobody needs its place");
    const booting = await leased();
    assert.deepEqual([spare, ready].map(({ use }) => use.name), ["ending", "warm"]);
    processes.run(ready, warm().conversation, timelineOfWords("x"));
    const waiting = leased();
    assert.equal(booting.use.name, "booting");
    processes.spare(booting);
    assert.equal(booting.use.name, "ending");
    processes.spare(ready);
    assert.equal(ready.use.name, "running", "a turn has it");
    await waiting;
  });

  it("ends one that boots for a turn which was left, and counts its history as lost", async (t) => {
    const { processes, leased, whereabouts } = ownProcesses(t, { max: 1 });
    const booting = await leased();
    processes.run(booting, warm().conversation, timelineOfWords("x y"));
    processes.spare(booting);
    assert.equal(booting.use.name, "booting");
    assert.equal(whereabouts.why(timelineOfWords("x y z")), "process_ended");
    await leased();
    assert.equal(booting.use.name, "ending");
  });

  it("tells the probe's why it ends", async (t) => {
    const { leased, processes, started } = ownProcesses(t, { max: 1 });
    await processes.lease("probe", "opus");
    await leased();
    assert.equal(started[0]?.failure?.code, "server_busy");
  });

  it("lets turns that wait for a process look before it ends one for a turn that waits for a place", async (t) => {
    const { processes, leased, started } = ownProcesses(t, { max: 1 });
    const owned = await leased();
    const { conversation, timeline } = rested("a b");
    processes.run(owned, conversation, timeline);
    const waiting = new AbortController();
    const place = assert.rejects(processes.lease("turn", "opus", waiting.signal), { code: "client_closed" });
    processes.watch({
      onFree: () => {
        const [free] = processes.usable;
        if (free !== undefined) processes.run(free, conversation, timeline);
        waiting.abort();
      },
    });
    processes.release(owned, rested("a b"));
    await place;
    assert.deepEqual([owned.use.name, started[0]?.ends], ["running", 0]);
  });

  it("tells who watches of each exit, and of what the process did", async (t) => {
    const { processes, leased, released } = ownProcesses(t);
    const exits: string[] = [];
    processes.watch({ onExit: (_owned, use) => exits.push(use.name) });
    const dead = await released(warm());
    (dead.process as unknown as { die: () => void }).die();
    processes.end(await leased());
    await nextRound();
    assert.deepEqual(exits, ["warm", "ending"]);
  });

  it("keeps no process that died while its turn was on", async (t) => {
    const { processes, leased, started, whereabouts } = ownProcesses(t);
    const owned = await leased();
    started[0]?.die();
    await nextRound();
    processes.release(owned, rested("a b c"));
    assert.deepEqual([processes.size, processes.usable], [0, []]);
    assert.equal(whereabouts.why(timelineOfWords("a b c d")), "unknown_history", "it never had this");
  });

  it("keeps none any more once it drains, and starts only what a turn needs", async (t) => {
    const { processes, leased, released } = ownProcesses(t);
    const free = [await released(rested("a b c")), await released(rested("p", { name: "parked" })), await released(warm())];
    const running = await leased();
    processes.drain();
    assert.deepEqual(free.map(({ use }) => use.name), ["ending", "ending", "ending"]);
    processes.release(running, rested("d e f"));
    assert.equal(running.use.name, "ending");
    assert.equal(await processes.lease("warm", "opus"), undefined);
    assert.equal((await leased()).use.name, "booting");
    await processes.close();
    await assert.rejects(leased(), { code: "shutting_down" });
  });
});

describe("a free process", () => {
  it("ends after its time: one that waits for tools later than one that rests", async (t) => {
    const { released, clock } = ownProcesses(t);
    const all = [await released(rested("a b c")), await released(warm()), await released(rested("p", { name: "parked" }))];
    const isLeft = (): boolean[] => all.map(({ use }) => use.name !== "ending");
    for (const [ms, left] of [[idleMsMax, [false, true, true]], [parkedMsMax, [false, true, false]], [warmAgeMsMax, [false, false, false]]] as const) {
      clock.pass(ms - clock.monotonic() - 1);
      assert.notDeepEqual(isLeft(), left);
      clock.pass(1);
      assert.deepEqual(isLeft(), left);
    }
  });

  it("rests anew after each turn", async (t) => {
    const { processes, released, clock } = ownProcesses(t);
    const use = rested("a b c");
    const owned = await released(use);
    clock.pass(idleMsMax - 1);
    processes.run(owned, use.conversation, use.timeline);
    clock.pass(idleMsMax);
    processes.release(owned, use);
    clock.pass(idleMsMax - 1);
    assert.equal(owned.use, use);
  });

  it("is one of few soon, where many have a short conversation of one beginning", async (t) => {
    const { released, clock } = ownProcesses(t);
    const many = [];
    for (let index = 0; index < cheapKept + 2; index++) many.push(await released(rested(`${index} b`)));
    const others = [await released(rested("x y z w")), await released(rested("a b", { beginning: "other" }))];
    clock.pass(surplusMsMax);
    assert.deepEqual(many.map(({ use }) => use.name === "ending"), [true, true, false, false]);
    assert.deepEqual(others.map(({ use }) => use.name), ["resting", "resting"]);
    clock.pass(idleMsMax - surplusMsMax - 1);
    assert.equal(many.at(-1)?.use.name, "resting");
    clock.pass(1);
    assert.ok([...many, ...others].every(({ use }) => use.name === "ending"));
  });

  it("is one of so many that rest: one of a single question goes first, but not the one that has just come free", async (t) => {
    const { released, clock } = ownProcesses(t, { restingMax: 2 });
    const all = [];
    for (const [words, left] of [["a b c", [true]], ["d e", [true, true]], ["f g h", [true, false, true]], ["i j", [false, false, true, true]]] as const) {
      all.push(await released(rested(words)));
      clock.pass(1);
      assert.deepEqual(all.map(({ use }) => use.name !== "ending"), left, words);
    }
  });

  it("is one of so many that wait for no tools; the one that has rested longest goes", async (t) => {
    const { released, clock } = ownProcesses(t, { restingMax: 2 });
    const all = [];
    for (const use of [rested("p", { name: "parked" }), rested("a b c"), rested("d e f"), warm(), rested("g h i")]) {
      all.push(await released(use));
      clock.pass(1);
    }
    assert.deepEqual(all.map(({ use }) => use.name === "ending"), [false, true, false, false, false]);
  });

  it("is told apart from one that never was: why a conversation has to be told again", async (t) => {
    const { processes, whereabouts, released, clock, started } = ownProcesses(t);
    const why = (words: string): string => whereabouts.why(timelineOfWords(`${words} asked`));
    await released(rested("a b c"));
    assert.equal(why("a b c"), "unknown_history", "it is still there");
    clock.pass(idleMsMax);
    assert.equal(why("a b c"), "idle_time");
    await released(rested("d e f"));
    started.at(-1)?.die();
    await nextRound();
    assert.equal(why("d e f"), "process_ended");
    processes.end(await released(rested("g h i")));
    assert.equal(why("g h i"), "evicted");
    processes.end(await released(rested("j k l")), "rewind_refused");
    assert.equal(why("j k l"), "rewind_refused");
    await released(rested("m n o"));
    processes.supersede();
    assert.equal(why("m n o"), "renewed");
    await released(rested("a b c"));
    assert.equal(why("a b c"), "unknown_history", "it is there again");
    const twin = await released(rested("a b c"));
    processes.end(twin);
    assert.equal(why("a b c"), "unknown_history", "the other has it");
    whereabouts.enter("c" as HistoryHash);
    assert.equal(why("a b c"), "in_use");
    whereabouts.leave("c" as HistoryHash);
    assert.equal(why(""), "first_message");
  });
});

describe("a process that ends in a turn", () => {
  for (const [what, reason, end] of [
    ["is ended", "rewind_refused", ({ processes }, owned) => processes.end(owned, "rewind_refused")],
    ["dies", "process_ended", ({ started }) => started[0]?.die()],
  ] as readonly (readonly [string, string, (owner: OwnedProcesses, owned: OwnedProcess) => void])[]) {
    it(`and ${what} tells why the history is told anew, to another question and behind the broken answer`, async (t) => {
      const owner = ownProcesses(t);
      const { processes, whereabouts } = owner;
      const owned = await owner.leased();
      const use = rested("a b");
      processes.run(owned, use.conversation, timelineOfWords("a b asked"));
      end(owner, owned);
      await nextRound();
      const why = (words: string): string => whereabouts.why(timelineOfWords(words));
      assert.deepEqual(["a b asked", "a b other", "a b asked broken on"].map(why), [reason, reason, reason]);
      assert.deepEqual(["a", "x y z"].map(why), ["first_message", "unknown_history"]);
      await owner.released(use);
      assert.equal(why("a b asked"), "unknown_history", "another has it");
    });
  }

  it("and had the first question of a conversation leaves no history but that", async (t) => {
    const { processes, whereabouts, leased } = ownProcesses(t);
    const owned = await leased();
    processes.run(owned, warm().conversation, timelineOfWords("asked"));
    processes.end(owned);
    assert.equal(whereabouts.why(timelineOfWords("asked")), "first_message");
    assert.equal(whereabouts.why(timelineOfWords("asked broken on")), "evicted");
  });
});

describe("a process is replaced", () => {
  it("when program, configuration or login have changed: a free one at once, others when they come free", async (t) => {
    const { processes, leased, released } = ownProcesses(t);
    const [running, resting, ready] = [await leased(), await released(rested("a b c")), await released(warm())];
    const parked = await released(rested("p", { name: "parked" }));
    processes.supersede();
    assert.deepEqual([running, resting, ready, parked].map(({ use }) => use.name), ["booting", "ending", "ending", "parked"]);
    processes.release(running, rested("d e f"));
    assert.equal(running.use.name, "ending");
    assert.deepEqual(processes.usable, [parked], "its turn is not over");
    processes.release(parked, rested("p q r"));
    assert.equal(parked.use.name, "ending");
  });

  it("when the local date has changed: no turn gets one of yesterday", async (t) => {
    const { processes, leased, released, clock } = ownProcesses(t);
    const [running, parked] = [await leased(), await released(rested("p", { name: "parked" }))];
    await released(rested("a b c"));
    clock.date = "Tue Dec 01 2026";
    assert.deepEqual(processes.usable, []);
    processes.release(running, rested("d e f"));
    assert.deepEqual([running.use.name, parked.use.name], ["ending", "parked"]);
  });

  it("after so many turns, and at a certain age, when it is free", async (t) => {
    const { processes, leased, clock } = ownProcesses(t, { idleMsMax: Infinity });
    const use = rested("a b");
    const worn = await leased();
    for (let turn = 1; turn <= turnsMax; turn++) {
      assert.notEqual(worn.use.name, "ending", `${turn}`);
      processes.run(worn, use.conversation, use.timeline);
      processes.release(worn, use);
    }
    assert.equal(worn.use.name, "ending");
    const old = await leased();
    clock.pass(ageMsMax - 1);
    processes.release(old, use);
    assert.equal(old.use, use);
    processes.run(old, use.conversation, use.timeline);
    clock.pass(1);
    processes.release(old, { ...use, name: "parked" });
    assert.equal(old.use.name, "parked", "its turn is not over");
    processes.release(old, use);
    assert.equal(old.use.name, "ending");
  });

  it("later where its conversation would have to be told anew; until then no other conversation gets it", async (t) => {
    const { processes, leased } = ownProcesses(t);
    const use = rested("a b c", { conversation: { model: turnOf().model, keptWithin: () => 0 } });
    const owned = await leased();
    const turns = (upTo: number): void => {
      while (owned.wear.turns < upTo) {
        processes.run(owned, use.conversation, use.timeline);
        processes.release(owned, use);
      }
    };
    const { beginning } = use.timeline;
    const profile = { hash: beginning, turn: turnOf(), isMovable: true };
    turns(turnsMax - 1);
    assert.equal(givenUp(processes.usable, profile, all, true)?.owned, owned);
    turns(turnsMax);
    assert.deepEqual([owned.use, processes.usable], [use, [owned]], "its conversation has it still");
    assert.equal(givenUp(processes.usable, profile, all, true), undefined);
    processes.run(owned, use.conversation, use.timeline);
    assert.deepEqual(comingFree(processes.all, profile, all), []);
    processes.release(owned, use);
    turns(turnsMax * conversationFactor);
    assert.equal(owned.use.name, "ending");
  });

  it("when its memory has grown by so much since its first turn; it is looked at seldom", async (t) => {
    const owner = ownProcesses(t);
    const { processes, leased } = owner;
    const use = rested("a b");
    const owned = await leased();
    const turn = (): void => {
      processes.run(owned, use.conversation, use.timeline);
      processes.release(owned, use);
    };
    owner.memory = 200_000_000;
    turn();
    owner.memory += growthBytesMax;
    for (let turns = 0; turns < turnsBetweenLooks; turns++) turn();
    assert.equal(owned.use, use, "it has not grown beyond it");
    owner.memory += 1;
    for (let turns = 1; turns < turnsBetweenLooks; turns++) turn();
    assert.equal(owned.use, use, "nobody has looked");
    turn();
    assert.equal(owned.use.name, "ending");
    assert.match(owner.log.at(-1) ?? "", /a process is renewed reason=memory turns=17$/u);
  });

  it("when it has grown by very much while a call of it waits, and for no other reason then", async (t) => {
    const owner = ownProcesses(t);
    const { processes, leased } = owner;
    const use = rested("a b c", { name: "parked" });
    const owned = await leased();
    const step = (): void => {
      processes.run(owned, use.conversation, use.timeline);
      processes.release(owned, use);
    };
    owner.memory = 200_000_000;
    for (let steps = 0; steps <= turnsMax * conversationFactor; steps++) step();
    owner.memory += growthBytesMax * conversationFactor;
    for (let steps = 0; steps < turnsBetweenLooks; steps++) step();
    assert.equal(owned.use, use);
    owner.memory += 1;
    for (let steps = 0; steps < turnsBetweenLooks; steps++) step();
    assert.equal(owned.use.name, "ending");
    assert.match(owner.log.at(-1) ?? "", /a process is renewed reason=memory/u);
  });

  it("by no memory where the system does not tell it", async (t) => {
    const { processes, leased } = ownProcesses(t);
    const use = rested("a b c");
    const owned = await leased();
    for (let turns = 0; turns < 3 * turnsBetweenLooks; turns++) {
      processes.run(owned, use.conversation, use.timeline);
      processes.release(owned, use);
    }
    assert.equal(owned.use, use);
  });
});

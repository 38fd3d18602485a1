/** How a turn gets a process, on processes behind which nothing runs. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import type { Conversation } from "../../src/claude/conversation.ts";
import { RewindRefused } from "../../src/claude/history.ts";
import { Account } from "../../src/engine/account.ts";
import { BootTimeout } from "../../src/claude/watch.ts";
import { Boots } from "../../src/engine/boots.ts";
import type { Cli } from "../../src/engine/cli.ts";
import { freeWaitMsLeast, freeWaitsMsLeast } from "../../src/engine/free-waits.ts";
import { type Timeline, timelineOf } from "../../src/engine/history-hash.ts";
import { KnownCapabilities } from "../../src/engine/known-capabilities.ts";
import { Moves } from "../../src/engine/moves.ts";
import type { OwnedProcess } from "../../src/engine/owned-process.ts";
import { Pace } from "../../src/engine/pace.ts";
import { RecentUse } from "../../src/engine/recent-use.ts";
import { RefillTimer } from "../../src/engine/refill-timer.ts";
import type { Seat, Seeker } from "../../src/engine/seat.ts";
import { SeatSearch } from "../../src/engine/seat-search.ts";
import { Seats } from "../../src/engine/seats.ts";
import { comingFree } from "../../src/engine/timelines.ts";
import { WarmProcesses } from "../../src/engine/warm-processes.ts";
import { createLogger } from "../../src/log.ts";
import { ownProcesses, type OwnedProcesses } from "../support/owned-processes.ts";
import { assistant, never, systemOf, turnOf, user } from "../support/turns.ts";

interface Scene extends OwnedProcesses {
  readonly seats: Seats;
  readonly pace: Pace;
  /** Whether a running process could later serve another conversation that begins like the last one. */
  readonly expectsFree: () => boolean;
  /** A turn of a new conversation that looks for a process. */
  readonly find: (name: string, signal?: AbortSignal, system?: string) => Promise<Seat>;
  /** Its turn is over: it was answered. */
  readonly finish: (seat: Seat, name: string, system?: string) => void;
  /** How many rewinds are refused from now on. */
  refusals: number;
  readonly boots: Boots;
  /** Resolves when a process has accepted what it was prepared with. */
  prepared: () => Promise<void>;
}

const turnNamed = (name: string, system = "Be brief.") => turnOf({ model: "opus", system: systemOf(system), messages: [user(name)] });
function timelineAfter(name: string, system?: string): Timeline {
  return timelineOf({ ...turnNamed(name, system), messages: [user(name), assistant("ok")] });
}

function start(t: TestContext, options: { readonly max?: number } = {}): Scene {
  const owner = ownProcesses(t, options);
  const { processes, whereabouts, clock } = owner;
  const log = createLogger("silent", () => {});
  const capabilities = new KnownCapabilities(clock);
  capabilities.learn({ rewindSteps: true, rewindMany: true, rewindToEmpty: true, answerTarget: true, setModel: true });
  const converse = (): Conversation => ({
    model: "opus", isParked: false, isReusable: true, isDead: false, awaitedCalls: [],
    keptWithin: () => 0, canContinue: () => true, prepare: () => scene.prepared(),
    rewind: () => (scene.refusals-- > 0 ? Promise.reject(new RewindRefused("no", undefined)) : Promise.resolve(0)),
  } as unknown as Conversation);
  const recent = new RecentUse(clock);
  const pace = new Pace();
  const warm = new WarmProcesses({
    warm: 0, processes, capabilities, recent, account: new Account(log, clock), isMovable: () => true, converse, refills: new RefillTimer(clock), clock, log,
  });
  warm.prepare("opus");
  const cli = { ensureUsable: () => Promise.resolve() } as unknown as Cli;
  const moves = new Moves({ processes, capabilities, log });
  const boots = new Boots(clock);
  const search = new SeatSearch({ cli, processes, warm, moves, recent, boots, capabilities, converse, clock, pace });
  const seats = new Seats({ processes, warm, moves, whereabouts, capabilities, clock, pace });
  const scene: Scene = {
    ...owner, seats, pace, boots, refusals: 0, expectsFree: () => comingFree(processes.all, recent.beginning, capabilities.current).length > 0, prepared: () => nextRound(),
    find: (name, signal = never, system) => {
      const turn = turnNamed(name, system);
      const timeline = timelineOf(turn);
      const seeker: Seeker = { turn, timeline, profile: { hash: timeline.beginning, turn, isMovable: true }, missed: "first_message" };
      return search.find(seeker, signal);
    },
    finish: (seat, name, system) => seats.keepAnswered(seat, timelineAfter(name, system)),
  };
  return scene;
}

describe("a turn that finds no free process", () => {
  it("boots one at once where none with its beginning runs", async (t) => {
    const { find, started } = start(t);
    assert.deepEqual([(await find("one")).way, started.length], ["booted", 1]);
  });

  it("waits a little for one that runs, and has it the moment it comes free", async (t) => {
    const { find, finish, started, clock } = start(t);
    const first = await find("one");
    const second = find("two");
    await nextRound();
    clock.pass(freeWaitMsLeast - 1);
    finish(first, "one");
    assert.deepEqual([first.owned.use.name, started.length], ["running", 1], "nobody else can have it in between");
    const { way, owned, takenBack } = await second;
    assert.deepEqual([way, owned, takenBack], ["recycled", first.owned, 2]);
  });

  it("boots one after that, takes whichever is first, and leaves the other for the next turn", async (t) => {
    const { find, finish, started, processes, clock } = start(t);
    const first = await find("one");
    const second = find("two");
    await nextRound();
    clock.pass(freeWaitMsLeast);
    await Promise.resolve();
    finish(first, "one");
    assert.equal((await second).owned, first.owned);
    await nextRound();
    await nextRound();
    assert.deepEqual([started.length, processes.counts.warm], [2, 1]);
    const third = await find("three");
    assert.deepEqual([third.way, third.owned.process], ["warm", started[1]?.asProcess]);
  });

  it("leaves the place of the other to a turn that has none, before that one is up", async (t) => {
    const scene = start(t, { max: 2 });
    const { find, finish, started, clock } = scene;
    scene.prepared = () => new Promise(() => {});
    const first = await find("one");
    const second = find("two");
    await nextRound();
    clock.pass(freeWaitMsLeast);
    await nextRound();
    finish(first, "one");
    assert.equal((await second).owned, first.owned);
    assert.deepEqual([started.length, started[1]?.ends], [2, 0]);
    assert.equal((await find("three", never, "Another.")).way, "booted");
    assert.deepEqual([started.length, started[1]?.ends], [3, 1]);
  });

  it("leaves a note that the other does not come up, though the turn has one", async (t) => {
    const scene = start(t);
    const { find, finish, clock, boots } = scene;
    let fail = (): void => {};
    scene.prepared = () => new Promise((_resolve, reject) => (fail = () => reject(new BootTimeout(60_000))));
    const first = await find("one");
    const second = find("two");
    await nextRound();
    clock.pass(freeWaitMsLeast);
    await nextRound();
    finish(first, "one");
    assert.equal((await second).owned, first.owned);
    assert.equal(boots.fault, undefined);
    fail();
    await nextRound();
    assert.match(boots.fault ?? "", /did not boot within 60 s/u);
  });

  it("has the one that was booted for it where none came free before", async (t) => {
    const { find, clock } = start(t);
    await find("one");
    const second = find("two");
    await nextRound();
    clock.pass(freeWaitMsLeast);
    assert.equal((await second).way, "booted");
  });

  it("waits for as long as a boot took where answers take less, and no longer than that where they take more", async (t) => {
    const { find, finish, started, pace, clock } = start(t);
    pace.noteBoot(800);
    const first = await find("one");
    clock.pass(60);
    finish(first, "one");
    const [running] = await Promise.all([find("two")]);
    const waiting = find("three");
    await nextRound();
    clock.pass(799);
    await nextRound();
    assert.equal(started.length, 1, "the last answer took 60 ms");
    finish(running, "two");
    const slow = await waiting;
    clock.pass(5_000);
    finish(slow, "three");
    await find("four");
    const impatient = find("five");
    await nextRound();
    clock.pass(freeWaitMsLeast);
    assert.equal((await impatient).way, "booted", "the last answer took 5 s");
  });

  it("waits longer while others come free that earlier turns have, and not for ever", async (t) => {
    const { find, finish, started, clock } = start(t, { max: 3 });
    let running = await find("one");
    const waiting = ["two", "three", "four"].map((name) => find(name));
    await nextRound();
    for (const [index, turn] of waiting.slice(0, 2).entries()) {
      clock.pass(freeWaitMsLeast - 1);
      finish(running, `${index}`);
      running = await turn;
      await nextRound();
    }
    assert.equal(started.length, 1, "each freed one was worth the wait of the next");
    clock.pass(freeWaitsMsLeast);
    assert.equal((await waiting[2])?.way, "booted");
  });

  it("does not wait for a place any more, once it has a process", async (t) => {
    const { find, finish, processes, clock } = start(t, { max: 1 });
    const first = await find("one");
    const second = find("two");
    await nextRound();
    clock.pass(freeWaitMsLeast);
    await nextRound();
    assert.equal(processes.shortage, 1, "it waits for a place to boot in");
    finish(first, "one");
    assert.deepEqual([(await second).owned, processes.shortage], [first.owned, 0]);
  });

  it("goes to another where the process that came free could not be emptied, which is ended", async (t) => {
    const scene = start(t);
    const { find, finish, started, processes } = scene;
    const first = await find("one");
    const second = find("two");
    await nextRound();
    scene.refusals = 1;
    finish(first, "one");
    assert.equal((await second).way, "booted");
    assert.deepEqual([started[0]?.ends, processes.counts.running], [1, 1]);
  });

  it("leaves the one that was booted for it warm, where it has told it nothing", async (t) => {
    const { find, seats, started, processes } = start(t);
    seats.releaseUntold(await find("one"), timelineOf(turnNamed("one")));
    assert.deepEqual([processes.counts.warm, started[0]?.ends], [1, 0]);
    assert.equal((await find("two")).way, "warm");
  });

  it("takes none once its client has left", async (t) => {
    const { find, finish, processes } = start(t);
    const first = await find("one");
    const leaving = new AbortController();
    const second = assert.rejects(find("two", leaving.signal), { code: "client_closed" });
    await nextRound();
    leaving.abort();
    finish(first, "one");
    await second;
    assert.equal(processes.counts.resting, 1);
  });
});

describe("a process that could serve the next conversation when its turn is over", () => {
  it("is expected where the last one began as it did, and nowhere else", async (t) => {
    const { expectsFree, find, finish } = start(t);
    assert.equal(expectsFree(), false);
    const first = await find("one");
    assert.equal(expectsFree(), true);
    const other = await find("two", never, "Another.");
    finish(other, "two", "Another.");
    assert.deepEqual([first.owned.use.name, expectsFree()], ["running", false], "the long turn is another conversation's");
  });
});

const asked = (id: string, system: string) => turnOf({ model: "opus", system: systemOf(system), messages: [
  user("one"),
  { role: "assistant", content: [{ type: "tool_use", id, name: "look", input: {} }] },
  { role: "user", content: [{ type: "tool_result", tool_use_id: id, content: "seen" }] },
] });

/** A process that waits for the result of `toolu_1`. */
async function parkedAtNoon({ find, processes }: Scene): Promise<OwnedProcess> {
  const { conversation, owned } = await find("one", never, "At noon.");
  const turn = asked("toolu_1", "At noon.");
  const timeline = timelineOf({ ...turn, messages: turn.messages.slice(0, -1) });
  processes.release(owned, { name: "parked", conversation: { ...conversation, awaitedCalls: ["toolu_1"] } as unknown as Conversation, timeline });
  return owned;
}

describe("a process that waits for a call which stands in the request's history", () => {
  it("is ended where the client has changed system prompt, tools or model meanwhile, and left alone otherwise", async (t) => {
    const scene = start(t);
    const { seats } = scene;
    const owned = await parkedAtNoon(scene);
    for (const [id, uses] of [["toolu_2", "parked"], ["toolu_1", "ending"]] as const) {
      const turn = asked(id, "At one.");
      assert.equal(typeof seats.take(turn, timelineOf(turn)), "string", "it has nothing for another beginning");
      assert.equal(owned.use.name, uses);
    }
  });

  it("is ended where the result comes on another day: its process tells the model yesterday's date", async (t) => {
    const scene = start(t);
    const owned = await parkedAtNoon(scene);
    scene.clock.date = "Tue Dec 01 2026";
    const turn = asked("toolu_1", "At noon.");
    assert.equal(scene.seats.take(turn, timelineOf(turn)), "renewed");
    assert.equal(owned.use.name, "ending");
  });
});

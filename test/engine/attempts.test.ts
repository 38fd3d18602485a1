/** Turns whose login is refused, on made-up processes: each has the login that there was when it was started. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import { Account } from "../../src/engine/account.ts";
import { Attempts } from "../../src/engine/attempts.ts";
import type { Course } from "../../src/engine/course.ts";
import { timelineOf } from "../../src/engine/history-hash.ts";
import { checkWaitMsMax, LoginGate } from "../../src/engine/login-gate.ts";
import type { Seat } from "../../src/engine/seat.ts";
import type { SeatSearch } from "../../src/engine/seat-search.ts";
import type { Seats } from "../../src/engine/seats.ts";
import { TurnCounts } from "../../src/engine/turn-counts.ts";
import { BridgeError } from "../../src/errors.ts";
import { createLogger } from "../../src/log.ts";
import type { TurnEvent } from "../../src/turn/event.ts";
import { HandClock } from "../support/hand-clock.ts";
import { collectUnchecked, messageStart, messageStop } from "../support/turn-events.ts";
import { ask } from "../support/turns.ts";

const many = 16;

/** A made-up machine: its login, and the processes that turns get. */
class Machine {
  /** The login that the API takes; undefined: none. */
  good: string | undefined = "first";
  /** The login that is there for a process that starts now. */
  present = "first";
  /** How many processes were started for turns, and how often the free ones were ended. */
  boots = 0;
  renewals = 0;
  /** The answers of fresh processes wait for it. */
  gate: Promise<void> = Promise.resolve();
  readonly clock = new HandClock();
  readonly account = new Account(createLogger("silent", () => {}), this.clock);
  readonly logLines: string[] = [];
  readonly login = new LoginGate(this.account, this.clock, createLogger("info", (line) => this.logLines.push(line)));
  #current = new WeakSet<object>();
  /** Processes that have waited for a turn. */
  #free: Seat[] = [];

  keepFree(count: number): void {
    this.#free = Array.from({ length: count }, () => this.#start("warm"));
  }

  turn(signal = new AbortController().signal): Promise<{ readonly code: string; readonly message: string }> {
    const turn = ask("hi");
    const timeline = timelineOf(turn);
    const course: Course = {
      timeline, profile: { hash: timeline.beginning, turn, isMovable: true }, taken: "first_message", seat: undefined, isExact: true, isTold: false, hasBegun: false, error: undefined,
    };
    const attempts = new Attempts({
      seats: this.#seats as unknown as Seats, search: this.#seats as unknown as SeatSearch, login: this.login, log: createLogger("silent", () => {}), counts: new TurnCounts(), isClosing: () => false,
    }, { turn, signal, complete: (messages) => Promise.resolve(messages), isAgain: false }, course);
    return collectUnchecked(attempts).then(({ events, error }) => {
      this.login.leave(course);
      if (error === undefined) return { code: events.at(-1)?.type ?? "", message: "" };
      if (!(error instanceof BridgeError)) throw error;
      return { code: error.code, message: error.message };
    });
  }

  turns(count: number): Promise<readonly string[]> {
    return Promise.all(Array.from({ length: count }, () => this.turn().then(({ code }) => code)));
  }

  /** The processes that there are have the configuration of before. */
  outdate(): void {
    this.#current = new WeakSet();
  }

  get #seats() {
    return {
      find: () => Promise.resolve(this.#free.pop() ?? this.#boot()),
      boot: () => Promise.resolve(this.#boot()),
      releaseUntold: (seat: Seat) => this.#free.push(seat),
      isCurrent: ({ conversation }: Seat) => this.#current.has(conversation),
      supersede: () => {
        this.renewals++;
        this.#current = new WeakSet();
        this.#free = [];
      },
      end: () => {},
    };
  }

  #boot(): Seat {
    this.boots++;
    return this.#start("booted");
  }

  #start(way: "warm" | "booted"): Seat {
    const login = this.present;
    const machine = this;
    const conversation = {
      hasBegun: false,
      process: { state: "busy", ending: undefined },
      begin() {
        return { batches: this.answer(), leave: () => {} };
      },
      async *answer(): AsyncGenerator<TurnEvent[]> {
        await (way === "booted" ? machine.gate : nextRound());
        yield [{ type: "retry" }];
        if (login !== machine.good) throw new BridgeError("not_logged_in", `401 for ${login}.`);
        this.hasBegun = true;
        yield [messageStart(), messageStop("end_turn")];
      },
    };
    this.#current.add(conversation);
    return { conversation, way, kept: 0, takenBack: 0 } as unknown as Seat;
  }
}

function gated(machine: Machine): () => void {
  let open = (): void => {};
  machine.gate = new Promise((resolve) => (open = resolve));
  return open;
}

/** Until nothing more happens without somebody's doing. */
async function settled(): Promise<void> {
  for (let round = 0; round < 20; round++) await nextRound();
}

const answered = (count: number): string[] => Array<string>(count).fill("message_stop");
const refused = (count: number): string[] => Array<string>(count).fill("not_logged_in");

describe("sixteen turns that find at once that their login is refused", () => {
  it("start one process, and are all answered when that one has the new login", async () => {
    const machine = new Machine();
    machine.keepFree(many);
    [machine.good, machine.present] = ["second", "second"];
    const open = gated(machine);
    const turns = machine.turns(many);
    await settled();
    assert.deepEqual([machine.boots, machine.renewals, machine.account.loggedIn], [1, 1, false]);
    open();
    assert.deepEqual(await turns, answered(many));
    assert.deepEqual([machine.renewals, machine.account.loginRefusal], [1, undefined]);
    assert.deepEqual(machine.logLines.map((line) => line.replace(/^\S+ /u, "")), [
      "warn the login was refused: every free process ends", "info the login works again",
    ]);
  });

  it("start one process, and are all refused in its words when that one is refused too", async () => {
    const machine = new Machine();
    machine.keepFree(many);
    [machine.good, machine.present] = [undefined, "second"];
    const results = await Promise.all(Array.from({ length: many }, () => machine.turn()));
    assert.deepEqual(results, Array(many).fill({ code: "not_logged_in", message: "401 for second." }));
    assert.deepEqual([machine.boots, machine.account.loggedIn, machine.account.loginRefusal], [1, false, "401 for second."]);
  });

  it("start no other where all sixteen were just started themselves", async () => {
    const machine = new Machine();
    machine.good = undefined;
    assert.deepEqual(await machine.turns(many), refused(many));
    assert.deepEqual([machine.boots, machine.renewals], [many, 1]);
  });
});

describe("a configuration that changed while fresh processes were refused", () => {
  it("is tried by one turn for all", async () => {
    const machine = new Machine();
    machine.good = undefined;
    const open = gated(machine);
    const turns = machine.turns(many);
    await settled();
    machine.outdate();
    [machine.good, machine.present] = ["second", "second"];
    open();
    const next = gated(machine);
    await settled();
    assert.equal(machine.boots, many + 1);
    next();
    assert.deepEqual([await turns, machine.account.loggedIn], [answered(many), undefined]);
  });
});

describe("a login that is known to be refused", () => {
  async function refusedMachine(): Promise<Machine> {
    const machine = new Machine();
    machine.good = undefined;
    assert.deepEqual([(await machine.turn()).code, machine.boots], ["not_logged_in", 1], "a fresh process has no second try");
    return machine;
  }

  it("is tried by one turn of many, each time that they come", async () => {
    const machine = await refusedMachine();
    for (const boots of [2, 3]) {
      assert.deepEqual(await machine.turns(many), refused(many));
      assert.equal(machine.boots, boots);
    }
  });

  it("serves again as soon as there is a new one", async () => {
    const machine = await refusedMachine();
    [machine.good, machine.present] = ["second", "second"];
    const open = gated(machine);
    const turns = machine.turns(many);
    await settled();
    assert.equal(machine.boots, 2, "one goes first");
    open();
    assert.deepEqual([await turns, machine.account.loginRefusal], [answered(many), undefined]);
  });

  it("is tried by the next where the first came to no verdict, and nobody waits for a client that has left", async () => {
    const machine = await refusedMachine();
    const open = gated(machine);
    const first = machine.turn();
    await settled();
    const leaving = new AbortController();
    const second = machine.turn(leaving.signal);
    leaving.abort();
    await settled();
    open();
    assert.deepEqual([(await first).code, (await second).code], ["not_logged_in", "client_closed"]);
  });

  it("keeps nobody waiting for long where the one that tries it is answered slowly", async () => {
    const machine = await refusedMachine();
    [machine.good, machine.present] = ["second", "second"];
    const open = gated(machine);
    const turns = machine.turns(2);
    await settled();
    assert.equal(machine.boots, 2);
    machine.clock.pass(checkWaitMsMax);
    await settled();
    assert.equal(machine.boots, 3);
    open();
    assert.deepEqual(await turns, answered(2));
  });
});

import type { Batches } from "../claude/batches.ts";
import type { ToldTurn } from "../claude/parameters.ts";
import type { Reading } from "../claude/run.ts";
import { asBridgeError, BridgeError, clientClosed } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { TurnEvent } from "../turn/event.ts";
import type { AskedTurn } from "./asked-turn.ts";
import { attemptFault, mayAnotherAnswer } from "./attempt-fault.ts";
import { AnswerWithCall, callNow } from "./call-in-words.ts";
import { type Course, foundFor, missOf } from "./course.ts";
import type { LoginGate } from "./login-gate.ts";
import type { Seat, Seeker } from "./seat.ts";
import type { SeatSearch } from "./seat-search.ts";
import type { Seats } from "./seats.ts";
import type { Found } from "./timelines.ts";
import type { TurnCounts } from "./turn-counts.ts";

export interface AttemptsOptions {
  readonly seats: Seats;
  readonly search: SeatSearch;
  readonly login: LoginGate;
  readonly log: Logger;
  readonly counts: TurnCounts;
  /** Whether the engine shuts down: then no turn is given to another process, and no process is kept. */
  readonly isClosing: () => boolean;
}

/**
 * The attempts at one turn: on the process that was found for it, and on another one if that failed. Iterates over the
 * batches of the answer. The caller must call `leave` in the end.
 */
export class Attempts implements AsyncIterableIterator<TurnEvent[], undefined> {
  readonly #options: AttemptsOptions;
  readonly #asked: AskedTurn;
  readonly #course: Course;
  readonly #answer: AsyncIterator<TurnEvent[], undefined>;
  /** The run under way, or the last one. */
  #reading: Reading | undefined;
  #rest: Batches<TurnEvent> | undefined;
  /** Whether a process has begun to answer. */
  #hasAnswer = false;
  /** Whether the turn has had a process before, and so is in `TurnCounts` already. */
  #wasSeated: boolean;

  constructor(options: AttemptsOptions, asked: AskedTurn, course: Course) {
    this.#options = options;
    this.#asked = asked;
    this.#course = course;
    this.#answer = this.#answered(foundFor(course));
    this.#wasSeated = asked.isAgain;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /**
   * Once the answer has begun no other process can take the turn. Then a batch comes straight from the run: a generator
   * in its way would cost it three more promises.
   */
  next(): Promise<IteratorResult<TurnEvent[], undefined>> {
    return (this.#rest ?? this.#answer).next();
  }

  /** The batches of the run, once the first process has begun to answer: `next` then takes them straight from it. */
  get rest(): Batches<TurnEvent> | undefined {
    return this.#rest;
  }

  /** Ends the run under way. */
  leave(): void {
    this.#reading?.leave();
  }

  /**
   * The batches of an answer that must have a tool call, where only words in the prompt ask for one. If it has none,
   * asks the model once more; throws if it has none then either.
   */
  async *withCall(): AsyncGenerator<TurnEvent[], void, undefined> {
    const { turn, signal } = this.#asked;
    const answer = new AnswerWithCall(turn);
    if (yield* answer.untilFirstCall(this)) return;
    this.leave();
    const conversation = this.#course.seat?.conversation;
    this.#course.isExact = false;
    if (conversation?.isReusable === true) {
      const messages = [...turn.messages, callNow];
      const again = conversation.run({ ...turn, messages }, messages.length - 1, signal);
      if (yield* answer.untilFirstCall(again)) return;
    }
    throw new BridgeError(
      "upstream_error", "The model answered without the tool call that the request demands.", { part: "toolChoice" },
    );
  }

  /**
   * Runs the turn. If it fails before any part of an answer has come, another process gets it, once, if that may do
   * better.
   */
  async *#answered(found: Found | undefined): AsyncGenerator<TurnEvent[], undefined, undefined> {
    const { signal } = this.#asked;
    const { seats, search } = this.#options;
    const course = this.#course;
    const completed = await this.#ready(found);
    const moved = found === undefined ? undefined : await seats.move(found);
    const seat = this.#sit(moved ?? await search.find(this.#seeker, signal));
    if (signal.aborted) {
      course.seat = undefined;
      seats.releaseUntold(seat, course.timeline);
      throw clientClosed();
    }
    try {
      const asked = seat.kept < (found?.kept ?? 0) ? await this.#completed(undefined) : completed;
      const batches = this.#read(seat, asked, seat.kept);
      for await (const batch of batches) {
        this.#noteAnswer(seat);
        if (this.#hasAnswer) this.#rest = batches;
        yield batch;
      }
    } catch (error) {
      this.leave();
      const fault = attemptFault(error);
      if (seat.conversation.hasBegun || this.#options.isClosing()) throw error;
      const isFresh = seat.way === "booted" && seat.conversation.process.state === "busy";
      const isCurrent = seats.isCurrent(seat);
      if (fault === "login") this.#onRefusedLogin(seat, asBridgeError(error), isFresh);
      if (!mayAnotherAnswer(fault, { isFresh, isCurrent })) throw error;
      this.#options.log.info(
        "a process took no turn; its turn goes to another",
        { waited: seat.way !== "booted", ended: seat.conversation.process.ending },
      );
      seats.end(seat);
      course.seat = undefined;
      // The new process must be told the whole history, not only the messages that were new to the other one.
      const whole = await this.#ready(undefined);
      yield* this.#anew(whole, fault === "login");
    }
    return undefined;
  }

  async *#anew(whole: ToldTurn, isLogin: boolean): AsyncGenerator<TurnEvent[], void, undefined> {
    const { signal } = this.#asked;
    const { search, login } = this.#options;
    // If another turn has found the login good meanwhile, any process that has it will do, not only a new one.
    const isAnyGood = isLogin && login.isTrusted;
    const seat = this.#sit(isAnyGood
      ? await search.find(this.#seeker, signal)
      : await search.boot(this.#seeker, signal));
    try {
      for await (const batch of this.#read(seat, whole, 0)) {
        this.#noteAnswer(seat);
        yield batch;
      }
    } catch (error) {
      this.leave();
      if (attemptFault(error) === "login") this.#onRefusedLogin(seat, asBridgeError(error), true);
      throw error;
    }
  }

  /** To be called for each batch. At the first of an answer, notes that the API accepts the process's login. */
  #noteAnswer(seat: Seat): void {
    if (this.#hasAnswer || !seat.conversation.hasBegun) return;
    this.#hasAnswer = true;
    const { seats, login } = this.#options;
    if (seats.isCurrent(seat)) login.accept();
  }

  #read(seat: Seat, turn: ToldTurn, kept: number): Reading["batches"] {
    this.#course.isTold = true;
    this.#reading = seat.conversation.begin(turn, kept, this.#asked.signal);
    return this.#reading.batches;
  }

  /**
   * Where the refused login is the present one, ends all free processes; and if the refused process was fresh, the
   * login counts as refused. Else the turn tries the login again, on a new process.
   */
  #onRefusedLogin(seat: Seat, error: BridgeError, isFresh: boolean): void {
    const { seats, login } = this.#options;
    const isCurrent = seats.isCurrent(seat);
    if (isCurrent) seats.supersede();
    if (isCurrent && isFresh) login.refuse(error);
    else login.doubt(this.#course, error);
  }

  /**
   * Resolves with the turn, its messages completed, once `LoginGate` lets it ask. No process is started for it before.
   */
  async #ready(found: Found | undefined): Promise<ToldTurn> {
    const { seats, login } = this.#options;
    try {
      const completed = await this.#completed(found);
      await login.enter(this.#course, this.#asked.signal);
      return completed;
    } catch (error) {
      if (found !== undefined) seats.releaseFound(found);
      throw error;
    }
  }

  /** Completes the messages that a process has not been told. */
  async #completed(found: Found | undefined): Promise<ToldTurn> {
    const { turn, complete } = this.#asked;
    const kept = found?.kept ?? 0;
    const told = await complete(turn.messages.slice(kept));
    return { ...turn, messages: [...turn.messages.slice(0, kept), ...told] };
  }

  get #seeker(): Seeker {
    const { timeline, profile } = this.#course;
    return { turn: this.#asked.turn, timeline, profile, missed: missOf(this.#course) };
  }

  #sit(seat: Seat): Seat {
    const { counts, log } = this.#options;
    const { turn: { model, messages } } = this.#asked;
    if (!this.#wasSeated) counts.noteTurn(seat, missOf(this.#course));
    this.#wasSeated = true;
    counts.noteSeat(seat);
    log.debug("turn", { model, messages: messages.length, process: seat.way, known_messages: seat.kept });
    this.#course.seat = seat;
    return seat;
  }
}

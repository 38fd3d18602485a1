import type { ToldTurn } from "../claude/parameters.ts";
import { asBridgeError, BridgeError, clientClosed, type ErrorCode, hasCode } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { TurnEvent } from "../turn/event.ts";
import type { Message } from "../turn/message.ts";
import { AnswerWithCall, callNow } from "./call-in-words.ts";
import { type Course, missOf } from "./course.ts";
import type { LoginGate } from "./login-gate.ts";
import type { Seat, Seeker } from "./seat.ts";
import type { Seats } from "./seats.ts";
import type { Found } from "./timelines.ts";
import type { TurnCounts } from "./turn-counts.ts";

/** A refused login: a process may hold one that was renewed since. */
const loginFailures: ReadonlySet<ErrorCode> = new Set(["not_logged_in"]);
/** The failure of a turn whose process did not take it. */
const deaths: ReadonlySet<ErrorCode> = new Set(["cli_failed"]);

/**
 * Completes messages that a process is about to be told: fetches what they refer to, such as images. It may be called
 * again with more of a turn's messages. Rejects with a BridgeError if something cannot be fetched.
 */
export type Complete = (messages: readonly Message[]) => Promise<readonly Message[]>;

/** A turn, and its caller's part in it. */
export interface Asked {
  readonly turn: ToldTurn;
  readonly signal: AbortSignal;
  readonly complete: Complete;
  /** Whether the turn was asked before, with a parameter that the API refused. */
  readonly isAgain: boolean;
}

export interface AttemptsOptions {
  readonly seats: Seats;
  readonly login: LoginGate;
  readonly log: Logger;
  readonly counts: TurnCounts;
  /** Whether the engine shuts down: then no turn is given to another process, and none is kept. */
  readonly isClosing: () => boolean;
}

/** The attempts at one turn: on the process that was found for it, and on another where that one failed it. */
export class Attempts {
  readonly #options: AttemptsOptions;
  readonly #asked: Asked;
  readonly #course: Course;
  /** Whether a process has begun to answer. */
  #hasAnswer = false;
  /** Whether the turn has had a process, and is counted. */
  #wasSeated: boolean;

  constructor(options: AttemptsOptions, asked: Asked, course: Course) {
    this.#options = options;
    this.#asked = asked;
    this.#course = course;
    this.#wasSeated = asked.isAgain;
  }

  /**
   * Runs the turn. If no part of an answer has come, it is given to another process, once: the first may have died (a
   * laptop's sleep, a kill, too little memory), not have ended its rehearsal, or have an outdated login. But if that is
   * a new process that still lives, it has refused the request itself, and another would too.
   */
  async *answer(found: Found | undefined): AsyncGenerator<TurnEvent[], void, undefined> {
    const { signal } = this.#asked;
    const { seats } = this.#options;
    const course = this.#course;
    const completed = await this.#ready(found);
    const moved = found === undefined ? undefined : await seats.move(found);
    const seat = this.#sit(moved ?? await seats.find(this.#seeker, signal));
    if (signal.aborted) {
      course.seat = undefined;
      seats.handBack(seat, course.timeline);
      throw clientClosed();
    }
    try {
      const asked = seat.kept < (found?.kept ?? 0) ? await this.#completed(undefined) : completed;
      for await (const batch of this.#run(seat, asked, seat.kept)) {
        this.#noteAnswer(seat);
        yield batch;
      }
    } catch (error) {
      const isLogin = hasCode(error, loginFailures);
      if (seat.conversation.hasBegun || this.#options.isClosing() || !(isLogin || hasCode(error, deaths))) throw error;
      const isFresh = seat.way === "booted" && seat.conversation.process.state === "busy";
      const isOutdated = isLogin && !seats.isCurrent(seat);
      if (isLogin) this.#onRefusedLogin(seat, asBridgeError(error), isFresh);
      if (isFresh && !isOutdated) throw error;
      this.#options.log.info(
        "a process took no turn; its turn goes to another",
        { waited: seat.way !== "booted", ended: seat.conversation.process.ending },
      );
      seats.end(seat);
      course.seat = undefined;
      // The new process must be told the whole history, not only the messages that were new to the other one.
      const whole = await this.#ready(undefined);
      yield* this.#anew(whole, isLogin);
    }
  }

  /** The same where words ask for a call. If the answer has none, asks the model once more, then fails. */
  async *answerWithCall(found: Found | undefined): AsyncGenerator<TurnEvent[], void, undefined> {
    const { turn, signal } = this.#asked;
    const answer = new AnswerWithCall(turn);
    if (yield* answer.untilFirstCall(this.answer(found))) return;
    const conversation = this.#course.seat?.conversation;
    this.#course.isExact = false;
    if (conversation?.isReusable === true) {
      const messages = [...turn.messages, callNow];
      const again = conversation.run({ ...turn, messages }, messages.length - 1, signal);
      if (yield* answer.untilFirstCall(again)) return;
    }
    throw new BridgeError(
      "upstream_error", "The model answered without the tool call that tool_choice asks for.", { part: "toolChoice" },
    );
  }

  async *#anew(whole: ToldTurn, isLogin: boolean): AsyncGenerator<TurnEvent[], void, undefined> {
    const { signal } = this.#asked;
    const { seats, login } = this.#options;
    // Once another turn has found the login good, the process of any such turn will do.
    const isAnyGood = isLogin && login.isTrusted;
    const seat = this.#sit(isAnyGood
      ? await seats.find(this.#seeker, signal)
      : await seats.boot(this.#seeker, signal));
    try {
      for await (const batch of this.#run(seat, whole, 0)) {
        this.#noteAnswer(seat);
        yield batch;
      }
    } catch (error) {
      if (hasCode(error, loginFailures)) this.#onRefusedLogin(seat, asBridgeError(error), true);
      throw error;
    }
  }

  /** To be called for each batch. It is no generator round a run: each of those stands in the way of every batch. */
  #noteAnswer(seat: Seat): void {
    if (this.#hasAnswer || !seat.conversation.hasBegun) return;
    this.#hasAnswer = true;
    const { seats, login } = this.#options;
    if (seats.isCurrent(seat)) login.accept();
  }

  #run(seat: Seat, turn: ToldTurn, kept: number): AsyncGenerator<TurnEvent[], void, undefined> {
    this.#course.isTold = true;
    return seat.conversation.run(turn, kept, this.#asked.signal);
  }

  /** A refusal ends all free processes that have the same login. One of a fresh process is the verdict on the login. */
  #onRefusedLogin(seat: Seat, error: BridgeError, isFresh: boolean): void {
    const { seats, login } = this.#options;
    const isCurrent = seats.isCurrent(seat);
    if (isCurrent) seats.renew();
    if (isCurrent && isFresh) login.refuse(error);
    else login.doubt(this.#course, error);
  }

  /** Resolves with the turn to tell a process, once it may be asked. Before that nothing is started for it. */
  async #ready(found: Found | undefined): Promise<ToldTurn> {
    const { seats, login } = this.#options;
    try {
      const completed = await this.#completed(found);
      await login.enter(this.#course, this.#asked.signal);
      return completed;
    } catch (error) {
      if (found !== undefined) seats.putBack(found);
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

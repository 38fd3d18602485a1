import { BridgeError, clientClosed, type ErrorCode } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { TurnEvent } from "../turn/event.ts";
import type { Message } from "../turn/message.ts";
import type { Turn } from "../turn/turn.ts";
import type { Admission } from "./admission.ts";
import { AnswerRecord } from "./answer-record.ts";
import { nextHash, type Timeline, timelineOf } from "./history-hash.ts";
import type { Pool } from "./pool.ts";
import type { RestClock } from "./rest-clock.ts";
import type { MissReason } from "./resting.ts";
import type { Profile } from "./shelf.ts";
import type { Seat, Seats, SeatWay } from "./seats.ts";
import { endAtStop } from "./stop-sequences.ts";
import type { Found, Timelines } from "./timelines.ts";
import { AnswerWithCall, callNow, mustCall, withToolChoice } from "./tool-choice.ts";

/** How many turns had a process that knew their history, or a part of it, and why the others had none. */
export type Reuse = Readonly<Record<"hit" | "rewound" | MissReason, number>>;
/** On how many processes of each kind turns were told their whole history. */
export type ToldOn = Readonly<Record<Exclude<SeatWay, "went_on" | "rewound">, number>>;

/** The parts of the engine that turns are run with. */
export interface TurnRunnerOptions {
  readonly admission: Admission;
  readonly pool: Pool;
  readonly timelines: Timelines;
  readonly seats: Seats;
  readonly rest: RestClock;
  /** Whether a conversation whose turn is over keeps its process. */
  readonly keepsIdle: boolean;
  readonly log: Logger;
}

/** A turn and its caller's part in it. */
interface Attempt {
  readonly turn: Turn;
  readonly signal: AbortSignal;
  readonly complete: Complete;
}

/**
 * Completes messages that a process is about to be told: fetches what they refer to, such as images. It may be called
 * again with more of a turn's messages. Rejects with a BridgeError if something cannot be fetched.
 */
export type Complete = (messages: readonly Message[]) => Promise<readonly Message[]>;

/** What is known of a turn while it runs. */
interface Course {
  readonly timeline: Timeline;
  /** The process that it runs on. Until the answer has begun, it may be replaced by another. */
  seat: Seat | undefined;
  /** False if the process was also told something that the client does not know. */
  isExact: boolean;
  /** Whether the process was told anything of the turn. */
  isTold: boolean;
  /** The model has begun to answer. */
  hasBegun: boolean;
  error: unknown;
}

/** A refused login: a process may hold one that was renewed since. */
const loginFailures: ReadonlySet<ErrorCode> = new Set(["not_logged_in"]);
/** The failure of a turn whose process did not take it. */
const deaths: ReadonlySet<ErrorCode> = new Set(["cli_failed"]);
/** Failures after which a process has no further use, whatever it was asked. */
const processFailures: ReadonlySet<ErrorCode> = new Set([
  "cli_failed", "cli_unavailable", "turn_timeout", "not_logged_in", "account_refused",
]);

/** Runs turns, each on a process that has the turn's history, or else on one that is told it. */
export class TurnRunner {
  readonly #options: TurnRunnerOptions;
  readonly #reuse: Record<keyof Reuse, number> = {
    hit: 0, rewound: 0, first_message: 0, unknown_history: 0, in_use: 0, idle_time: 0, evicted: 0, process_ended: 0,
  };
  readonly #toldOn: Record<keyof ToldOn, number> = { recycled: 0, warm: 0, booted: 0 };
  #isClosing = false;

  constructor(options: TurnRunnerOptions) {
    this.#options = options;
  }

  get reuse(): Reuse {
    return { ...this.#reuse };
  }

  get toldOn(): ToldOn {
    return { ...this.#toldOn };
  }

  /** How many processes of a model have been used and can be given to another conversation, now or after their turn. */
  standIns(model: string): number {
    return this.#options.timelines.emptiable(model) + this.#options.seats.running(model);
  }

  /** Keeps no more conversations: the process of each running turn ends with it. */
  close(): void {
    this.#isClosing = true;
  }

  /** The messages of a turn that a process would have to be told now. A resting process has the ones before. */
  messagesToTell(request: Turn): readonly Message[] {
    const turn = withToolChoice(request);
    return turn.messages.slice(this.#options.timelines.kept(turn, timelineOf(turn)));
  }

  /**
   * Runs a turn. Throws a BridgeError on any failure. If the caller stops iterating early, or `signal` aborts, the
   * turn's process is interrupted.
   */
  async *run(
    request: Turn, signal: AbortSignal, complete: Complete = (messages) => Promise.resolve(messages),
  ): AsyncGenerator<TurnEvent[], void, undefined> {
    if (signal.aborted) throw clientClosed();
    const turn = withToolChoice(request);
    const timeline = timelineOf(turn);
    const { admission, timelines, pool, rest } = this.#options;
    const leave = await admission.enter(signal);
    rest.stop();
    const taken = timelines.take(turn, timeline);
    const found = typeof taken === "string" ? undefined : taken;
    this.#reuse[typeof taken === "string" ? taken : taken.isRewound ? "rewound" : "hit"]++;
    const answer = new AnswerRecord();
    const course: Course = {
      timeline, seat: undefined, isExact: true, isTold: false, hasBegun: false, error: undefined,
    };
    try {
      const attempt: Attempt = { turn, signal, complete };
      const chosen = mustCall(turn)
        ? this.#answerWithCall(attempt, found, course)
        : this.#answer(attempt, found, course);
      for await (const batch of turn.stopSequences.length === 0 ? chosen : endAtStop(chosen, turn.stopSequences)) {
        if (!course.hasBegun && batch.some(({ type }) => type === "message_start")) {
          course.hasBegun = true;
          pool.open(turn.model, profileOf(turn, timeline));
        }
        answer.take(batch);
        yield batch;
      }
    } catch (error) {
      course.error = error;
      throw error;
    } finally {
      if (found !== undefined) timelines.release(found);
      this.#dismiss(turn, course, answer);
      leave();
      if (admission.running === 0) rest.start();
    }
  }

  async *#answer(
    attempt: Attempt, found: Found | undefined, course: Course,
  ): AsyncGenerator<TurnEvent[], void, undefined> {
    const { turn, signal } = attempt;
    const { seats } = this.#options;
    const completed = await this.#completed(attempt, found);
    const moved = found === undefined ? undefined : await seats.move(found);
    const seat = moved ?? await seats.find(turn, course.timeline, profileOf(turn, course.timeline), signal);
    course.seat = seat;
    this.#note(turn, seat);
    try {
      const asked = seat.kept < (found?.kept ?? 0) ? await this.#completed(attempt, undefined) : completed;
      course.isTold = true;
      yield* seat.conversation.run(asked, seat.kept, signal);
    } catch (error) {
      // If no part of an answer has come, the turn is given to another process, once: this one may have died (a
      // laptop's sleep, a kill, too little memory), not have ended its rehearsal, or have an outdated login. But if it
      // is a new process that still lives, it has refused the request itself, and another would too.
      const hasRefused = seat.way === "booted" && seat.conversation.process.state === "busy";
      const isOfProcess = isOf(deaths, error) || isOf(loginFailures, error);
      if (hasRefused || seat.conversation.hasBegun || this.#isClosing || !isOfProcess) throw error;
      this.#options.log.info(
        "a process took no turn; its turn goes to another",
        { waited: seat.way !== "booted", ended: seat.conversation.process.ending },
      );
      if (isOf(loginFailures, error)) seats.renew();
      seats.end(seat);
      course.seat = undefined;
      // The new process must be told the whole history, not only the messages that were new to the other one.
      const whole = await this.#completed(attempt, undefined);
      course.seat = await seats.boot(turn, course.timeline.beginning, signal);
      this.#note(turn, course.seat);
      yield* course.seat.conversation.run(whole, 0, signal);
    }
  }

  /**
   * Completes the messages of a turn that its process has not been told. On failure, keeps the process that was found.
   */
  async #completed({ turn, complete }: Attempt, found: Found | undefined): Promise<Turn> {
    const kept = found?.kept ?? 0;
    try {
      const told = await complete(turn.messages.slice(kept));
      return { ...turn, messages: [...turn.messages.slice(0, kept), ...told] };
    } catch (error) {
      if (found !== undefined && !this.#isClosing) this.#options.seats.putBack(found);
      throw error;
    }
  }

  /** Runs a turn that must have a tool call. If the answer has none, asks the model once more, then fails the turn. */
  async *#answerWithCall(
    attempt: Attempt, found: Found | undefined, course: Course,
  ): AsyncGenerator<TurnEvent[], void, undefined> {
    const { turn, signal } = attempt;
    const answer = new AnswerWithCall();
    if (yield* answer.untilFirstCall(this.#answer(attempt, found, course))) return;
    const conversation = course.seat?.conversation;
    course.isExact = false;
    if (conversation?.isReusable === true) {
      const messages = [...turn.messages, callNow];
      const again = conversation.run({ ...turn, messages }, messages.length - 1, signal);
      if (yield* answer.untilFirstCall(again)) return;
    }
    throw new BridgeError(
      "upstream_error", "The model answered without the tool call that tool_choice asks for.", { field: "tool_choice" },
    );
  }

  /** Keeps the turn's process, under the timeline that the client's next request will have, or ends it. */
  #dismiss(turn: Turn, { seat, timeline, isExact, isTold, error }: Course, answer: AnswerRecord): void {
    if (seat === undefined) return;
    const { seats, keepsIdle } = this.#options;
    const { conversation } = seat;
    const isWanted = (conversation.isParked || keepsIdle) && !this.#isClosing;
    const hasEnded = conversation.process.state === "closing" || conversation.process.state === "closed";
    if (!isWanted || !isTold || hasEnded || isOf(processFailures, error)) return seats.end(seat);
    const blocks = answer.blocks();
    const last = timeline.hashes.at(-1);
    if (error === undefined && isExact && conversation.isReusable && blocks !== undefined && last !== undefined) {
      const after = nextHash(last, { role: "assistant", content: blocks }, turn.messages.at(-1));
      return seats.keep(seat, { ...timeline, hashes: [...timeline.hashes, after] });
    }
    void seats.takeBack(seat, timeline);
  }

  #note({ model, messages }: Turn, { way, kept }: Seat): void {
    if (way !== "went_on" && way !== "rewound") this.#toldOn[way]++;
    this.#options.log.debug("turn", { model, messages: messages.length, process: way, known_messages: kept });
  }
}

function profileOf(turn: Turn, { beginning }: Timeline): Profile {
  return { hash: beginning, turn: { ...turn, messages: [] } };
}

function isOf(codes: ReadonlySet<ErrorCode>, error: unknown): boolean {
  return error instanceof BridgeError && codes.has(error.code);
}

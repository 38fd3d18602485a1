import { stopsHere, type ToldTurn } from "../claude/parameters.ts";
import { BridgeError, clientClosed, type ErrorCode, hasCode } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { TurnEvent } from "../turn/event.ts";
import type { Message } from "../turn/message.ts";
import type { Turn } from "../turn/turn.ts";
import type { Admission } from "./admission.ts";
import { AnswerRecord } from "./answer-record.ts";
import type { Complete } from "./asked-turn.ts";
import { Attempts, type AttemptsOptions } from "./attempts.ts";
import type { Boots } from "./boots.ts";
import { mustCallInWords } from "./call-in-words.ts";
import { type Course, foundFor } from "./course.ts";
import { extended, type Timeline, timelineOf } from "./history-hash.ts";
import { keptParameters, showsParameters } from "./kept-parameters.ts";
import type { KnownCapabilities } from "./known-capabilities.ts";
import type { LoginGate } from "./login-gate.ts";
import type { Profile } from "./recent-use.ts";
import { RefusedParameters } from "./refused-parameters.ts";
import type { RestClock } from "./rest-clock.ts";
import type { SeatSearch } from "./seat-search.ts";
import type { Seats } from "./seats.ts";
import { endAtStop } from "./stop-sequences.ts";
import { toldTurn } from "./told-turn.ts";
import { type GoStraight, TurnBatches } from "./turn-batches.ts";
import type { TurnCounts } from "./turn-counts.ts";
import type { WarmProcesses } from "./warm-processes.ts";

/** The parts of the engine that turns are run with. */
export interface TurnRunnerOptions {
  readonly admission: Admission;
  readonly warm: WarmProcesses;
  readonly seats: Seats;
  readonly search: SeatSearch;
  readonly counts: TurnCounts;
  readonly login: LoginGate;
  readonly boots: Boots;
  readonly capabilities: KnownCapabilities;
  readonly rest: RestClock;
  /** Looks whether another program has taken the CLI's place; undefined if none has, without a wait. Never rejects. */
  readonly lookIfReplaced: () => Promise<unknown> | undefined;
  /** How many bytes of JSON a turn's API parameters may have in all, if one of them is a long parameter. */
  readonly longParameterBytesMax: () => number;
  /** Whether `set_model` can give a process this model. */
  readonly isMovable: (model: string) => boolean;
  /** Whether a conversation whose turn is over keeps its process. */
  readonly keepsIdle: boolean;
  readonly log: Logger;
}

/** How often one turn is asked again without a parameter that its model has refused. There are nine such parameters. */
const refusalsMax = 9;
/** Failures after which a process has no further use, whatever it was asked. */
const processFailures: ReadonlySet<ErrorCode> = new Set([
  "cli_failed", "cli_unavailable", "turn_timeout", "not_logged_in", "account_refused",
]);

/** Runs turns, each on a process that has the turn's history, or else on one that is told it. */
export class TurnRunner {
  readonly #options: TurnRunnerOptions;
  readonly #attemptsOptions: AttemptsOptions;
  readonly #refused = new RefusedParameters();
  #isClosing = false;

  constructor(options: TurnRunnerOptions) {
    this.#options = options;
    const { seats, search, login, counts, log } = options;
    this.#attemptsOptions = { seats, search, login, counts, log, isClosing: () => this.#isClosing };
  }

  /** Whether a process is kept for its conversation between two turns. */
  get keepsIdle(): boolean {
    return this.#options.keepsIdle && !this.#isClosing;
  }

  /** Keeps no more conversations: the process of each running turn ends with it. */
  close(): void {
    this.#isClosing = true;
  }

  /** The messages of a turn that a process would have to be told now. A resting process has the ones before. */
  messagesToTell(request: Turn): readonly Message[] {
    const turn = this.told(request);
    return turn.messages.slice(this.#options.seats.kept(turn, timelineOf(turn)));
  }

  /**
   * Runs a turn. Throws a BridgeError on any failure. If the caller stops iterating early, or `signal` aborts, the
   * turn's process is interrupted.
   */
  run(
    request: Turn, signal: AbortSignal, complete: Complete = (messages) => Promise.resolve(messages),
  ): TurnBatches {
    return new TurnBatches((goStraight) => this.#run(request, signal, complete, goStraight));
  }

  async *#run(
    request: Turn, signal: AbortSignal, complete: Complete, goStraight: GoStraight,
  ): AsyncGenerator<TurnEvent[], undefined, undefined> {
    if (signal.aborted) throw clientClosed();
    const { admission, seats, warm, login, boots, rest, lookIfReplaced } = this.#options;
    const leave = await admission.enter(signal);
    rest.stop();
    let refusals = 0;
    try {
      // If so, the free processes of the old one end, and no conversation goes on with one of them.
      const look = lookIfReplaced();
      if (look !== undefined) await look;
      for (;;) {
        const turn = this.told(request);
        const course = await this.#begin(turn, signal);
        const answer = new AnswerRecord();
        const asked = { turn, signal, complete, isAgain: refusals > 0 };
        const attempts = new Attempts(this.#attemptsOptions, asked, course);
        let isAskedAgain = false;
        const onLeft = (): void => {
          if (course.seat !== undefined) seats.noteLeft(course.seat);
        };
        signal.addEventListener("abort", onLeft);
        try {
          const chosen = mustCallInWords(turn) ? attempts.withCall() : attempts;
          const [stops, shows] = [stopsHere(turn), showsParameters(turn)];
          const batches = stops.length === 0 ? chosen : endAtStop(chosen, stops);
          for await (const batch of batches) {
            if (!course.hasBegun && batch.some(({ type }) => type === "message_start")) {
              course.hasBegun = true;
              warm.noteAnswering(turn.model, course.profile);
            }
            answer.take(batch);
            if (shows) this.#checkParameters(turn, answer, batch);
            else if (course.hasBegun && batches === attempts && attempts.rest !== undefined) {
              goStraight(attempts.rest, (later) => answer.take(later));
            }
            // A generator that waits keeps its last batch, and with it the whole read that its texts are slices of.
            yield batch.splice(0);
          }
          return undefined;
        } catch (error) {
          course.error = error;
          const mayAskAgain = !course.hasBegun && ++refusals <= refusalsMax;
          isAskedAgain = mayAskAgain && this.#refused.note(turn, error);
          if (!isAskedAgain) throw error;
        } finally {
          signal.removeEventListener("abort", onLeft);
          attempts.leave();
          const found = foundFor(course);
          if (found !== undefined) seats.noteOver(found);
          login.leave(course);
          const isBack = this.#dismiss(turn, course, answer);
          // Without the parameter that was refused, the turn gets this process again.
          if (isAskedAgain) await isBack;
        }
      }
    } catch (error) {
      boots.note(error);
      throw error;
    } finally {
      leave();
      if (admission.running === 0) rest.start();
    }
  }

  /** A turn as the CLI is told it now. */
  told(request: Turn): ToldTurn {
    const { longParameterBytesMax, capabilities } = this.#options;
    return toldTurn(this.#refused.without(request), longParameterBytesMax(), capabilities.current);
  }

  /**
   * Notes what the end of an answer shows of the parameters that the API was told. Throws `cli_failed` where a forced
   * call did not come: what the client got is of no use to it. Words in place of JSON it sees itself.
   */
  #checkParameters(turn: ToldTurn, answer: AnswerRecord, batch: readonly TurnEvent[]): void {
    const end = batch.find((event) => event.type === "message_stop");
    const kept = end === undefined ? undefined : keptParameters(turn, answer.blocks(), end.stopReason);
    if (kept === undefined) return;
    const { capabilities, log } = this.#options;
    capabilities.noteNeed("extraBody", kept === "all");
    if (kept === "all") return;
    log.warn("the CLI did not pass on a parameter of the API", { parameter: kept.lost });
    if (kept.lost !== "tool_choice") return;
    throw new BridgeError(
      "cli_failed", `The claude CLI did not pass \`${kept.lost}\` on to the API: it lacks \`extra_body\`.`,
    );
  }

  /** The beginning of a turn's conversation. */
  profileOf(turn: ToldTurn, { beginning }: Timeline): Profile {
    return { hash: beginning, turn: { ...turn, messages: [] }, isMovable: this.#options.isMovable(turn.model) };
  }

  /** Looks for a process that has a turn's history. */
  async #begin(turn: ToldTurn, signal: AbortSignal): Promise<Course> {
    const timeline = timelineOf(turn);
    const { seats } = this.#options;
    await seats.untilBack(turn, timeline, signal);
    return {
      timeline, profile: this.profileOf(turn, timeline), taken: seats.take(turn, timeline),
      seat: undefined, isExact: true, isTold: false, hasBegun: false, error: undefined,
    };
  }

  /**
   * Keeps the turn's process, under the timeline that the client's next request will have, or ends it. Resolves when it
   * may be given to another turn.
   */
  async #dismiss(turn: ToldTurn, course: Course, answer: AnswerRecord): Promise<void> {
    const { seat, timeline, isExact, isTold, error } = course;
    if (seat === undefined) return;
    const { seats } = this.#options;
    const { conversation } = seat;
    const isWanted = conversation.isParked ? !this.#isClosing : this.keepsIdle;
    if (!isWanted) return seats.end(seat, "idle_time");
    if (seat.owned.isEnding || hasCode(error, processFailures)) return seats.end(seat);
    if (!isTold) return seats.releaseUntold(seat, timeline);
    const blocks = answer.blocks();
    if (error === undefined && isExact && conversation.isReusable && blocks !== undefined) {
      return seats.keepAnswered(seat, extended(timeline, { role: "assistant", content: blocks }, turn.messages.at(-1)));
    }
    await seats.takeBack(seat, timeline);
  }
}

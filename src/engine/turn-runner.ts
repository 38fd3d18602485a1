import type { Conversation } from "../claude/conversation.ts";
import type { ClaudeProcess } from "../claude/process.ts";
import { BridgeError, clientClosed } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { TurnEvent } from "../turn/event.ts";
import type { Message } from "../turn/message.ts";
import type { Turn } from "../turn/turn.ts";
import type { Admission } from "./admission.ts";
import { AnswerRecord } from "./answer-record.ts";
import type { Cli } from "./cli.ts";
import type { Conversations, Hit, MissReason } from "./conversations.ts";
import { messageHashes, nextHash, profileHash } from "./history-hash.ts";
import type { Pool } from "./pool.ts";
import type { RestClock } from "./rest-clock.ts";
import type { Profile } from "./shelf.ts";
import { endAtStop } from "./stop-sequences.ts";
import { callNow, mustCall, untilFirstCall, withToolChoice } from "./tool-choice.ts";

/** How many turns continued a living conversation (`hit`), and why the others did not. */
export type Reuse = Readonly<Record<"hit" | MissReason, number>>;

/** The parts of the engine that turns are run with. */
export interface TurnRunnerOptions {
  readonly cli: Cli;
  readonly admission: Admission;
  readonly pool: Pool;
  readonly conversations: Conversations;
  readonly rest: RestClock;
  /** Makes a conversation on a process that has just been started. */
  readonly converse: (process: ClaudeProcess) => Conversation;
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

/** The conversation that a turn runs in. Until the answer has begun, it may be replaced by another. */
interface Seat {
  conversation: Conversation | undefined;
  /** False if the process was also told something that the client does not know: then it cannot be kept. */
  isExact: boolean;
  /** The beginning of a new conversation; cleared once the model has begun to answer. */
  profile: Profile | undefined;
}

/** Runs turns, each on a process that has been told its history, or else on a warm or new one that is told it. */
export class TurnRunner {
  readonly #options: TurnRunnerOptions;
  readonly #reuse: Record<"hit" | MissReason, number> = {
    hit: 0, first_message: 0, unknown_history: 0, in_use: 0, idle_time: 0, evicted: 0, process_ended: 0,
  };
  #isClosing = false;

  constructor(options: TurnRunnerOptions) {
    this.#options = options;
  }

  get reuse(): Reuse {
    return { ...this.#reuse };
  }

  /** Keeps no more conversations: the process of each running turn ends with it. */
  close(): void {
    this.#isClosing = true;
  }

  /** The messages of a turn that a process would have to be told now. A resting conversation has the ones before. */
  messagesToTell(request: Turn): readonly Message[] {
    const turn = withToolChoice(request);
    const canContinue = (conversation: Conversation, seen: number): boolean => conversation.canContinue(turn, seen);
    return turn.messages.slice(this.#options.conversations.seen(messageHashes(turn), canContinue));
  }

  /**
   * Runs a turn on the process that has been told its history, or replays the history on another one. Throws a
   * BridgeError on any failure. If the caller stops iterating early, or `signal` aborts, the turn's process is ended.
   */
  async *run(
    request: Turn, signal: AbortSignal, complete: Complete = (messages) => Promise.resolve(messages),
  ): AsyncGenerator<TurnEvent[], void, undefined> {
    if (signal.aborted) throw clientClosed();
    const turn = withToolChoice(request);
    const hashes = messageHashes(turn);
    const { admission, conversations, pool, rest } = this.#options;
    const leave = await admission.enter(signal);
    rest.stop();
    const found = conversations.take(hashes, (conversation, seen) => conversation.canContinue(turn, seen));
    const hit = typeof found === "string" ? undefined : found;
    this.#noteReuse(turn, found);
    const answer = new AnswerRecord();
    const seat: Seat = { conversation: undefined, isExact: true, profile: undefined };
    try {
      const attempt: Attempt = { turn, signal, complete };
      const chosen = mustCall(turn) ? this.#answerWithCall(attempt, hit, seat) : this.#answer(attempt, hit, seat);
      for await (const batch of turn.stopSequences.length === 0 ? chosen : endAtStop(chosen, turn.stopSequences)) {
        if (seat.profile !== undefined && batch.some(({ type }) => type === "message_start")) {
          pool.open(turn.model, seat.profile);
          seat.profile = undefined;
        }
        answer.take(batch);
        yield batch;
      }
    } finally {
      if (hit !== undefined) conversations.release(hit);
      this.#dismiss(seat, turn, hashes, answer);
      leave();
      if (admission.running === 0) rest.start();
    }
  }

  async *#answer(attempt: Attempt, hit: Hit | undefined, seat: Seat): AsyncGenerator<TurnEvent[], void, undefined> {
    const { signal } = attempt;
    const turn = await this.#completed(attempt, hit);
    const waited = hit?.conversation ?? await this.#takeWarm(turn, seat, signal);
    const conversation = waited ?? await this.#bootInPlace(turn.model, signal);
    seat.conversation = conversation;
    try {
      yield* conversation.run(turn, hit?.seen ?? 0, signal);
    } catch (error) {
      // If no part of an answer has come, the turn is given to another process, once: this one may have died (a
      // laptop's sleep, a kill, too little memory) or not have ended its rehearsal. But if it is a new process that
      // still lives, it has refused the request itself, and another would too.
      const hasRefused = waited === undefined && conversation.process.state === "busy";
      if (hasRefused || conversation.hasBegun || this.#isClosing || !isCliFailure(error)) throw error;
      this.#options.log.info(
        "a process took no turn; its turn goes to another",
        { waited: waited !== undefined, ended: conversation.process.ending },
      );
      void conversation.process.end();
      // The new process must be told the whole history, not only the messages that were new to the other one.
      const whole = await this.#completed(attempt, undefined);
      seat.conversation = await this.#bootInPlace(turn.model, signal);
      yield* seat.conversation.run(whole, 0, signal);
    }
  }

  /**
   * Completes the messages of a turn that its process has not been told. On failure, keeps the conversation of `hit`.
   */
  async #completed({ turn, complete }: Attempt, hit: Hit | undefined): Promise<Turn> {
    const seen = hit?.seen ?? 0;
    try {
      const told = await complete(turn.messages.slice(seen));
      return { ...turn, messages: [...turn.messages.slice(0, seen), ...told] };
    } catch (error) {
      if (hit !== undefined && !this.#isClosing) this.#options.conversations.keep(hit.conversation, hit.hash);
      throw error;
    }
  }

  /** Runs a turn that must have a tool call. If the answer has none, asks the model once more, then fails the turn. */
  async *#answerWithCall(
    attempt: Attempt, hit: Hit | undefined, seat: Seat,
  ): AsyncGenerator<TurnEvent[], void, undefined> {
    const { turn, signal } = attempt;
    if (yield* untilFirstCall(this.#answer(attempt, hit, seat))) return;
    const { conversation } = seat;
    seat.isExact = false;
    if (conversation?.isReusable === true) {
      const messages = [...turn.messages, callNow];
      if (yield* untilFirstCall(conversation.run({ ...turn, messages }, messages.length - 1, signal))) return;
    }
    throw new BridgeError(
      "upstream_error", "The model answered without the tool call that tool_choice asks for.", { field: "tool_choice" },
    );
  }

  async #takeWarm(turn: Turn, seat: Seat, signal: AbortSignal): Promise<Conversation | undefined> {
    await this.#options.cli.ensureUsable();
    // The client may have disconnected meanwhile: then no warm process is taken.
    if (signal.aborted) throw clientClosed();
    seat.profile = { hash: profileHash(turn), turn: { ...turn, messages: [] } };
    return this.#options.pool.take(turn.model, seat.profile);
  }

  /** Boots a process for a turn that found no living conversation and no warm process. */
  async #bootInPlace(model: string, signal: AbortSignal): Promise<Conversation> {
    return this.#options.converse(await this.#options.cli.launch(model, signal));
  }

  /** Keeps the conversation, under the hash that the client's next request will have, or ends its process. */
  #dismiss(
    { conversation, isExact }: Seat, turn: Turn, hashes: ReturnType<typeof messageHashes>, answer: AnswerRecord,
  ): void {
    if (conversation === undefined) return;
    const blocks = answer.blocks();
    const last = hashes.at(-1);
    const isWanted = conversation.isParked || this.#options.keepsIdle;
    const isKept = isExact && conversation.isReusable && isWanted && !this.#isClosing;
    if (!isKept || blocks === undefined || last === undefined) {
      void conversation.process.end();
      return;
    }
    this.#options.conversations.keep(
      conversation, nextHash(last, { role: "assistant", content: blocks }, turn.messages.at(-1)),
    );
  }

  #noteReuse(turn: Turn, found: Hit | MissReason): void {
    const reuse = typeof found === "string" ? found : "hit";
    this.#reuse[reuse]++;
    this.#options.log.debug("turn", {
      model: turn.model, messages: turn.messages.length, reuse,
      known_messages: typeof found === "string" ? 0 : found.seen,
    });
  }
}

function isCliFailure(error: unknown): boolean {
  return error instanceof BridgeError && error.kind === "cli_failed";
}

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

/** How many turns went on with a living process, and why the others did not. */
export type Reuse = Readonly<Record<"hit" | MissReason, number>>;

/** What turns are run with. */
export interface TurnRunnerOptions {
  readonly cli: Cli;
  readonly admission: Admission;
  readonly pool: Pool;
  readonly conversations: Conversations;
  readonly rest: RestClock;
  /** A conversation on a process that has just started. */
  readonly converse: (process: ClaudeProcess) => Conversation;
  /** Whether a conversation whose turn is over keeps its process. */
  readonly keepsIdle: boolean;
  readonly log: Logger;
}

/** What a turn is run with. */
interface Attempt {
  readonly turn: Turn;
  readonly signal: AbortSignal;
  readonly complete: Complete;
}

/**
 * Gives messages that a process is about to be told with what they refer to. It may be asked again for more of them.
 * Rejects with a BridgeError when that cannot be had.
 */
export type Complete = (messages: readonly Message[]) => Promise<readonly Message[]>;

/** The conversation that a turn runs in; it may change while the turn has not begun. */
interface Seat {
  conversation: Conversation | undefined;
  /** Its process has been told only what the client knows. */
  isExact: boolean;
  /** What a new one begins with, until it has. */
  profile: Profile | undefined;
}

/** Runs turns, each on a process that has its conversation's history, or else on a fresh one. */
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

  /** No conversation is kept any more. */
  close(): void {
    this.#isClosing = true;
  }

  /** The messages of a turn that a process would have to be told now; a free one knows those before them. */
  messagesToTell(request: Turn): readonly Message[] {
    const turn = withToolChoice(request);
    const canContinue = (conversation: Conversation, seen: number): boolean => conversation.canContinue(turn, seen);
    return turn.messages.slice(this.#options.conversations.seen(messageHashes(turn), canContinue));
  }

  /**
   * Runs a turn: on the process that has this conversation's history, or with the history replayed on a fresh one.
   * Throws a BridgeError on any failure; when the caller stops early, or `signal` aborts, the turn's process ends.
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
      // A process may have died (a laptop's sleep, a kill, too little memory), or not end its rehearsal: nothing of an
      // answer had come yet. A new one that lives on has refused the request itself, and would again.
      const hasRefused = waited === undefined && conversation.process.state === "busy";
      if (hasRefused || conversation.hasBegun || this.#isClosing || !isCliFailure(error)) throw error;
      this.#options.log.info(
        "a process took no turn; its turn goes to another",
        { waited: waited !== undefined, ended: conversation.process.ending },
      );
      void conversation.process.end();
      // It is told all of the history, not only what was new to the other.
      const whole = await this.#completed(attempt, undefined);
      seat.conversation = await this.#bootInPlace(turn.model, signal);
      yield* seat.conversation.run(whole, 0, signal);
    }
  }

  /** The turn, the messages that are to be told completed. Where they cannot be, the conversation rests on. */
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

  /** An answer without the call that was asked for is turned round once, then given up. */
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
    // The client may have left meanwhile; a process is not spent on nobody.
    if (signal.aborted) throw clientClosed();
    seat.profile = { hash: profileHash(turn), turn: { ...turn, messages: [] } };
    return this.#options.pool.take(turn.model, seat.profile);
  }

  /** For a request that found nothing waiting. */
  async #bootInPlace(model: string, signal: AbortSignal): Promise<Conversation> {
    return this.#options.converse(await this.#options.cli.launch(model, signal));
  }

  /** The conversation rests where the client's next request will look for it, or its process ends. */
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

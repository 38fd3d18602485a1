import { type ErrorCode, clientClosed, hasCode } from "../errors.ts";
import type { ToldTurn } from "../claude/parameters.ts";
import type { Message } from "../turn/message.ts";
import type { TokenCount } from "../turn/count.ts";
import type { Turn } from "../turn/turn.ts";
import type { Admission } from "./admission.ts";
import type { Complete } from "./asked-turn.ts";
import type { Boots } from "./boots.ts";
import type { Borrowed, Borrowing, Lending } from "./borrowing.ts";
import { timelineOf } from "./history-hash.ts";
import type { RestClock } from "./rest-clock.ts";
import type { Seeker } from "./seat.ts";
import type { TurnRunner } from "./turn-runner.ts";

export interface TokenCounterOptions {
  readonly admission: Admission;
  readonly borrowing: Borrowing;
  readonly runner: Pick<TurnRunner, "told" | "profileOf">;
  readonly boots: Boots;
  readonly rest: RestClock;
}

/** The process died or did not come up: another one may count. */
const deaths: ReadonlySet<ErrorCode> = new Set(["cli_failed"]);

/**
 * Counts the tokens of turns that are not asked. A turn is told to a process whose CLI then counts, and taken back. It
 * has a place among the running turns meanwhile.
 */
export class TokenCounter {
  readonly #options: TokenCounterOptions;

  constructor(options: TokenCounterOptions) {
    this.#options = options;
  }

  /** Resolves with the count. Rejects with a BridgeError on any failure, and when `signal` aborts. */
  async count(
    request: Turn, signal: AbortSignal, complete: Complete = (messages) => Promise.resolve(messages),
  ): Promise<TokenCount> {
    if (signal.aborted) throw clientClosed();
    const { admission, boots, rest } = this.#options;
    const leave = await admission.enter(signal);
    rest.stop();
    try {
      return await this.#count(request, signal, complete);
    } catch (error) {
      boots.note(error);
      throw error;
    } finally {
      leave();
      if (admission.running === 0) rest.start();
    }
  }

  async #count(request: Turn, signal: AbortSignal, complete: Complete): Promise<TokenCount> {
    const { borrowing, runner } = this.#options;
    const turn = runner.told(request);
    const timeline = timelineOf(turn);
    const seeker: Seeker = { turn, timeline, profile: runner.profileOf(turn, timeline), missed: undefined };
    const found = await borrowing.find(seeker, signal);
    try {
      return await this.#countOn(found, seeker, signal, complete);
    } catch (error) {
      if (found.seat.way === "booted" || signal.aborted || !hasCode(error, deaths)) throw error;
      return await this.#countOn(await borrowing.boot(seeker, signal), seeker, signal, complete);
    }
  }

  async #countOn(
    borrowed: Borrowed, { turn, timeline }: Seeker, signal: AbortSignal, complete: Complete,
  ): Promise<TokenCount> {
    const { conversation, kept } = borrowed.seat;
    let lending: Lending = { name: "untold" };
    try {
      const told = await completed(turn, kept, complete);
      lending = { name: "counted" };
      const { inputTokens } = await conversation.count(told, kept, signal);
      return { inputTokens };
    } catch (error) {
      if (lending.name !== "untold") lending = { name: "failed", error };
      throw error;
    } finally {
      const back = this.#options.borrowing.giveBack(borrowed, timeline, lending);
      // Wait for a client that stays: its turn may come as soon as it has the answer, and then finds the process.
      if (!signal.aborted) await back;
    }
  }
}

/** The turn with those messages completed that the process has not been told. */
async function completed(turn: ToldTurn, kept: number, complete: Complete): Promise<ToldTurn> {
  const told: readonly Message[] = await complete(turn.messages.slice(kept));
  return { ...turn, messages: [...turn.messages.slice(0, kept), ...told] };
}

import type { Conversation } from "../claude/conversation.ts";
import type { OwnedProcess } from "./owned-process.ts";

/** A process that has just been started, and its conversation. */
export interface Fresh {
  readonly owned: OwnedProcess;
  readonly conversation: Conversation;
}

export interface SpareBootOptions {
  /** Starts a process and makes a conversation on it. Does not wait for a place any more when the signal aborts. */
  readonly start: (signal: AbortSignal) => Promise<Fresh>;
  /**
   * Tells the process the beginning of the turn. Resolves when the CLI has accepted that; rejects when it takes too
   * long.
   */
  readonly prepare: (conversation: Conversation) => Promise<void>;
  /** Says that the process, which is not up yet, may be ended: the turn has got another. */
  readonly spare: (owned: OwnedProcess) => void;
  /** Takes the process once it is up, if the turn has got another meanwhile. */
  readonly adopt: (fresh: Fresh) => void;
  /** Ends a process that failed. */
  readonly end: (owned: OwnedProcess) => void;
}

/** A process that boots for a turn, while the turn still waits for another that may come free sooner. */
export class SpareBoot {
  readonly #options: SpareBootOptions;
  /** Resolves when the boot is over, however it ended. Never rejects. */
  readonly over: Promise<void>;
  readonly #leaving = new AbortController();
  #fresh: Fresh | undefined;
  #error: unknown;
  #state: "booting" | "over" | "given up" = "booting";

  constructor(options: SpareBootOptions) {
    this.#options = options;
    this.over = this.#boot();
  }

  get isOver(): boolean {
    return this.#state === "over";
  }

  /** The process, once the boot is over. Throws if none could be started, or if it refused what it was told. */
  take(): Fresh {
    this.#state = "given up";
    const fresh = this.#fresh;
    if (fresh === undefined) throw this.#error;
    // The turn finds out that a process has died, and goes to another.
    if (this.#error === undefined || fresh.conversation.isDead) return fresh;
    this.#options.end(fresh.owned);
    throw this.#error;
  }

  /** Says that the turn needs the process no more. If there is no place for it yet, it is not started. */
  giveUp(): void {
    const wasBooting = this.#state === "booting";
    const wasOver = this.isOver;
    this.#state = "given up";
    this.#leaving.abort();
    if (wasOver) this.#leave();
    else if (wasBooting && this.#fresh !== undefined) this.#options.spare(this.#fresh.owned);
  }

  async #boot(): Promise<void> {
    const { start, prepare, spare } = this.#options;
    try {
      this.#fresh = await start(this.#leaving.signal);
      if (this.#leaving.signal.aborted) spare(this.#fresh.owned);
      await prepare(this.#fresh.conversation);
    } catch (error) {
      this.#error = error;
    }
    if (this.#state === "booting") this.#state = "over";
    else this.#leave();
  }

  #leave(): void {
    if (this.#fresh === undefined) return;
    // A process that was evicted meanwhile may have come up all the same.
    if (this.#error === undefined && !this.#fresh.owned.isEnding) this.#options.adopt(this.#fresh);
    else this.#options.end(this.#fresh.owned);
  }
}

import { bootWaitMs } from "../claude/probe.ts";
import type { Conversation } from "../claude/conversation.ts";
import { orLate } from "../claude/late.ts";
import { BridgeError } from "../errors.ts";
import type { Clock } from "./world.ts";

export interface SpareBootOptions {
  readonly clock: Clock;
  /** Starts a process and makes a conversation on it. */
  readonly launch: () => Promise<Conversation>;
  /** Tells it what the turn begins with. Resolves when it is up and has accepted that. */
  readonly prepare: (conversation: Conversation) => Promise<void>;
  /** Takes the process once it is up, if the turn has got another meanwhile. */
  readonly adopt: (conversation: Conversation) => void;
}

/** A process that boots for a turn, while the turn still waits for another that may come free sooner. */
export class SpareBoot {
  readonly #options: SpareBootOptions;
  /** Resolves when the boot is over, however it ended. Never rejects. */
  readonly over: Promise<void>;
  #conversation: Conversation | undefined;
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
  take(): Conversation {
    this.#state = "given up";
    const conversation = this.#conversation;
    if (conversation === undefined) throw this.#error;
    // One that has died is found out by its turn, which then goes to another.
    if (this.#error === undefined || conversation.isDead) return conversation;
    void conversation.process.end();
    throw this.#error;
  }

  /** Says that the turn needs the process no more. */
  giveUp(): void {
    const wasOver = this.isOver;
    this.#state = "given up";
    if (wasOver) this.#leave();
  }

  async #boot(): Promise<void> {
    try {
      this.#conversation = await this.#options.launch();
      await orLate(this.#options.prepare(this.#conversation), bootWaitMs, () => {
        throw new BridgeError("cli_failed", `The claude process did not boot within ${bootWaitMs / 1000} s.`);
      }, this.#options.clock.after);
    } catch (error) {
      this.#error = error;
    }
    if (this.#state === "booting") this.#state = "over";
    else this.#leave();
  }

  #leave(): void {
    if (this.#conversation === undefined) return;
    if (this.#error === undefined) this.#options.adopt(this.#conversation);
    else void this.#conversation.process.end();
  }
}

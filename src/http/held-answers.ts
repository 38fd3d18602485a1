/**
 * Limits the memory of answers that are sent in one piece. Each is in memory from the model's first words until its
 * client has read it. When all together exceed the limit, one of them is dropped. Responses in the store have a limit
 * of their own, and count here too while a client reads them.
 */

import type { ServerResponse } from "node:http";
import { BridgeError } from "../errors.ts";
import type { Logger } from "../log.ts";

/** The limit for all answers together that are being gathered or have not been read yet, in bytes. */
export const heldAnswersBytesMax = 128 * 1024 * 1024;
/** The limit for one answer, in bytes; far more than a model writes. */
export const wholeAnswerBytesMax = 64 * 1024 * 1024;

/**
 * `gathering`: the model is writing the answer. `unread`: it is complete, and the client is reading it. `ended`: it was
 * sent, failed, or was dropped while it was read. `given up`: it was dropped while it was gathered, to free memory.
 */
type HeldState = "gathering" | "unread" | "ended" | "given up";

/** The response that an answer is for, and a function that ends the turn that gathers it. */
export interface HeldFor {
  readonly response: ServerResponse;
  readonly giveUp: () => void;
}

/** The memory of one answer, from the model's first words until its client has read it. */
export class HeldAnswer {
  readonly #for: HeldFor;
  readonly #all: HeldAnswers;
  #state: HeldState = "gathering";
  #bytes = 0;

  constructor(heldFor: HeldFor, all: HeldAnswers) {
    this.#for = heldFor;
    this.#all = all;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get state(): HeldState {
    return this.#state;
  }

  /** The request's id, for the log. */
  get id(): string | undefined {
    return this.#for.response.getHeader("x-request-id")?.toString();
  }

  /** Adds `bytes` to the answer's size. Throws a BridgeError if the answer is now too large, or was dropped. */
  grow(bytes: number): void {
    this.resize(this.#bytes + bytes);
  }

  /** Sets the size of an answer that is being gathered. Throws a BridgeError if it is too large, or was dropped. */
  resize(bytes: number): void {
    this.throwIfGivenUp();
    const more = bytes - this.#bytes;
    this.#bytes = bytes;
    this.#all.onResize(more);
    this.throwIfGivenUp();
    if (bytes > wholeAnswerBytesMax) throw tooLong();
  }

  /** To be called when the answer is complete: from now on its client reads it. */
  beginReading(): void {
    this.#state = "unread";
    this.#all.onRead(this, 0);
  }

  /** To be called when the client has read a part of the answer, which freed `bytesFreed` bytes. */
  take(bytesFreed: number): void {
    const less = Math.min(bytesFreed, this.#bytes);
    this.#bytes -= less;
    this.#all.onRead(this, less);
  }

  /** To be called when the answer was sent, or its turn has failed: it is no longer counted. */
  release(): void {
    this.#end("ended");
  }

  /** Drops the answer to free memory: ends its turn if the answer is still gathered, else disconnects its client. */
  cut(): void {
    const wasGathering = this.#state === "gathering";
    this.#end(wasGathering ? "given up" : "ended");
    if (wasGathering) this.#for.giveUp();
    else this.#for.response.destroy();
  }

  /**
   * Throws the error for a too long answer, if this one was dropped while it was gathered. Its turn was aborted by
   * that, and fails with an error that does not say why.
   */
  throwIfGivenUp(): void {
    if (this.#state === "given up") throw tooLong();
  }

  #end(state: "ended" | "given up"): void {
    if (this.#state === "ended" || this.#state === "given up") return;
    this.#state = state;
    this.#all.onEnd(this);
    this.#bytes = 0;
  }
}

/** All answers that are sent in one piece at the moment, and the limit of their memory. */
export class HeldAnswers {
  readonly #log: Logger;
  readonly #bytesMax: number;
  /** Ordered by when their clients last read something: the first unread one has waited longest. */
  readonly #held = new Set<HeldAnswer>();
  #bytes = 0;

  constructor(log: Logger, bytesMax = heldAnswersBytesMax) {
    this.#log = log;
    this.#bytesMax = bytesMax;
  }

  /** The size of all held answers now, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Counts an answer from now on, with no bytes yet. */
  hold(heldFor: HeldFor): HeldAnswer {
    const answer = new HeldAnswer(heldFor, this);
    this.#held.add(answer);
    return answer;
  }

  /**
   * Adds `bytes` to the total. While that exceeds the limit, drops the unread answer that has waited longest for its
   * client, or if all are being gathered, the largest.
   */
  onResize(bytes: number): void {
    this.#bytes += bytes;
    while (this.#bytes > this.#bytesMax) {
      const unread = [...this.#held].find(({ state }) => state === "unread");
      const cut = unread ?? [...this.#held].reduce((one, other) => (other.bytes > one.bytes ? other : one));
      const reason = cut.state === "unread" ? "its reader has taken nothing for longest" : "it is the largest";
      this.#log.info("an answer was cut, for want of room", { id: cut.id, reason, bytes: cut.bytes });
      cut.cut();
    }
  }

  /**
   * Called by an answer of which `bytes` were read and freed: it moves to the end of the order in which answers are
   * dropped.
   */
  onRead(answer: HeldAnswer, bytes: number): void {
    if (!this.#held.delete(answer)) return;
    this.#bytes -= bytes;
    this.#held.add(answer);
  }

  /** Called by an answer that ends: it is no longer counted. */
  onEnd(answer: HeldAnswer): void {
    if (this.#held.delete(answer)) this.#bytes -= answer.bytes;
  }
}

function tooLong(): BridgeError {
  return new BridgeError("upstream_error", "The answer is too long to be given in one piece; ask for it as a stream.");
}

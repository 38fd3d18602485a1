/** How much of the answers that are given whole the server holds, and whose answer goes when that is too much. */

import type { ServerResponse } from "node:http";
import { BridgeError } from "../errors.ts";
import type { Logger } from "../log.ts";

/** The most that all of them come to that are being gathered or were not read yet, in bytes. */
export const heldAnswersBytesMax = 128 * 1024 * 1024;
/** The most that one comes to, in bytes; far beyond what a model says. */
export const wholeAnswerBytesMax = 64 * 1024 * 1024;

/** Gathered from the model; then waiting for its reader; then sent, or given up for want of room. */
type HeldState = "gathering" | "unread" | "ended" | "given up";

/** Whom an answer is for, and how the turn that gathers it is ended. */
export interface HeldFor {
  readonly response: ServerResponse;
  readonly giveUp: () => void;
}

/** One answer on its way from the model to its reader. */
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

  /** It came to so much more. Throws a BridgeError when it is too much. */
  grow(bytes: number): void {
    this.resize(this.#bytes + bytes);
  }

  /** It is being gathered, and comes to so much. Throws a BridgeError when it is too much. */
  resize(bytes: number): void {
    this.throwIfGivenUp();
    const more = bytes - this.#bytes;
    this.#bytes = bytes;
    this.#all.onResize(more);
    this.throwIfGivenUp();
    if (bytes > wholeAnswerBytesMax) throw tooLong();
  }

  /** Nothing is added from here on: it waits for its reader. */
  beginReading(): void {
    this.#state = "unread";
    this.#all.onRead(this, 0);
  }

  /** Its reader has taken some of it, and so much is held no more. */
  take(bytesFreed: number): void {
    const less = Math.min(bytesFreed, this.#bytes);
    this.#bytes -= less;
    this.#all.onRead(this, less);
  }

  /** It was sent, or its turn has failed. */
  release(): void {
    this.#end("ended");
  }

  /** There is no room for it: the turn that gathers it, or the connection that waits for its reader, ends at once. */
  cut(): void {
    const wasGathering = this.#state === "gathering";
    this.#end(wasGathering ? "given up" : "ended");
    if (wasGathering) this.#for.giveUp();
    else this.#for.response.destroy();
  }

  /** The turn itself only tells that it was ended, not why. */
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

/** All that are held. */
export class HeldAnswers {
  readonly #log: Logger;
  readonly #bytesMax: number;
  /** In the order in which their readers last took something: the first unread one has waited longest. */
  readonly #held = new Set<HeldAnswer>();
  #bytes = 0;

  constructor(log: Logger, bytesMax = heldAnswersBytesMax) {
    this.#log = log;
    this.#bytesMax = bytesMax;
  }

  /** How much is held now, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  hold(heldFor: HeldFor): HeldAnswer {
    const answer = new HeldAnswer(heldFor, this);
    this.#held.add(answer);
    return answer;
  }

  /** Cuts those that wait for their readers, the longest waiting first; then, of those being gathered, the largest. */
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

  onRead(answer: HeldAnswer, bytes: number): void {
    if (!this.#held.delete(answer)) return;
    this.#bytes -= bytes;
    this.#held.add(answer);
  }

  onEnd(answer: HeldAnswer): void {
    if (this.#held.delete(answer)) this.#bytes -= answer.bytes;
  }
}

function tooLong(): BridgeError {
  return new BridgeError("upstream_error", "The answer is too long to be given in one piece; ask for it as a stream.");
}

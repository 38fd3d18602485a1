/** How much of the answers that are given whole the server holds, and whose answer goes when that is too much. */

import type { ServerResponse } from "node:http";
import { BridgeError } from "../errors.ts";

/** The most that all of them come to that are being gathered or were not read yet, in bytes. */
export const heldAnswersBytesMax = 128 * 1024 * 1024;
/** The most that one comes to, in bytes; far beyond what a model says. */
export const wholeAnswerBytesMax = 64 * 1024 * 1024;

/** One answer on its way from the model to its reader. */
export class HeldAnswer {
  readonly response: ServerResponse;
  readonly #all: HeldAnswers;
  #bytes = 0;
  #isTooMuch = false;

  constructor(response: ServerResponse, all: HeldAnswers) {
    this.response = response;
    this.#all = all;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** It is being gathered, and came to so much more. Throws a BridgeError when it is too much. */
  grow(bytes: number): void {
    this.#bytes += bytes;
    this.#all.onGrowth(this, bytes);
    if (this.#bytes <= wholeAnswerBytesMax && !this.#isTooMuch) return;
    throw new BridgeError("upstream_error", "The answer is too long to be given in one piece; ask for it as a stream.");
  }

  /** Its reader has taken so much, or is given the first of it. */
  shrink(bytes: number): void {
    const less = Math.min(bytes, this.#bytes);
    this.#bytes -= less;
    this.#all.onRead(this, less);
  }

  /** It is read, or given up. */
  release(): void {
    this.#all.onEnd(this);
    this.#bytes = 0;
  }

  /** There is no room for it: it fails when it grows again. */
  giveUp(): void {
    this.#isTooMuch = true;
  }
}

/** All that are held. */
export class HeldAnswers {
  readonly #bytesMax: number;
  readonly #gathered = new Set<HeldAnswer>();
  /** In the order in which their readers last took something: the first has waited longest. */
  readonly #unread = new Set<HeldAnswer>();
  #bytes = 0;

  constructor(bytesMax = heldAnswersBytesMax) {
    this.#bytesMax = bytesMax;
  }

  /** How much is held now, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  hold(response: ServerResponse): HeldAnswer {
    const answer = new HeldAnswer(response, this);
    this.#gathered.add(answer);
    return answer;
  }

  /**
   * Cuts those that wait for their readers, the longest waiting first; if that is no room yet, the largest gives up.
   */
  onGrowth(answer: HeldAnswer, bytes: number): void {
    this.#bytes += bytes;
    for (const oldest of this.#unread) {
      if (this.#bytes <= this.#bytesMax) return;
      if (oldest === answer) continue;
      // At once: its socket tells of its end a moment later.
      oldest.release();
      oldest.response.destroy();
    }
    if (this.#bytes <= this.#bytesMax) return;
    let largest = answer;
    for (const other of this.#gathered) if (other.bytes > largest.bytes) largest = other;
    largest.giveUp();
  }

  onRead(answer: HeldAnswer, bytes: number): void {
    this.#bytes -= bytes;
    this.#gathered.delete(answer);
    this.#unread.delete(answer);
    this.#unread.add(answer);
  }

  onEnd(answer: HeldAnswer): void {
    this.#bytes -= answer.bytes;
    this.#gathered.delete(answer);
    this.#unread.delete(answer);
  }
}

import { freeWaitMsLeast, freeWaitsMsLeast } from "./free-waits.ts";
import type { HistoryHash } from "./history-hash.ts";

/** Of how many beginnings the time of the last answer is remembered. */
const beginningsMax = 16;
/** A boot that took longer, as the first after the machine's start may, counts as this, in milliseconds. */
export const bootMsCountedMax = 2_000;

/** How long a turn waits for a process to come free, in milliseconds, before another is booted for it. */
export interface FreeWaitLimits {
  /** How long until the first process comes free, and from each to the next. */
  readonly each: number;
  readonly all: number;
}

/**
 * How long a turn waits for a running process that has its beginning. A boot takes half a second and more of the CPU
 * that the running turns need, so a turn that waits less than a boot takes is served sooner, and so are the others.
 * `bootMs`: how long the last boot took; `answerMs`: how long the last answer with this beginning took. Undefined where
 * none was seen. Pure.
 */
export function freeWaitLimits(bootMs: number | undefined, answerMs: number | undefined): FreeWaitLimits {
  const counted = Math.min(bootMs ?? 0, bootMsCountedMax);
  const each = answerMs === undefined ? counted / 2 : answerMs < counted ? counted : 0;
  return { each: Math.max(freeWaitMsLeast, each), all: Math.max(freeWaitsMsLeast, 2 * each) };
}

/** Remembers how long boots, and answers to each beginning, have taken lately. */
export class Pace {
  #bootMs: number | undefined;
  /** How long the last answer with each beginning took, in milliseconds; the beginning seen last is the last. */
  readonly #answersMs = new Map<HistoryHash, number>();

  noteBoot(ms: number): void {
    this.#bootMs = ms;
  }

  /** Notes how long a turn took, from getting its process to the end of its answer. */
  noteAnswer(beginning: HistoryHash, ms: number): void {
    this.#answersMs.delete(beginning);
    this.#answersMs.set(beginning, ms);
    const [oldest] = this.#answersMs.keys();
    if (this.#answersMs.size > beginningsMax && oldest !== undefined) this.#answersMs.delete(oldest);
  }

  limits(beginning: HistoryHash): FreeWaitLimits {
    return freeWaitLimits(this.#bootMs, this.#answersMs.get(beginning));
  }
}

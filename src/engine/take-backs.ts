import { FreeWaits } from "./free-waits.ts";
import { commonLength, shortened, type Timeline } from "./history-hash.ts";
import type { OwnedProcess, Use } from "./owned-process.ts";
import type { Clock } from "./world.ts";

/**
 * How long a turn waits at most for a process whose turn was left, in milliseconds. To take such a turn back takes
 * some 25; a process that does not do it is ended.
 */
export const takeBackWaitMsMax = 1_000;

/**
 * How long a turn waits at most for the client of a running turn to leave, in milliseconds. Some clients close the
 * connection of a stopped answer only after they have sent the next request.
 */
export const leaveWaitMsMax = 50;

/** A turn that looks for the process that has its history. */
export interface Waiting {
  readonly timeline: Timeline;
  /** Ends the wait when the turn's client leaves. */
  readonly signal: AbortSignal;
  /** The processes there are. */
  readonly all: () => readonly OwnedProcess[];
  /** How many of the turn's messages a free process has now. */
  readonly kept: () => number;
}

/** The processes whose turns were left by their clients, or have failed, until those turns are taken back. */
export class TakeBacks {
  readonly #clock: Clock;
  readonly #waits: FreeWaits<true>;
  /** The uses that the processes have in those turns. */
  readonly #left = new WeakSet<Use>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#waits = new FreeWaits(clock);
  }

  /** To be called when a process's turn was left or has failed. */
  note({ use }: OwnedProcess): void {
    this.#left.add(use);
  }

  /** To be called when a process may have come free. */
  offer(): void {
    this.#waits.offer();
  }

  /**
   * Waits while a process is being taken back that has more of a turn's history than any free one, or is likely to be
   * soon: who stops an answer and asks on in the same moment is to have it.
   */
  async wait({ timeline, signal, all, kept }: Waiting): Promise<void> {
    // The last message of either is a question: the one is taken back, and the other is to be asked.
    const history = shortened(timeline, timeline.hashes.length - 1);
    const startMs = this.#clock.monotonic();
    for (;;) {
      const better = all().filter(({ use }) => (
        use.name === "running"
        && commonLength(shortened(use.timeline, use.timeline.hashes.length - 1), history) > kept()));
      const waitMsMax = better.some(({ use }) => this.#left.has(use)) ? takeBackWaitMsMax : leaveWaitMsMax;
      const leftMs = startMs + waitMsMax - this.#clock.monotonic();
      if (better.length === 0 || signal.aborted || leftMs <= 0) return;
      await this.#waits.wait({ look: () => true, signal, end: leftMs });
    }
  }
}

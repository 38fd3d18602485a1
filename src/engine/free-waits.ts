import type { Cancel, Clock } from "./world.ts";

/**
 * How long a turn waits at least for a running process with the same beginning before another is booted for it, in
 * milliseconds. Turns that are answered at once end sooner than a process boots.
 */
export const freeWaitMsLeast = 150;
/** How long a turn waits at least in all, while processes keep coming free that other turns get, in milliseconds. */
export const freeWaitsMsLeast = 1_000;

/** What a turn waits for. */
export interface FreeWait<Found> {
  /** Takes what the turn waits for, if it is there. */
  readonly look: () => Found | undefined;
  /** Ends the wait when the client leaves. */
  readonly signal: AbortSignal;
  /** How long to wait, in milliseconds, or what ends the wait. */
  readonly end: number | Promise<void>;
}

/** Turns that wait for a process to come free. */
export class FreeWaits<Found> {
  /** What has each waiting turn look, in the order they came. */
  readonly #waiting = new Set<() => void>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be called when a process may have come free: each turn that waits looks at once, before anyone else can. */
  offer(): void {
    for (const look of [...this.#waiting]) look();
  }

  /**
   * Resolves with what a look finds at an offer; with undefined when an offer had nothing for this turn, the client has
   * left, or the wait is over.
   */
  wait({ look, signal, end }: FreeWait<Found>): Promise<Found | undefined> {
    return new Promise((resolve) => {
      let cancel: Cancel | undefined;
      const settle = (found: Found | undefined): void => {
        if (!this.#waiting.delete(offered)) return;
        cancel?.();
        signal.removeEventListener("abort", giveUp);
        resolve(found);
      };
      const offered = (): void => {
        // A turn whose wait is over must take nothing.
        if (this.#waiting.has(offered)) settle(look());
      };
      const giveUp = (): void => settle(undefined);
      this.#waiting.add(offered);
      signal.addEventListener("abort", giveUp);
      if (typeof end === "number") cancel = this.#clock.after(end, giveUp);
      else void end.then(giveUp);
      if (signal.aborted) giveUp();
    });
  }
}

import { type Clock, Timer } from "./world.ts";

/** The wait after a failed boot, in milliseconds. It doubles with each further failure, up to `bootRetryMsMax`. */
export const bootRetryMs = 1_000;
export const bootRetryMsMax = 60_000;

/** The wait after failed boots of one model's warm processes. */
export class Backoff {
  readonly #timer: Timer;
  #failedBoots = 0;

  constructor(clock: Clock) {
    this.#timer = new Timer(clock);
  }

  /** Whether the wait after a failed boot still lasts. */
  get isWaiting(): boolean {
    return this.#timer.isPending;
  }

  /** Counts a failed boot, and calls `retry` when another may be tried. Returns the wait, in milliseconds. */
  wait(retry: () => void): number {
    const waitMs = Math.min(bootRetryMsMax, bootRetryMs * 2 ** this.#failedBoots++);
    this.#timer.set(waitMs, retry);
    return waitMs;
  }

  /** To be called when a turn got one of the processes: the wait after the next failure is the shortest again. */
  reset(): void {
    this.#failedBoots = 0;
  }

  cancel(): void {
    this.#timer.cancel();
  }
}

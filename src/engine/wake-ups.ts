import type { Clock } from "./world.ts";

/** Turns that wait until something may have changed for them, and then look again. */
export class WakeUps {
  /** What wakes each turn that waits, in the order the turns came. */
  readonly #waiting = new Set<() => void>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Has each turn that waits look again. */
  wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves at the next `wake`, when the client has left, or when the time, in milliseconds, or `end` is over. */
  wait(signal: AbortSignal, end: number | Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel?.();
        signal.removeEventListener("abort", wake);
        this.#waiting.delete(wake);
        resolve();
      };
      const cancel = typeof end === "number" ? this.#clock.after(end, wake) : undefined;
      if (typeof end !== "number") void end.then(wake);
      signal.addEventListener("abort", wake);
      this.#waiting.add(wake);
    });
  }
}

/**
 * How long a refill waits after a process was taken, in milliseconds. A boot costs most of a second of CPU, which the
 * turn that took the process needs first.
 */
export const refillDelayMs = 250;
/**
 * How long a refill waits at most, in milliseconds, while it is put off by replays: a replay needs the CPU for longer.
 */
export const refillDelayMsMax = 2_000;

/** Calls `refill` once, `refillDelayMs` after the first of any number of `start` calls. */
export class RefillTimer {
  readonly #refill: () => void;
  #pending: { readonly timer: NodeJS.Timeout; readonly latestMs: number } | undefined;

  constructor(refill: () => void) {
    this.#refill = refill;
  }

  start(): void {
    if (this.#pending === undefined) this.#wait(Date.now() + refillDelayMsMax);
  }

  /** Restarts the delay of a pending refill, but not beyond `refillDelayMsMax` after it was first asked for. */
  putOff(): void {
    if (this.#pending === undefined || Date.now() + refillDelayMs > this.#pending.latestMs) return;
    const { timer, latestMs } = this.#pending;
    clearTimeout(timer);
    this.#wait(latestMs);
  }

  stop(): void {
    clearTimeout(this.#pending?.timer);
    this.#pending = undefined;
  }

  #wait(latestMs: number): void {
    const timer = setTimeout(() => {
      this.#pending = undefined;
      this.#refill();
    }, refillDelayMs);
    timer.unref();
    this.#pending = { timer, latestMs };
  }
}

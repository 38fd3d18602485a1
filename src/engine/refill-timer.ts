/**
 * After one was taken, in milliseconds, before the next boots: a boot costs most of a second of CPU, which the turn
 * needs more.
 */
export const refillDelayMs = 250;
/**
 * How long a refill is put off at most, in milliseconds, while histories are told: a replay needs the CPU of a boot for
 * longer.
 */
export const refillDelayMsMax = 2_000;

/** Calls for a refill a moment after it is wanted, once however often it was. */
export class RefillTimer {
  readonly #refill: () => void;
  #pending: { readonly timer: NodeJS.Timeout; readonly latestMs: number } | undefined;

  constructor(refill: () => void) {
    this.#refill = refill;
  }

  start(): void {
    if (this.#pending === undefined) this.#wait(Date.now() + refillDelayMsMax);
  }

  /** A refill that is to come waits its delay again, up to a bound. */
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

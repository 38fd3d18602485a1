import { type Clock, Timer } from "./world.ts";

/**
 * How long a refill waits after a process was taken, in milliseconds. A boot costs most of a second of CPU, which the
 * turn that took the process needs first.
 */
export const refillDelayMs = 250;
/**
 * How long a refill waits at most, in milliseconds, while it is put off (`putOff`) by processes that are being told
 * histories: these need the CPU for longer.
 */
export const refillDelayMsMax = 2_000;

/**
 * How long a refill waits at most, in milliseconds, while turns run whose processes can be given to the next
 * conversation, or many processes boot for turns: a boot takes the CPU from them, and the used ones may stand in for
 * the missing processes.
 */
export const busyDelayMsMax = 5_000;

/** Calls `refill` once, `refillDelayMs` after the first of any number of `start` calls; later on a busy server. */
export class RefillTimer {
  readonly #isBusy: () => boolean;
  readonly #clock: Clock;
  readonly #timer: Timer;
  #refill: () => void = () => {};
  /** When a pending refill was first asked for. */
  #askedMs = 0;

  constructor(clock: Clock, isBusy: () => boolean = () => false) {
    this.#clock = clock;
    this.#timer = new Timer(clock);
    this.#isBusy = isBusy;
  }

  start(refill: () => void): void {
    if (this.#timer.isPending) return;
    this.#refill = refill;
    this.#askedMs = this.#clock.monotonic();
    this.#wait();
  }

  /** Restarts the delay of a pending refill, but not beyond `refillDelayMsMax` after it was first asked for. */
  putOff(): void {
    if (this.#timer.isPending && this.#mayWait(refillDelayMsMax)) this.#wait();
  }

  stop(): void {
    this.#timer.cancel();
  }

  #wait(): void {
    this.#timer.set(refillDelayMs, () => {
      if (this.#mayWait(busyDelayMsMax) && this.#isBusy()) this.#wait();
      else this.#refill();
    });
  }

  /** Whether one more delay ends within `msMax` after the refill was first asked for. */
  #mayWait(msMax: number): boolean {
    return this.#clock.monotonic() + refillDelayMs <= this.#askedMs + msMax;
  }
}

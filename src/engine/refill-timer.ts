import { type Clock, Timer } from "./world.ts";

/**
 * How long a refill waits after a process was taken, in milliseconds. A boot costs most of a second of CPU, which the
 * turn that took the process needs first.
 */
export const refillDelayMs = 250;
/**
 * How long a refill waits at most, in milliseconds, while it is put off by replays: a replay needs the CPU for longer.
 */
export const refillDelayMsMax = 2_000;

/**
 * How many times a refill waits anew, `refillDelayMs` each, while turns run whose processes can be given on, or many
 * processes boot for turns: a boot takes the CPU from them, and the used ones may stand in for the missing processes.
 */
export const busyDelaysMax = 20;

/** Calls `refill` once, `refillDelayMs` after the first of any number of `start` calls; later on a busy server. */
export class RefillTimer {
  readonly #isBusy: () => boolean;
  readonly #clock: Clock;
  readonly #timer: Timer;
  #refill: () => void = () => {};
  #busyDelays = 0;
  /** When a pending refill is to begin at the latest. */
  #latestMs = 0;

  constructor(clock: Clock, isBusy: () => boolean = () => false) {
    this.#clock = clock;
    this.#timer = new Timer(clock);
    this.#isBusy = isBusy;
  }

  start(refill: () => void): void {
    if (this.#timer.isPending) return;
    this.#refill = refill;
    this.#latestMs = this.#clock.monotonic() + refillDelayMsMax;
    this.#wait();
  }

  /** Restarts the delay of a pending refill, but not beyond `refillDelayMsMax` after it was first asked for. */
  putOff(): void {
    if (this.#timer.isPending && this.#clock.monotonic() + refillDelayMs <= this.#latestMs) this.#wait();
  }

  stop(): void {
    this.#timer.cancel();
  }

  #wait(): void {
    this.#timer.set(refillDelayMs, () => {
      this.#busyDelays = this.#isBusy() && this.#busyDelays < busyDelaysMax ? this.#busyDelays + 1 : 0;
      if (this.#busyDelays === 0) this.#refill();
      else this.start(this.#refill);
    });
  }
}

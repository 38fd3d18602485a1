import { type BridgeError, serverBusy } from "../errors.ts";
import { Waiters } from "./waiters.ts";
import type { Clock } from "./world.ts";

/**
 * How long a turn waits for the slot of a process that is shutting down, in milliseconds: several times the length of a
 * whole shutdown, SIGKILL included.
 */
export const slotWaitMs = 10_000;

/** Releases a slot. Further calls do nothing. */
export type Release = () => void;

/**
 * Slots for processes. One is taken before a process starts and released when it has exited. Turns wait for slots in
 * the order they came. A process that is only preparation never gets a slot that a turn waits for.
 */
export class Slots {
  readonly #max: number;
  readonly #clock: Clock;
  readonly #waiters = new Waiters<Release>();
  #taken = 0;
  #closed: BridgeError | undefined;

  constructor(max: number, clock: Clock) {
    this.#max = max;
    this.#clock = clock;
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** How many slots `take` would give. */
  get free(): number {
    // No turn waits while a slot is free: a released slot goes to the first that waits.
    return this.#closed === undefined ? this.#max - this.#taken : 0;
  }

  /** Takes a free slot; undefined if there is none. */
  take(): Release | undefined {
    if (this.free === 0) return undefined;
    this.#taken++;
    return this.#release();
  }

  /**
   * Waits for a released slot, behind those that wait already. Rejects with a BridgeError after `slotWaitMs`, when the
   * client disconnects, or on `close`.
   */
  async wait(signal: AbortSignal): Promise<Release> {
    if (this.#closed !== undefined) throw this.#closed;
    const error = (): BridgeError => serverBusy(
      `All ${this.#max} processes are taken, and none of them ended within ${slotWaitMs / 1000} s.`
    );
    return await this.#waiters.wait(signal, { clock: this.#clock, ms: slotWaitMs, error });
  }

  /** Gives out no more slots, and rejects all that wait with `error`. */
  close(error: BridgeError): void {
    this.#closed ??= error;
    this.#waiters.refuseAll(this.#closed);
  }

  #release(): Release {
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      // Hand the slot on directly: if it were free in between, `take` could get it first.
      if (!this.#waiters.serveNext(() => this.#release())) this.#taken--;
    };
  }
}

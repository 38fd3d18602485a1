import { type BridgeError, serverBusy } from "../errors.ts";
import { Waiters } from "./waiters.ts";
import type { Clock } from "./world.ts";

/**
 * How long a turn waits for the place of a process that is shutting down, in milliseconds: several times the length of
 * a whole shutdown, SIGKILL included.
 */
export const placeWaitMs = 10_000;

/**
 * Places for processes. One is taken before a process starts and vacated when it has exited. Turns wait for places in
 * the order they came. A process that no turn has asked for never gets a place that a turn waits for.
 */
export class Places {
  readonly #max: number;
  readonly #clock: Clock;
  readonly #waiters = new Waiters<void>();
  #taken = 0;
  #closed: BridgeError | undefined;

  constructor(max: number, clock: Clock) {
    this.#max = max;
    this.#clock = clock;
  }

  get taken(): number {
    return this.#taken;
  }

  /** How many turns wait. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /**
   * How many places `take` would give. Where turns wait it is none: a place that is vacated goes to the first of them.
   */
  get free(): number {
    return this.#closed === undefined ? this.#max - this.#taken : 0;
  }

  /** Takes a free place. Returns false if there is none. */
  take(): boolean {
    if (this.free === 0) return false;
    this.#taken++;
    return true;
  }

  /**
   * Takes the next place that is vacated, behind those that wait already. Rejects with a BridgeError after
   * `placeWaitMs`, when the client disconnects, or on `close`.
   */
  async wait(signal: AbortSignal): Promise<void> {
    if (this.#closed !== undefined) throw this.#closed;
    const error = (): BridgeError => serverBusy(
      `All ${this.#max} processes are taken, and none of them ended within ${placeWaitMs / 1000} s.`
    );
    await this.#waiters.wait(signal, { clock: this.#clock, ms: placeWaitMs, error });
  }

  /** Vacates a place: to be called once for each that was taken. */
  vacate(): void {
    // Hand it on directly: if it were free in between, `take` could get it first.
    if (!this.#waiters.serveNext(() => {})) this.#taken--;
  }

  /** Gives out no more places, and rejects all that wait with `error`. */
  close(error: BridgeError): void {
    this.#closed ??= error;
    this.#waiters.refuseAll(this.#closed);
  }
}

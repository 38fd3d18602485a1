import { type BridgeError, serverBusy } from "../errors.ts";
import { Waiters } from "./waiters.ts";

/**
 * How long a turn waits for the place of a process that is being ended, in milliseconds: the whole ladder of its end,
 * some times over.
 */
export const slotWaitMs = 10_000;

/** Gives the slot back; the second time does nothing. */
export type Release = () => void;

/**
 * Places for processes: one is taken before a process starts and given back when it is gone. Turns wait for one in the
 * order they came; what is only preparation takes none that a turn waits for.
 */
export class Slots {
  readonly #max: number;
  readonly #waiters = new Waiters<Release>();
  #taken = 0;
  #closed: BridgeError | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** How many `take` would give. */
  get free(): number {
    // One that is given back goes to who waits first, so a free one is nobody's.
    return this.#closed === undefined ? this.#max - this.#taken : 0;
  }

  /** A slot that is free; undefined when there is none. */
  take(): Release | undefined {
    if (this.free === 0) return undefined;
    this.#taken++;
    return this.#release();
  }

  /**
   * The next slot that is given back and that nobody waits longer for. Rejects with a BridgeError after `slotWaitMs`,
   * when the client leaves, or at the close.
   */
  async wait(signal: AbortSignal): Promise<Release> {
    if (this.#closed !== undefined) throw this.#closed;
    const error = (): BridgeError => serverBusy(
      `All ${this.#max} processes are taken, and none of them ended within ${slotWaitMs / 1000} s.`
    );
    return await this.#waiters.wait(signal, { ms: slotWaitMs, error });
  }

  /** Gives no more, and tells those that wait why. */
  close(error: BridgeError): void {
    this.#closed ??= error;
    this.#waiters.refuseAll(this.#closed);
  }

  #release(): Release {
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      // Handed on: it is free at no moment in between.
      if (!this.#waiters.serveNext(() => this.#release())) this.#taken--;
    };
  }
}

import { type BridgeError, clientClosed, serverBusy } from "../errors.ts";

/** How long a turn waits for the place of a process that is being ended, in milliseconds: the whole ladder of its end, some times over. */
export const slotWaitMs = 10_000;

/** Gives the slot back; the second time does nothing. */
export type Release = () => void;

interface Waiter {
  readonly grant: (release: Release) => void;
  readonly refuse: (error: BridgeError) => void;
}

/** Places for processes: one is taken before a process starts and given back when it is gone. Turns wait for one in the order they came; what is only preparation takes none that a turn waits for. */
export class Slots {
  readonly #max: number;
  readonly #waiting = new Set<Waiter>();
  #taken = 0;
  #closed: BridgeError | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Whether `take` would give one. */
  get hasRoom(): boolean {
    // One that is given back goes to who waits first, so a free one is nobody's.
    return this.#taken < this.#max && this.#closed === undefined;
  }

  /** A slot that is free; undefined when there is none. */
  take(): Release | undefined {
    if (!this.hasRoom) return undefined;
    this.#taken++;
    return this.#release();
  }

  /** The next slot that is given back and that nobody waits longer for. Rejects with a BridgeError after `slotWaitMs`, when the client leaves, or at the close. */
  wait(signal: AbortSignal): Promise<Release> {
    return new Promise((resolve, reject) => {
      const settle = (action: () => void): void => {
        this.#waiting.delete(waiter);
        clearTimeout(timer);
        signal.removeEventListener("abort", leave);
        action();
      };
      const waiter: Waiter = { grant: (release) => settle(() => resolve(release)), refuse: (error) => settle(() => reject(error)) };
      const leave = (): void => waiter.refuse(clientClosed());
      const timer = setTimeout(() => {
        waiter.refuse(serverBusy(`All ${this.#max} processes are taken, and none of them ended within ${slotWaitMs / 1000} s.`));
      }, slotWaitMs);
      this.#waiting.add(waiter);
      signal.addEventListener("abort", leave, { once: true });
      if (this.#closed !== undefined) waiter.refuse(this.#closed);
      else if (signal.aborted) leave();
    });
  }

  /** Gives no more, and tells those that wait why. */
  close(error: BridgeError): void {
    this.#closed ??= error;
    for (const waiter of this.#waiting) waiter.refuse(this.#closed);
  }

  #release(): Release {
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      const [next] = this.#waiting;
      // Handed on: it is free at no moment in between.
      if (next !== undefined) next.grant(this.#release());
      else this.#taken--;
    };
  }
}

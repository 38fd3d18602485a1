import { type BridgeError, clientClosed, serverBusy, shuttingDown } from "../errors.ts";

interface Waiter {
  readonly admit: () => void;
  readonly refuse: (error: BridgeError) => void;
}

export interface AdmissionLimits {
  readonly runningMax: number;
  readonly waitingMax: number;
}

/** How many turns run at once; the rest wait in the order they came, and past a bound are turned away. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #waiting = new Set<Waiter>();
  #running = 0;
  #closed: BridgeError | undefined;
  readonly #onIdle: (() => void)[] = [];

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves with the way out when there is a place. Rejects with a BridgeError when the queue is full, the client leaves or the server ends. */
  async enter(signal: AbortSignal): Promise<() => void> {
    if (this.#closed !== undefined) throw this.#closed;
    if (this.#running < this.#limits.runningMax && this.#waiting.size === 0) {
      this.#running++;
    } else {
      if (this.#waiting.size >= this.#limits.waitingMax) {
        throw serverBusy(`All ${this.#limits.runningMax} turns are taken and ${this.#waiting.size} requests wait already.`);
      }
      await this.#wait(signal);
    }
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#running--;
      this.#admitNext();
      if (this.#running === 0) for (const resolve of this.#onIdle.splice(0)) resolve();
    };
  }

  /** Turns away who waits and who comes. Resolves when nothing runs any more. */
  close(): Promise<void> {
    this.#closed ??= shuttingDown();
    for (const waiter of this.#waiting) waiter.refuse(this.#closed);
    if (this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
    });
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (action: () => void): void => {
        this.#waiting.delete(waiter);
        signal.removeEventListener("abort", leave);
        action();
      };
      const waiter: Waiter = { admit: () => settle(resolve), refuse: (error) => settle(() => reject(error)) };
      const leave = (): void => waiter.refuse(clientClosed());
      this.#waiting.add(waiter);
      signal.addEventListener("abort", leave, { once: true });
      if (signal.aborted) leave();
    });
  }

  #admitNext(): void {
    const [next] = this.#waiting;
    if (next === undefined || this.#running >= this.#limits.runningMax) return;
    this.#running++;
    next.admit();
  }
}

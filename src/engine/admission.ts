import { type BridgeError, serverBusy, shuttingDown } from "../errors.ts";
import { Waiters } from "./waiters.ts";

export interface AdmissionLimits {
  readonly runningMax: number;
  readonly waitingMax: number;
}

/** How many turns run at once; the rest wait in the order they came, and past a bound are turned away. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #waiters = new Waiters<void>();
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
    return this.#waiters.size;
  }

  /**
   * Resolves with the way out when there is a place. Rejects with a BridgeError when the queue is full, the client
   * leaves or the server ends.
   */
  async enter(signal: AbortSignal): Promise<() => void> {
    if (this.#closed !== undefined) throw this.#closed;
    if (this.#running < this.#limits.runningMax && this.#waiters.size === 0) {
      this.#running++;
    } else {
      if (this.#waiters.size >= this.#limits.waitingMax) {
        throw serverBusy(
          `All ${this.#limits.runningMax} turns are taken and ${this.#waiters.size} requests wait already.`
        );
      }
      await this.#waiters.wait(signal);
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
    this.#waiters.refuseAll(this.#closed);
    if (this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
    });
  }

  #admitNext(): void {
    if (this.#running < this.#limits.runningMax) this.#waiters.serveNext(() => void this.#running++);
  }
}

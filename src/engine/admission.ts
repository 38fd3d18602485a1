import { type BridgeError, serverBusy, shuttingDown } from "../errors.ts";
import { Waiters } from "./waiters.ts";

export interface AdmissionLimits {
  readonly runningMax: number;
  readonly waitingMax: number;
}

/**
 * Limits how many turns run at once. Further turns wait in the order they came; beyond `waitingMax` they are refused.
 */
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
   * Admits a turn. Resolves, when fewer than `runningMax` run, with the function to call when the turn is over. Rejects
   * with a BridgeError when the queue is full, the client disconnects or the server shuts down.
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

  /** Refuses all turns that wait and all that come later. Resolves when no turn runs any more. */
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

import { type BridgeError, clientClosed } from "../errors.ts";
import type { Clock } from "./world.ts";

interface Waiter<Value> {
  readonly serve: (value: Value) => void;
  readonly refuse: (error: BridgeError) => void;
}

/** How long a turn waits, in milliseconds, and the error that it then gets. */
export interface Patience {
  readonly clock: Clock;
  readonly ms: number;
  readonly error: () => BridgeError;
}

/** Turns that wait for something, in the order they came. */
export class Waiters<Value> {
  readonly #waiting = new Set<Waiter<Value>>();

  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Waits until `serveNext` serves this turn, and resolves with the value. Rejects with a BridgeError when the client
   * disconnects, when the time of `patience` is over, or on `refuseAll`.
   */
  wait(signal: AbortSignal, patience?: Patience): Promise<Value> {
    return new Promise((resolve, reject) => {
      const settle = (action: () => void): void => {
        this.#waiting.delete(waiter);
        cancel?.();
        signal.removeEventListener("abort", leave);
        action();
      };
      const waiter: Waiter<Value> = {
        serve: (value) => settle(() => resolve(value)), refuse: (error) => settle(() => reject(error)),
      };
      const leave = (): void => waiter.refuse(clientClosed());
      const cancel = patience?.clock.after(patience.ms, () => waiter.refuse(patience.error()));
      this.#waiting.add(waiter);
      signal.addEventListener("abort", leave, { once: true });
      if (signal.aborted) leave();
    });
  }

  /** Serves the turn that has waited longest with the value of `make`; if none waits, returns false without a call. */
  serveNext(make: () => Value): boolean {
    const [next] = this.#waiting;
    next?.serve(make());
    return next !== undefined;
  }

  refuseAll(error: BridgeError): void {
    for (const waiter of this.#waiting) waiter.refuse(error);
  }
}

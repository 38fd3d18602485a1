import { Backoff } from "./backoff.ts";
import type { Clock } from "./world.ts";

/** Of how many models a `Stock` is kept: a client may name any, and some APIs answer to any. */
export const stocksMax = 16;

/** How many warm processes are being started: to be told nothing, or to rehearse a beginning. */
export interface Launching { any: number; rehearsed: number }

/** What is known of the starting of one model's warm processes. */
export interface Stock {
  readonly launching: Launching;
  readonly backoff: Backoff;
}

/** The warm processes that are being started, and how long to wait after one that did not come up; by model. */
export class WarmStocks {
  readonly #clock: Clock;
  readonly #stocks = new Map<string, Stock>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(model: string): Stock {
    const known = this.#stocks.get(model);
    if (known !== undefined) return known;
    if (this.#stocks.size >= stocksMax) this.#forgetOne();
    const stock = { launching: { any: 0, rehearsed: 0 }, backoff: new Backoff(this.#clock) };
    this.#stocks.set(model, stock);
    return stock;
  }

  /** How many warm processes are being started with one of the models that `counts` says yes to. */
  launching(counts: (model: string) => boolean): Launching {
    const sum = { any: 0, rehearsed: 0 };
    for (const [model, { launching }] of this.#stocks) {
      if (!counts(model)) continue;
      sum.any += launching.any;
      sum.rehearsed += launching.rehearsed;
    }
    return sum;
  }

  /** Cancels all waits after failed boots. */
  close(): void {
    for (const { backoff } of this.#stocks.values()) backoff.cancel();
  }

  /** Forgets the oldest model for which no process is being started and no retry is due. */
  #forgetOne(): void {
    for (const [model, { launching, backoff }] of this.#stocks) {
      if (launching.any + launching.rehearsed > 0 || backoff.isWaiting) continue;
      this.#stocks.delete(model);
      return;
    }
  }
}

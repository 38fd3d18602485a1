import { Backoff } from "./backoff.ts";
import type { Clock } from "./world.ts";

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
    const stock = { launching: { any: 0, rehearsed: 0 }, backoff: new Backoff(this.#clock) };
    this.#stocks.set(model, stock);
    return stock;
  }

  /** How many are being started with one of the models that `counts` says yes to. */
  launching(counts: (model: string) => boolean): Launching {
    const sum = { any: 0, rehearsed: 0 };
    for (const [model, { launching }] of this.#stocks) {
      if (!counts(model)) continue;
      sum.any += launching.any;
      sum.rehearsed += launching.rehearsed;
    }
    return sum;
  }

  /** Stops all waiting. */
  close(): void {
    for (const { backoff } of this.#stocks.values()) backoff.cancel();
  }
}

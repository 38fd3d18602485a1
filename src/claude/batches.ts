/** Pauses and resumes the source whose items a producer puts into a queue: the CLI's stdout. */
export interface Valve {
  readonly pause: () => void;
  readonly resume: () => void;
}

type Next<Item> = IteratorResult<Item[], undefined>;

/** Takes batches in the place of a generator that has pulled from the queue before, and will again at its end. */
export interface Taker<Item> {
  /** Called with each batch, right before it is handed on. */
  readonly onBatch: (batch: readonly Item[]) => void;
  /** Called where there are no more batches. What it gives is told in the place of the queue's end. */
  readonly atEnd: () => Promise<Next<Item>>;
}

/** A queue as its consumer sees it. */
export interface Batches<Item> extends AsyncIterableIterator<Item[], undefined> {
  next(taker?: Taker<Item>): Promise<Next<Item>>;
}

/**
 * A queue between a producer, which appends to `items` and calls `flush` after each read of its source, and a consumer,
 * which iterates over batches. A batch is what was appended since the last one was taken. If the consumer does not
 * wait for a batch at a flush, the source is paused. So the queue holds no more than the reads that were under way.
 */
export class BatchQueue<Item> implements Batches<Item> {
  #items: Item[] = [];
  /** Settles the promise of a consumer that waits. */
  #settle: ((next: Next<Item> | Promise<Next<Item>>) => void) | undefined;
  #taker: Taker<Item> | undefined;
  #end: { readonly error: Error | undefined } | undefined;
  /** What was in the queue at its end. */
  #rest: Item[] = [];
  #paused = false;
  #isWhole = false;
  readonly #valve: Valve;

  constructor(valve: Valve) {
    this.#valve = valve;
  }

  /** Whether the consumer waits for a batch. If it does not, the source may be silent because it is paused. */
  get isAwaited(): boolean {
    return this.#settle !== undefined;
  }

  /** The list that the next flush hands to the consumer. The producer appends to it. */
  get items(): Item[] {
    return this.#items;
  }

  /** Whether the queue has ended: the consumer gets nothing that is appended after that. */
  get isEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Whether the consumer has got all that was in the queue, and an end without an error. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Hands `items` to the consumer if it waits for a batch; else pauses the source. */
  flush(): void {
    if (this.#items.length === 0) return;
    const settle = this.#settle;
    if (settle === undefined) {
      if (!this.#paused && this.#end === undefined) {
        this.#paused = true;
        this.#valve.pause();
      }
      return;
    }
    // `onBatch` may throw: then the consumer still waits, for the end.
    const next = this.#handed(this.#take());
    this.#settle = undefined;
    settle(next);
  }

  /**
   * Ends the queue. The consumer still gets the items that are in it, but none that are appended later; then `next`
   * rejects with `error`, or tells the end if there is none. Only the first call counts.
   */
  end(error?: Error): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.flush();
    this.#rest = this.#take();
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(this.#tellEnd());
  }

  /** Resolves with the next batch, which is never empty, or with the end. One caller at a time. */
  next(taker?: Taker<Item>): Promise<Next<Item>> {
    this.#taker = taker;
    const isEnded = this.#end !== undefined;
    const held = isEnded ? this.#rest : this.#items;
    if (held.length > 0) {
      const value = isEnded ? this.#takeRest() : this.#take();
      if (this.#paused) {
        this.#paused = false;
        this.#valve.resume();
      }
      return Promise.resolve(this.#handed(value));
    }
    if (isEnded) return this.#tellEnd();
    return new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  #handed(batch: Item[]): Next<Item> {
    this.#taker?.onBatch(batch);
    return { done: false, value: batch };
  }

  #tellEnd(): Promise<Next<Item>> {
    if (this.#taker !== undefined) return this.#taker.atEnd();
    const error = this.#end?.error;
    if (error !== undefined) return Promise.reject(error);
    this.#isWhole = true;
    return Promise.resolve({ done: true, value: undefined });
  }

  #takeRest(): Item[] {
    const rest = this.#rest;
    this.#rest = [];
    return rest;
  }

  #take(): Item[] {
    const items = this.#items;
    this.#items = [];
    return items;
  }
}

/** Pauses and resumes the source whose items a producer puts into a queue: the CLI's stdout. */
export interface Valve {
  readonly pause: () => void;
  readonly resume: () => void;
}

/**
 * A queue between a producer, which appends to `items` and calls `flush` after each read of its source, and a consumer,
 * which takes batches with `next`. A batch is what was appended since the last one was taken. If the consumer does not
 * wait for a batch at a flush, the source is paused. So the queue holds no more than the reads that were under way.
 */
export class BatchQueue<Item> {
  #items: Item[] = [];
  #waiting: { resolve: (batch: Item[] | undefined) => void; reject: (error: Error) => void } | undefined;
  #end: { readonly error: Error | undefined } | undefined;
  /** What was in the queue at its end. */
  #rest: Item[] = [];
  #paused = false;
  readonly #valve: Valve;

  constructor(valve: Valve) {
    this.#valve = valve;
  }

  /** Whether the consumer waits for a batch. If it does not, the source may be silent because it is paused. */
  get isAwaited(): boolean {
    return this.#waiting !== undefined;
  }

  /** The list that the next flush hands to the consumer. The producer appends to it. */
  get items(): Item[] {
    return this.#items;
  }

  /** Whether the queue has ended, so that what is appended is nobody's. */
  get isEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Hands `items` to the consumer if it waits for a batch; else pauses the source. */
  flush(): void {
    if (this.#items.length === 0) return;
    if (this.#waiting === undefined) {
      if (!this.#paused && this.#end === undefined) {
        this.#paused = true;
        this.#valve.pause();
      }
      return;
    }
    const { resolve } = this.#waiting;
    this.#waiting = undefined;
    resolve(this.#take());
  }

  /**
   * Ends the queue. The consumer still gets the items that are in it, but none that are appended later; then `next`
   * throws `error`, or returns undefined if there is none. Only the first call counts.
   */
  end(error?: Error): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.flush();
    this.#rest = this.#take();
    if (this.#waiting === undefined) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (error === undefined) waiting.resolve(undefined);
    else waiting.reject(error);
  }

  /** Returns the next batch, which is never empty, or undefined at the end. One caller at a time. */
  async next(): Promise<Item[] | undefined> {
    const batch = this.#end === undefined ? this.#take() : this.#takeRest();
    if (batch.length > 0) {
      if (this.#paused) {
        this.#paused = false;
        this.#valve.resume();
      }
      return batch;
    }
    if (this.#end !== undefined) {
      if (this.#end.error !== undefined) throw this.#end.error;
      return undefined;
    }
    return await new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
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

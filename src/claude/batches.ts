/** Pauses and resumes the source that fills a queue. */
export interface Valve {
  readonly pause: () => void;
  readonly resume: () => void;
}

/**
 * A queue: a reader pushes items, a writer pulls them in batches. A batch is what was pushed between two
 * flushes. When a flush finds that the writer does not wait, the source is paused, so that the queue holds no
 * more than the reads under way.
 */
export class BatchQueue<Item> {
  #items: Item[] = [];
  #waiting: { resolve: (batch: Item[] | undefined) => void; reject: (error: Error) => void } | undefined;
  #end: { readonly error: Error | undefined } | undefined;
  #paused = false;
  readonly #valve: Valve;

  constructor(valve: Valve) {
    this.#valve = valve;
  }

  /** Whether the writer waits for a batch. Only then is a silence the source's. */
  get isAwaited(): boolean {
    return this.#waiting !== undefined;
  }

  /** The list that the next flush hands to the writer. A reader may append to it. */
  get items(): Item[] {
    return this.#items;
  }

  /** Hands what was pushed to the writer. Pauses the source if the writer does not wait. */
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
   * Ends the queue. The writer still gets what was pushed before; then `next` throws `error`, or without one returns
   * undefined. Only the first call counts.
   */
  end(error?: Error): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.flush();
    if (this.#waiting === undefined) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (error === undefined) waiting.resolve(undefined);
    else waiting.reject(error);
  }

  /** Returns the next batch, which is never empty, or undefined at the end. One caller at a time. */
  async next(): Promise<Item[] | undefined> {
    if (this.#items.length > 0) {
      if (this.#paused) {
        this.#paused = false;
        this.#valve.resume();
      }
      return this.#take();
    }
    if (this.#end !== undefined) {
      if (this.#end.error !== undefined) throw this.#end.error;
      return undefined;
    }
    return await new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  #take(): Item[] {
    const items = this.#items;
    this.#items = [];
    return items;
  }
}

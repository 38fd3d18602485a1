/** What is asked of whoever fills the queue: to stop and to go on. */
export interface Valve {
  readonly pause: () => void;
  readonly resume: () => void;
}

/**
 * Items pushed by a reader, pulled in batches by a writer. A batch is what was pushed between two flushes; if nobody
 * waits for it when it is flushed the source is paused, so that no more than the reads under way are ever held.
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

  /** The writer waits for a batch: any silence is the source's. */
  get isAwaited(): boolean {
    return this.#waiting !== undefined;
  }

  /** The list that the next flush hands on; a reader may append to it. */
  get items(): Item[] {
    return this.#items;
  }

  /** Hands on what was pushed. */
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
   * Nothing more will come: what is held is still given, then the error is thrown, or the end is told. The first call
   * counts.
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

  /** The next batch, never empty; undefined at the end. One caller at a time. */
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

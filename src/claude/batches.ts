/** What is asked of whoever fills the relay: to stop and to go on. */
export interface Valve {
  readonly pause: () => void;
  readonly resume: () => void;
}

/** Takes a batch at once. A promise says that there is no room for more until it settles. */
export type Take<Item> = (batch: readonly Item[]) => Promise<void> | undefined;

/**
 * Hands on what a reader pushed, a batch a flush, within the flush itself: no promise is made for it while the taker has room.
 * Where it has none, one more batch is held, and with a second flush the source is paused, so that no more than the reads
 * under way are ever held.
 */
export class BatchRelay<Item> {
  /** Settles when all was taken and the end was told. */
  readonly done: Promise<void>;
  readonly #take: Take<Item>;
  readonly #valve: Valve;
  #items: Item[] = [];
  #state: "open" | "blocked" | "paused" | "over" = "open";
  #end: { readonly error: unknown } | undefined;
  #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined;

  constructor(take: Take<Item>, valve: Valve) {
    this.#take = take;
    this.#valve = valve;
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  /** The taker has room: any silence is the source's. */
  get hasRoom(): boolean {
    return this.#state === "open";
  }

  /** The list that the next flush hands on; a reader may append to it. */
  get items(): Item[] {
    return this.#items;
  }

  /** Hands on what was pushed. */
  flush(): void {
    if (this.#items.length === 0) return;
    switch (this.#state) {
      case "open":
        return this.#handOn();
      case "blocked":
        if (this.#end !== undefined) return;
        this.#state = "paused";
        return this.#valve.pause();
      case "over":
        this.#items = [];
    }
  }

  /** Nothing more will come: what is held is still given, then `done` settles. The first call counts. */
  end(error?: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.flush();
    if (this.#state === "open") this.#finish();
  }

  #handOn(): void {
    const batch = this.#items;
    this.#items = [];
    try {
      const room = this.#take(batch);
      // The taker may have ended it.
      if (room === undefined || this.#state === "over") return;
      this.#state = "blocked";
      room.then(() => this.#goOn(), (error: unknown) => this.#break(error));
    } catch (error) {
      this.#break(error);
    }
  }

  #goOn(): void {
    const wasPaused = this.#state === "paused";
    this.#state = "open";
    if (wasPaused) this.#valve.resume();
    this.flush();
    if (this.#end !== undefined && this.hasRoom) this.#finish();
  }

  /** The taker failed: that is the end, whatever else was told. */
  #break(error: unknown): void {
    const wasPaused = this.#state === "paused";
    this.#end = { error };
    this.#finish();
    if (wasPaused) this.#valve.resume();
  }

  #finish(): void {
    this.#state = "over";
    if (this.#end?.error === undefined) this.#settle?.resolve();
    else this.#settle?.reject(this.#end.error);
  }
}

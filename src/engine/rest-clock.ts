import type { Logger } from "../log.ts";

/** How long after its last turn the engine counts as at rest, in milliseconds. */
export const restMs = 2_000;

/** Calls `onRest` when no turn has run for `restMs`, once after each busy period. */
export class RestClock {
  readonly #onRest: () => void;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(onRest: () => void, log: Logger) {
    this.#onRest = onRest;
    this.#log = log;
  }

  /** To be called when the last running turn is over. */
  start(): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => this.#rest(), restMs);
    this.#timer.unref();
  }

  /** To be called when a turn begins. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** Calls `onRest`, which belongs to the embedding program. If it throws or rejects, the error is only logged. */
  #rest(): void {
    new Promise((resolve) => resolve(this.#onRest())).catch((error: unknown) => {
      this.#log.error("what is called at rest failed", { reason: String(error) });
    });
  }
}

import type { Logger } from "../log.ts";

/** How long after the last turn the engine counts as at rest, in milliseconds. */
export const restMs = 2_000;

/** Calls `onRest` when no turn has run for a moment, once after each time that one did. */
export class RestClock {
  readonly #onRest: () => void;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(onRest: () => void, log: Logger) {
    this.#onRest = onRest;
    this.#log = log;
  }

  /** No turn runs any more. */
  start(): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => this.#rest(), restMs);
    this.#timer.unref();
  }

  /** A turn runs. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** What is called here is the embedding program's, and may throw: that is no reason for a server to end. */
  #rest(): void {
    new Promise((resolve) => resolve(this.#onRest())).catch((error: unknown) => {
      this.#log.error("what is called at rest failed", { reason: String(error) });
    });
  }
}

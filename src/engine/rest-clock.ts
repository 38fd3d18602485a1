import type { Logger } from "../log.ts";
import { type Clock, Timer } from "./world.ts";

/** How long after its last turn the engine counts as at rest, in milliseconds. */
export const restMs = 2_000;

/** Calls `onRest` when no turn has run for `restMs`, once after each busy period. */
export class RestClock {
  readonly #onRest: () => void;
  readonly #log: Logger;
  readonly #timer: Timer;
  #isClosed = false;

  constructor(onRest: () => void, clock: Clock, log: Logger) {
    this.#onRest = onRest;
    this.#log = log;
    this.#timer = new Timer(clock);
  }

  /** To be called when the last running turn is over. */
  start(): void {
    if (!this.#isClosed) this.#timer.set(restMs, () => this.#rest());
  }

  /** To be called when a turn begins. */
  stop(): void {
    this.#timer.cancel();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer.cancel();
  }

  /** Calls `onRest`, which belongs to the embedding program. If it throws or rejects, the error is only logged. */
  #rest(): void {
    new Promise((resolve) => resolve(this.#onRest())).catch((error: unknown) => {
      this.#log.error("what is called at rest failed", { reason: String(error) });
    });
  }
}

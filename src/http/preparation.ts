import { serverBusy } from "../errors.ts";

/**
 * Limits how many requests are received and prepared at once. A request's body and its fetched images are in memory
 * before the engine's admission limits the request; without this limit that memory would have no bound.
 */
export class Preparation {
  readonly #requestsMax: number;
  #requests = 0;

  constructor(requestsMax: number) {
    this.#requestsMax = requestsMax;
  }

  /** Returns the result of `prepare`. Rejects with `server_busy`, without calling it, when too many are under way. */
  async run<T>(prepare: () => Promise<T>): Promise<T> {
    if (this.#requests >= this.#requestsMax) {
      throw serverBusy(`${this.#requests} requests are being received or prepared already.`);
    }
    this.#requests++;
    try {
      return await prepare();
    } finally {
      this.#requests--;
    }
  }
}

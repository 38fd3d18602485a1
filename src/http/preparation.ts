import { serverBusy } from "../errors.ts";

/**
 * How many requests may be on their way to the engine at once. What a request holds before it has a place there, its
 * body and the images that are fetched for it, would have no bound otherwise.
 */
export class Preparation {
  readonly #requestsMax: number;
  #requests = 0;

  constructor(requestsMax: number) {
    this.#requestsMax = requestsMax;
  }

  /** What `prepare` gives. Rejects with `server_busy`, before it is called, when too many are on their way. */
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

/** What `--state-dir` keeps, opened and closed as one. */

import type { ResponseStore } from "../api/openai/responses/store.ts";
import type { SessionStore } from "../api/openai/sessions/store.ts";
import { StateDatabase } from "./database.ts";
import { Retention, type StateLimits } from "./limits.ts";
import { ownerOf } from "./owner.ts";
import { DiskResponses } from "./responses.ts";
import { DiskSessions } from "./sessions.ts";

/** Where and how long things are kept, and whose they are. */
export interface StateOptions extends StateLimits {
  /** An absolute path. */
  readonly folder: string;
  /** The key that clients must send: what another key has made is not found. Undefined: clients need none. */
  readonly apiKey: string | undefined;
  /** The current time, in seconds since the epoch. */
  readonly nowSeconds: () => number;
}

const secondsPerDay = 86_400;

/** The stores of a folder on disk. They can be asked once it is open. */
export class State {
  readonly #database: StateDatabase;
  readonly #apiKey: string | undefined;
  #owner = 0;
  readonly responses: ResponseStore;
  readonly sessions: SessionStore;

  constructor(options: StateOptions, database = new StateDatabase(options.folder)) {
    this.#database = database;
    this.#apiKey = options.apiKey;
    const retention = new Retention(database, options, options.nowSeconds);
    const kept = { database, retention, owner: () => this.#owner, lifetime: lifetimeOf(options) };
    this.responses = new DiskResponses(kept);
    this.sessions = new DiskSessions(kept);
  }

  /** Opens the folder, and makes it where there is none. Rejects with a `StateError`, a sentence for the user. */
  async open(): Promise<void> {
    await this.#database.open();
    try {
      this.#owner = ownerOf(this.#database, this.#apiKey);
    } catch (error) {
      await this.#database.close();
      throw error;
    }
  }

  /** Does what waits for the disk. To be called while no answer runs. Never throws. */
  settle(): void {
    this.#database.settle();
  }

  /** Closes the folder: another server may have it then. */
  async close(): Promise<void> {
    await this.#database.close();
  }
}

function lifetimeOf({ secondsMax }: StateLimits): string {
  const days = Math.round(secondsMax / secondsPerDay);
  const time = days === 1 ? "a day" : `${days} days`;
  return `on disk for ${time} after their last use, unless newer ones need their place`;
}

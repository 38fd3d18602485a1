import { BridgeError } from "../errors.ts";
import type { StateDatabase } from "./database.ts";

/** What may be kept on disk. */
export interface StateLimits {
  /** The most bytes of the file that may be in use. Beyond it, what was least recently used goes. */
  readonly bytesMax: number;
  /** How long something is kept after its last use, in seconds. */
  readonly secondsMax: number;
}

/** How many rows that are too old are removed at once: a write must not hold up the streams. */
const oldAtOnceMax = 8;
/** A use is noted again only after so many seconds: a read should not become a write each time. */
const useSecondsMin = 3_600;
/** How much is removed at once for want of room. What is too much then goes with the next writes. */
const excessAtOnceMax = 32;

/** The tables whose rows are kept or removed, and how a row of each is removed. */
export interface Removable {
  readonly table: "responses" | "sessions";
  readonly remove: (key: number) => void;
}

/** Decides what is still kept: by the limits, and by each row's last use. */
export class Retention {
  readonly #database: StateDatabase;
  readonly #limits: StateLimits;
  readonly #nowSeconds: () => number;
  readonly #removables: Removable[] = [];

  constructor(database: StateDatabase, limits: StateLimits, nowSeconds: () => number) {
    this.#database = database;
    this.#limits = limits;
    this.#nowSeconds = nowSeconds;
  }

  /** The current time, in whole seconds. */
  get now(): number {
    return Math.floor(this.#nowSeconds());
  }

  /** What was last used before this time counts as gone, whether it was removed yet or not. */
  get oldest(): number {
    return this.now - this.#limits.secondsMax;
  }

  /** Has rows of a further table removed. */
  add(removable: Removable): void {
    this.#removables.push(removable);
  }

  /** Removes some of what is too old, and of what is too much, the row `kept` excepted. For use in a transaction. */
  makeRoom(kept: { readonly table: Removable["table"]; readonly key: number }): void {
    for (const { table, remove } of this.#removables) {
      const sql = `SELECT key FROM ${table} WHERE used < ? ORDER BY used LIMIT ${oldAtOnceMax}`;
      for (const { key } of this.#database.all(sql, this.oldest)) remove(Number(key));
    }
    for (let count = 0; count < excessAtOnceMax && this.#database.usedBytes > this.#limits.bytesMax; count++) {
      const last = this.#leastRecentlyUsed(kept);
      if (last === undefined) return;
      last.remove(last.key);
    }
  }

  /** Notes that a row was used. Where that cannot be written, what was read is still worth its answer. */
  touch(table: Removable["table"], key: number, used: number): void {
    const { now } = this;
    if (now - used < useSecondsMin) return;
    try {
      this.#database.change(() => this.#database.run(`UPDATE ${table} SET used = ? WHERE key = ?`, now, key));
    } catch (error) {
      if (!(error instanceof BridgeError)) throw error;
    }
  }

  #leastRecentlyUsed(
    kept: { readonly table: string; readonly key: number },
  ): (Removable & { readonly key: number }) | undefined {
    const found = this.#removables.flatMap((removable) => {
      const sql = `SELECT key, used FROM ${removable.table} WHERE key <> ? ORDER BY used, key LIMIT 1`;
      const row = this.#database.get(sql, removable.table === kept.table ? kept.key : -1);
      return row === undefined ? [] : [{ ...removable, key: Number(row["key"]), used: Number(row["used"]) }];
    });
    return found.sort((a, b) => a.used - b.used)[0];
  }
}

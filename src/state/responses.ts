import type { Fields } from "../api/check.ts";
import type { ResponseStore, StoredResponse } from "../api/openai/responses/store.ts";
import { wireBytes, wireTextOf } from "../json-text.ts";
import type { StateDatabase } from "./database.ts";
import type { Kept } from "./kept.ts";
import type { Retention } from "./limits.ts";
import type { SqlValue } from "./sqlite.ts";

/**
 * Stores responses on disk. An item that several responses have is there once: one that this store has given out, by
 * `conversation` or `item`, is known again by its identity.
 */
export class DiskResponses implements ResponseStore {
  readonly #database: StateDatabase;
  readonly #retention: Retention;
  readonly #owner: () => number;
  readonly lifetime: string;
  /** The keys of items that were given out or kept. The item's row may be gone since. */
  readonly #keys = new WeakMap<Fields, number>();

  constructor({ database, retention, owner, lifetime }: Kept) {
    this.#database = database;
    this.#retention = retention;
    this.#owner = owner;
    this.lifetime = lifetime;
    retention.add({ table: "responses", remove: (key) => this.#remove(key) });
  }

  /** Stores a response, and removes others as needed. Throws a BridgeError `storage_failed`: then nothing is stored. */
  keep({ id, input, output, body }: StoredResponse): void {
    const added = new Map<Fields, number>();
    this.#database.change(() => {
      const held = this.#hold(input);
      const keyOf = (item: Fields, itemId: string | null): number => {
        const known = added.get(item) ?? held.get(item);
        if (known !== undefined) return known;
        const key = this.#add(item, itemId);
        added.set(item, key);
        return key;
      };
      const keys = [
        ...input.map((item) => keyOf(item, null)),
        ...output.map((item) => keyOf(item, typeof item["id"] === "string" ? item["id"] : null)),
      ];
      const response = this.#database.run(
        "INSERT INTO responses (owner, id, used, inputs, items) VALUES (?, ?, ?, ?, ?)",
        this.#owner(), id, this.#retention.now, input.length, JSON.stringify(keys),
      ).key;
      this.#database.run("INSERT INTO bodies (response, body) VALUES (?, ?)", response, wireBytes(body));
      this.#retention.makeRoom({ table: "responses", key: response });
    });
    // After the commit: keys of a transaction that was undone are given to other items later.
    for (const [item, key] of added) this.#keys.set(item, key);
  }

  conversation(id: string): readonly Fields[] | undefined {
    const row = this.#find(id, "items");
    if (row === undefined) return undefined;
    const sql = "SELECT item, contents.json AS content FROM json_each(?) AS listed "
      + "JOIN contents ON item = listed.value ORDER BY listed.key";
    return this.#database.all(sql, row.value).map(
      ({ item, content }) => this.#given(Number(item), content),
    );
  }

  find(id: string): Pick<StoredResponse, "body"> | undefined {
    const row = this.#find(id, "(SELECT body FROM bodies WHERE response = responses.key)");
    if (row === undefined) return undefined;
    return { body: wireTextOf(row.value as Uint8Array) };
  }

  item(id: string): Fields | undefined {
    const sql = "SELECT item, json FROM items JOIN contents ON item = key WHERE id = ? AND owner = ?";
    const row = this.#database.get(sql, id, this.#owner());
    return row === undefined ? undefined : this.#given(Number(row["item"]), row["json"]);
  }

  delete(id: string): boolean {
    return this.#database.change(() => {
      const sql = "SELECT key FROM responses WHERE owner = ? AND id = ? AND used >= ?";
      const row = this.#database.get(sql, this.#owner(), id, this.#retention.oldest);
      if (row === undefined) return false;
      this.#remove(Number(row["key"]));
      return true;
    });
  }

  /** A value of a response's row. Notes the use. */
  #find(id: string, what: string): { readonly value: SqlValue } | undefined {
    const sql = `SELECT key, used, ${what} AS value FROM responses WHERE owner = ? AND id = ? AND used >= ?`;
    const row = this.#database.get(sql, this.#owner(), id, this.#retention.oldest);
    if (row === undefined) return undefined;
    this.#retention.touch("responses", Number(row["key"]), Number(row["used"]));
    return { value: row["value"] ?? null };
  }

  #given(key: number, json: SqlValue | undefined): Fields {
    const item = this.#database.parsed(json) as Fields;
    this.#keys.set(item, key);
    return item;
  }

  /** Counts one more holder of those items that are stored already; returns their keys. */
  #hold(input: readonly Fields[]): ReadonlyMap<Fields, number> {
    const known = input.flatMap((item) => {
      const key = this.#keys.get(item);
      return key === undefined ? [] : [[item, key] as const];
    });
    if (known.length === 0) return new Map();
    const listed = JSON.stringify([...new Set(known.map(([, key]) => key))]);
    this.#database.run("UPDATE items SET holders = holders + 1 WHERE key IN (SELECT value FROM json_each(?))", listed);
    // An item may be gone since it was given out: the last response that had it was deleted.
    const sql = "SELECT key FROM items WHERE key IN (SELECT value FROM json_each(?))";
    const there = new Set(this.#database.all(sql, listed).map(({ key }) => Number(key)));
    return new Map(known.filter(([, key]) => there.has(key)));
  }

  #add(item: Fields, id: string | null): number {
    const { key } = this.#database.run(
      "INSERT INTO items (owner, id, holders) VALUES (?, ?, 1)", this.#owner(), id,
    );
    this.#database.run("INSERT INTO contents (item, json) VALUES (?, ?)", key, JSON.stringify(item));
    return key;
  }

  /** Removes a response, and the items that no other has. */
  #remove(key: number): void {
    const listed = this.#database.get("SELECT items FROM responses WHERE key = ?", key)?.["items"] ?? "[]";
    const among = "IN (SELECT value FROM json_each(?))";
    this.#database.run("DELETE FROM bodies WHERE response = ?", key);
    this.#database.run("DELETE FROM responses WHERE key = ?", key);
    this.#database.run(`UPDATE items SET holders = holders - 1 WHERE key ${among}`, listed);
    const unheld = `holders < 1 AND key ${among}`;
    this.#database.run(`DELETE FROM contents WHERE item IN (SELECT key FROM items WHERE ${unheld})`, listed);
    this.#database.run(`DELETE FROM items WHERE ${unheld}`, listed);
  }
}

import type { GrownSession, SessionHead, SessionStore, StoredSession } from "../api/openai/sessions/store.ts";
import type { Kept } from "./kept.ts";
import type { Row } from "./sqlite.ts";

/** The most sessions that one list has. */
const sessionsListedMax = 1_000;

/** Stores sessions on disk, a row for each message. */
export class DiskSessions implements SessionStore {
  readonly #kept: Kept;
  readonly lifetime: string;

  constructor(kept: Kept) {
    this.#kept = kept;
    this.lifetime = kept.lifetime;
    kept.retention.add({ table: "sessions", remove: (key) => this.#remove(key) });
  }

  find(id: string): StoredSession | undefined {
    const row = this.#row(id);
    if (row === undefined) return undefined;
    const sql = "SELECT json FROM messages WHERE session = ? ORDER BY place";
    const messages = this.#kept.database.all(sql, Number(row["key"])).map(({ json }) => String(json));
    return { ...headOf(row), messages };
  }

  list(): readonly SessionHead[] {
    const { database, owner, retention } = this.#kept;
    const sql = "SELECT * FROM sessions WHERE owner = ? AND used >= ? ORDER BY used DESC, key DESC LIMIT ?";
    return database.all(sql, owner(), retention.oldest, sessionsListedMax).map(headOf);
  }

  /** Adds the turn's messages to those that are there. Throws a BridgeError `storage_failed`: then nothing changed. */
  keep({ id, before, added }: GrownSession): void {
    const { database, owner, retention } = this.#kept;
    const { now } = retention;
    database.change(() => {
      // Also one that is too old, and would not be found: its id is needed.
      const row = database.get("SELECT * FROM sessions WHERE owner = ? AND id = ?", owner(), id);
      const isGone = row === undefined || Number(row["messages"]) !== before.length;
      if (row !== undefined && isGone) this.#remove(Number(row["key"]));
      const key = row !== undefined && !isGone ? Number(row["key"]) : database.run(
        "INSERT INTO sessions (owner, id, used, created, messages) VALUES (?, ?, ?, ?, 0)",
        owner(), id, now, Number(row?.["created"] ?? now),
      ).key;
      const total = before.length + added.length;
      database.run("UPDATE sessions SET used = ?, messages = ? WHERE key = ?", now, total, key);
      const written = isGone ? [...before, ...added] : added;
      for (const [index, json] of written.entries()) {
        const place = total - written.length + index;
        database.run("INSERT INTO messages (session, place, json) VALUES (?, ?, ?)", key, place, json);
      }
      retention.makeRoom({ table: "sessions", key });
    });
  }

  delete(id: string): boolean {
    return this.#kept.database.change(() => {
      const row = this.#row(id);
      if (row === undefined) return false;
      this.#remove(Number(row["key"]));
      return true;
    });
  }

  #row(id: string): Row | undefined {
    const { database, owner, retention } = this.#kept;
    const sql = "SELECT * FROM sessions WHERE owner = ? AND id = ? AND used >= ?";
    return database.get(sql, owner(), id, retention.oldest);
  }

  #remove(key: number): void {
    this.#kept.database.run("DELETE FROM messages WHERE session = ?", key);
    this.#kept.database.run("DELETE FROM sessions WHERE key = ?", key);
  }
}

function headOf({ id, created, used, messages }: Row): SessionHead {
  return {
    id: String(id), createdAt: Number(created), lastUsedAt: Number(used), messageCount: Number(messages),
  };
}

import type { GrownSession, SessionHead, SessionStore, StoredSession } from "./store.ts";

/** The most sessions that are kept. Beyond it, the one that was least recently used is removed. */
export const sessionsMax = 1_000;
/** The most memory of all sessions' messages together, in bytes. */
export const sessionsBytesMax = 128 * 1024 * 1024;
/** How long a session is kept after its last turn, in hours. */
export const sessionIdleHoursMax = 24;

const secondsPerHour = 3_600;
/** The most memory that a character of text takes, in bytes. */
const charBytes = 2;

/** Stores sessions in memory. They stay until the server ends, they are deleted or too old, or newer ones need room. */
export class StoredSessions implements SessionStore {
  readonly lifetime = `in memory for ${sessionIdleHoursMax} hours after their last turn, unless the server ends or `
    + "newer ones need their place";
  readonly #nowSeconds: () => number;
  /** By id, ordered by last use: the first is the least recently used. */
  readonly #sessions = new Map<string, StoredSession>();
  #bytes = 0;

  /** `nowSeconds` gives the current time, in seconds since the epoch. */
  constructor(nowSeconds: () => number) {
    this.#nowSeconds = nowSeconds;
  }

  find(id: string): StoredSession | undefined {
    this.#removeOld();
    return this.#sessions.get(id);
  }

  list(): readonly SessionHead[] {
    this.#removeOld();
    return [...this.#sessions.values()].reverse();
  }

  keep({ id, before, added }: GrownSession): void {
    const now = Math.floor(this.#nowSeconds());
    const createdAt = this.#sessions.get(id)?.createdAt ?? now;
    this.delete(id);
    const messages = [...before, ...added];
    this.#sessions.set(id, { id, createdAt, lastUsedAt: now, messageCount: messages.length, messages });
    this.#bytes += bytesOf(messages);
    for (const oldest of this.#sessions.keys()) {
      if (this.#sessions.size <= sessionsMax && this.#bytes <= sessionsBytesMax) break;
      this.delete(oldest);
    }
  }

  delete(id: string): boolean {
    const found = this.#sessions.get(id);
    if (found === undefined) return false;
    this.#sessions.delete(id);
    this.#bytes -= bytesOf(found.messages);
    return true;
  }

  #removeOld(): void {
    const oldest = this.#nowSeconds() - sessionIdleHoursMax * secondsPerHour;
    for (const [id, { lastUsedAt }] of this.#sessions) {
      if (lastUsedAt >= oldest) return;
      this.delete(id);
    }
  }
}

function bytesOf(messages: readonly string[]): number {
  return messages.reduce((sum, { length }) => sum + length * charBytes, 0);
}

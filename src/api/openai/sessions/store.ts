/** A session as a list shows it. Times are in seconds since the epoch. */
export interface SessionHead {
  readonly id: string;
  readonly createdAt: number;
  readonly lastUsedAt: number;
  readonly messageCount: number;
}

/** A session with its messages: those that clients sent and the model's answers, each as JSON. */
export interface StoredSession extends SessionHead {
  readonly messages: readonly string[];
}

/** What a turn makes of a session. */
export interface GrownSession {
  readonly id: string;
  /** The messages that the turn found in the session; none where it takes the place of them all. */
  readonly before: readonly string[];
  /** Those that it adds: the request's and the answer. */
  readonly added: readonly string[];
}

/** Stores sessions. Each method may throw a BridgeError `storage_failed`. */
export interface SessionStore {
  /** Where and how long sessions are kept: completes the sentence "They are kept …". */
  readonly lifetime: string;
  find(id: string): StoredSession | undefined;
  /** All sessions, the one that was last used first. */
  list(): readonly SessionHead[];
  /**
   * Stores a session as a turn has left it. Unless the session has just as many messages as `before`, it is written
   * anew: it was removed meanwhile, or the turn takes its place.
   */
  keep(session: GrownSession): void;
  /** Removes a session. Returns false when there was none. */
  delete(id: string): boolean;
}

/** Sessions: conversations that the server keeps, so that a chat request sends only what is new. */

import { BridgeError } from "../../../errors.ts";
import type { Fields } from "../../check.ts";
import type { HeaderView } from "../../dialect.ts";
import type { GrownSession, SessionHead, SessionStore, StoredSession } from "./store.ts";

/** The request header that names a session. */
export const sessionHeader = "x-session-id";
/** The longest text of one session, in characters of JSON. */
export const sessionCharsMax = 16 * 1024 * 1024;
/** A path cannot end in one or two dots alone: the client's URL would be another. */
const sessionId = /^(?!\.{1,2}$)[A-Za-z0-9._:-]{1,128}$/u;
/** When a client that met a busy session should ask again, in seconds. */
const busyRetrySeconds = 1;

/** A session as a request finds it. */
export interface FoundSession {
  readonly id: string;
  /** Its messages, as JSON; none in a new session. */
  readonly messages: readonly string[];
}

/** A session for the time of one turn, which no other turn can have. */
export interface ClaimedSession {
  /** Stores the session with the answer added, and ends the claim. Throws a BridgeError `storage_failed`. */
  keep(answer: Fields): void;
  /** Ends the claim: the session stays as it was before the turn, unless the turn was kept. */
  release(): void;
}

/** The sessions of a server, if it keeps any. A session has one turn at a time. */
export class Sessions {
  readonly #store: SessionStore | undefined;
  readonly #busy = new Set<string>();

  constructor(store: SessionStore | undefined) {
    this.#store = store;
  }

  /**
   * The session that a request's header names; undefined if it has none, or where no sessions are kept: some clients
   * send the header with whole histories, one for all that they ask. Throws a BridgeError if the name is no session's,
   * or another turn has it.
   */
  find(header: HeaderView): FoundSession | undefined {
    const id = this.#store === undefined ? undefined : header(sessionHeader);
    if (id === undefined) return undefined;
    if (!sessionId.test(id)) {
      throw new BridgeError(
        "invalid_value", `${sessionHeader}: expected 1 to 128 letters, digits and . _ : -`, { field: sessionHeader },
      );
    }
    this.#refuseBusy(id, sessionHeader);
    return { id, messages: this.#kept.find(id)?.messages ?? [] };
  }

  /** Claims a session that was just found for a turn that makes this of it, before its answer is added. */
  claim(id: string, { before, added }: Omit<GrownSession, "id">): ClaimedSession {
    this.#busy.add(id);
    let isOpen = true;
    const release = (): void => {
      if (isOpen) this.#busy.delete(id);
      isOpen = false;
    };
    return {
      release,
      keep: (answer) => {
        this.#kept.keep({ id, before, added: [...added, JSON.stringify(answer)] });
        release();
      },
    };
  }

  /** Throws a BridgeError `not_found` where no sessions are kept. */
  list(): readonly SessionHead[] {
    return this.#kept.list();
  }

  /** The session of a path. Throws a BridgeError `not_found`. */
  get(id: string): StoredSession {
    const found = sessionId.test(id) ? this.#kept.find(id) : undefined;
    if (found === undefined) throw this.#notFound();
    return found;
  }

  /** Removes the session of a path. Throws a BridgeError if there is none, or a turn has it. */
  delete(id: string): void {
    this.#refuseBusy(id, "path");
    if (!sessionId.test(id) || !this.#kept.delete(id)) throw this.#notFound();
  }

  /** Throws a BridgeError `not_found` where no sessions are kept. */
  get #kept(): SessionStore {
    if (this.#store !== undefined) return this.#store;
    const message = "path: this server keeps no sessions. Start it with --sessions.";
    throw new BridgeError("not_found", message, { field: "path" });
  }

  #refuseBusy(id: string, field: string): void {
    if (!this.#busy.has(id)) return;
    throw new BridgeError(
      "session_busy", `${field}: the session is being answered by another request. It takes one at a time.`,
      { field, retryAfterSeconds: busyRetrySeconds },
    );
  }

  #notFound(): BridgeError {
    return new BridgeError(
      "not_found", `path: there is no such session. They are kept ${this.#kept.lifetime}.`, { field: "path" },
    );
  }
}

import type { Conversation } from "../claude/conversation.ts";
import type { HistoryHash } from "./history-hash.ts";

/** How many ended conversations are remembered, so that a later request for one is counted with the right reason. */
const departedMax = 1_000;

/** Why a request found no living conversation that it continues. */
export type MissReason =
  /** The request has one message, so it has no history. */
  | "first_message"
  /** No process is known to have been told this history: the client edited it, or it comes from elsewhere. */
  | "unknown_history"
  /** Another turn is running on the conversation's process. */
  | "in_use"
  /** The conversation was idle, or parked, for too long, and its process was ended. */
  | "idle_time"
  /** The conversation was evicted: its process's slot was needed, or `restingMax` was exceeded. */
  | "evicted"
  /** The conversation's process died. */
  | "process_ended";

/** A living conversation that a request continues. */
export interface Hit {
  readonly conversation: Conversation;
  /** How many of the request's messages, from the first, its process has been told. */
  readonly seen: number;
  /** The hash of those messages. */
  readonly hash: HistoryHash;
}

/** A conversation between two turns. */
interface Resting {
  readonly conversation: Conversation;
  readonly hash: HistoryHash;
  readonly idleTimer: NodeJS.Timeout;
}

export interface ConversationLimits {
  /** How long a conversation is kept after its last turn, in milliseconds. */
  readonly idleMsMax: number;
  /** How long a parked conversation waits for the results of the client's tools, in milliseconds. */
  readonly parkedMsMax: number;
  /** How many conversations that are not parked are kept; beyond that, the least recently used one is evicted. */
  readonly restingMax: number;
}

/**
 * The conversations that rest between two turns, by the hash of the history that their processes have been told. A
 * conversation is not in this table while a turn runs on it, so that two requests can never share a process.
 */
export class Conversations {
  /** Ordered by last use: the first is the least recently used. */
  readonly #resting = new Set<Resting>();
  readonly #byHash = new Map<HistoryHash, Set<Resting>>();
  readonly #inUse = new Map<HistoryHash, number>();
  readonly #departed = new Map<HistoryHash, MissReason>();
  readonly #limits: ConversationLimits;

  constructor(limits: ConversationLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#resting.size;
  }

  /**
   * Finds the conversation that has been told most of a history and can continue it, and removes it from the table.
   * Returns the reason if there is none. `hashes` has the history's hash after each of its messages.
   */
  take(
    hashes: readonly HistoryHash[], canContinue: (conversation: Conversation, seen: number) => boolean,
  ): Hit | MissReason {
    let reason: MissReason = hashes.length === 1 ? "first_message" : "unknown_history";
    // The last message is left out: it is the question, so no process was told it.
    for (let seen = hashes.length - 1; seen > 0; seen--) {
      const hash = hashes[seen - 1];
      if (hash === undefined) continue;
      for (const resting of this.#byHash.get(hash) ?? []) {
        if (!canContinue(resting.conversation, seen)) continue;
        this.#remove(resting);
        this.#inUse.set(hash, (this.#inUse.get(hash) ?? 0) + 1);
        return { conversation: resting.conversation, seen, hash };
      }
      if (reason === "unknown_history") reason = this.#inUse.has(hash) ? "in_use" : this.#departed.get(hash) ?? reason;
    }
    return reason;
  }

  /** How many of a history's messages the conversation that `take` would find has been told; 0 if there is none. */
  seen(hashes: readonly HistoryHash[], canContinue: (conversation: Conversation, seen: number) => boolean): number {
    for (let seen = hashes.length - 1; seen > 0; seen--) {
      const resting = this.#byHash.get(hashes[seen - 1] ?? ("" as HistoryHash)) ?? [];
      for (const { conversation } of resting) if (canContinue(conversation, seen)) return seen;
    }
    return 0;
  }

  /** To be called when the turn that got `hit` is over, however it ended: its history is no longer in use. */
  release({ hash }: Hit): void {
    const uses = (this.#inUse.get(hash) ?? 0) - 1;
    if (uses > 0) this.#inUse.set(hash, uses);
    else this.#inUse.delete(hash);
  }

  /** Keeps a conversation whose process has been told the history of `hash`. Evicts the oldest one beyond the limit. */
  keep(conversation: Conversation, hash: HistoryHash): void {
    const idleTimer = setTimeout(
      () => this.#end(resting, "idle_time"), conversation.isParked ? this.#limits.parkedMsMax : this.#limits.idleMsMax,
    );
    idleTimer.unref();
    const resting: Resting = { conversation, hash, idleTimer };
    this.#resting.add(resting);
    const others = this.#byHash.get(hash);
    if (others === undefined) this.#byHash.set(hash, new Set([resting]));
    else others.add(resting);
    this.#departed.delete(hash);
    void conversation.process.closed.then(() => {
      if (this.#resting.has(resting)) this.#end(resting, "process_ended");
    });
    const idle = this.#waitingForNothing();
    if (idle.length > this.#limits.restingMax && idle[0] !== undefined) this.#end(idle[0], "evicted");
  }

  /**
   * Evicts the least recently used conversation. A parked one, to which the client will return, is evicted only if
   * there is no other. Returns false if there is none at all.
   */
  evictOne(): boolean {
    const [first] = this.#resting;
    const oldest = this.#waitingForNothing()[0] ?? first;
    if (oldest === undefined) return false;
    this.#end(oldest, "evicted");
    return true;
  }

  /** Ends the processes of all conversations. */
  clear(): void {
    while (this.evictOne());
  }

  #waitingForNothing(): Resting[] {
    return [...this.#resting].filter(({ conversation }) => !conversation.isParked);
  }

  #end(resting: Resting, reason: MissReason): void {
    this.#remove(resting);
    void resting.conversation.process.end();
    if (this.#byHash.has(resting.hash)) return;
    this.#departed.set(resting.hash, reason);
    const [oldest] = this.#departed.keys();
    if (this.#departed.size > departedMax && oldest !== undefined) this.#departed.delete(oldest);
  }

  #remove(resting: Resting): void {
    clearTimeout(resting.idleTimer);
    this.#resting.delete(resting);
    const others = this.#byHash.get(resting.hash);
    others?.delete(resting);
    if (others?.size === 0) this.#byHash.delete(resting.hash);
  }
}

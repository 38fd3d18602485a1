import type { Conversation } from "../claude/conversation.ts";
import type { HistoryHash } from "./history-hash.ts";

/** How many ended conversations are remembered, so that a miss can say why. */
const departedMax = 1_000;

/** Why a request did not find its conversation alive. */
export type MissReason =
  /** Its only message is new. */
  | "first_message"
  /** No process has seen this history: it was edited, or came from elsewhere. */
  | "unknown_history"
  /** Another request has the process. */
  | "in_use"
  /** It was idle for too long. */
  | "idle_time"
  /** Its place was needed. */
  | "evicted"
  /** Its process died. */
  | "process_ended";

/** A living conversation that a request goes on with; `seen` messages of the request are known to its process. */
export interface Hit {
  readonly conversation: Conversation;
  readonly seen: number;
  /** Where the process stood. */
  readonly hash: HistoryHash;
}

interface Resting {
  readonly conversation: Conversation;
  readonly hash: HistoryHash;
  readonly idleTimer: NodeJS.Timeout;
}

export interface ConversationLimits {
  /** How long a conversation may rest, in milliseconds. */
  readonly idleMsMax: number;
  /** How long it may wait for the client's tools, in milliseconds. */
  readonly parkedMsMax: number;
  /** How many may rest and wait for nothing: beyond it the least recently used one ends. */
  readonly restingMax: number;
}

/**
 * The conversations that rest between two turns, by where their processes stand. A conversation leaves the table while
 * a turn of it runs, so that no two requests can have one process.
 */
export class Conversations {
  /** In the order of their last use: the first is the least recently used. */
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
   * The living conversation with the longest part of a history (its hash after each message) that can go on from there,
   * taken out of the table; or why there is none.
   */
  take(
    hashes: readonly HistoryHash[], canContinue: (conversation: Conversation, seen: number) => boolean,
  ): Hit | MissReason {
    let reason: MissReason = hashes.length === 1 ? "first_message" : "unknown_history";
    // The last message is never known: it is what is asked.
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

  /** How many of a history's messages the conversation has seen that `take` would give now; 0 when there is none. */
  seen(hashes: readonly HistoryHash[], canContinue: (conversation: Conversation, seen: number) => boolean): number {
    for (let seen = hashes.length - 1; seen > 0; seen--) {
      const resting = this.#byHash.get(hashes[seen - 1] ?? ("" as HistoryHash)) ?? [];
      for (const { conversation } of resting) if (canContinue(conversation, seen)) return seen;
    }
    return 0;
  }

  /** The turn that began with `hit` is over, however it ended. */
  release({ hash }: Hit): void {
    const uses = (this.#inUse.get(hash) ?? 0) - 1;
    if (uses > 0) this.#inUse.set(hash, uses);
    else this.#inUse.delete(hash);
  }

  /** Keeps a conversation whose process now stands at `hash`; an older one may have to go for it. */
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
   * Ends the least recently used conversation; one that waits for the client's tools, which will come back, only when
   * there is no other. False when there is none.
   */
  evictOne(): boolean {
    const [first] = this.#resting;
    const oldest = this.#waitingForNothing()[0] ?? first;
    if (oldest === undefined) return false;
    this.#end(oldest, "evicted");
    return true;
  }

  /** Ends them all. */
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

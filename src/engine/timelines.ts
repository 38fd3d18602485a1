import type { Conversation } from "../claude/conversation.ts";
import type { Capabilities } from "../claude/capabilities.ts";
import type { Turn } from "../turn/turn.ts";
import type { HistoryHash, Timeline } from "./history-hash.ts";
import { commonLength, isPassedBy, isAlike, isCheap, type MissReason, type Resting, tipOf } from "./resting.ts";
import type { Cancel, Clock } from "./world.ts";

/** How many ended timelines are remembered, so that a later request for one is counted with the right reason. */
const departedMax = 1_000;
/** How many processes with a cheap conversation and one beginning are kept longer than `surplusMsMax`. */
export const cheapKept = 2;
/** How long more than `cheapKept` of them are kept after their last turn, in milliseconds. */
export const surplusMsMax = 3_000;
/** How many processes with one beginning may rest before the least recently used one is given away. */
export const restingOfBeginningMax = 3;

/** A process that has a part of a request's history. */
export interface Found {
  readonly resting: Resting;
  /** How many of the request's messages, from the first, the process has and keeps. */
  readonly kept: number;
  /** Whether it has to be rewound to that number first. */
  readonly isRewound: boolean;
  /** The hash of the messages kept. */
  readonly hash: HistoryHash;
}

export interface TimelineOptions {
  /** How long a process is kept after its last turn, in milliseconds. */
  readonly idleMsMax: number;
  /** How long a process waits for the results of the client's tools, in milliseconds. */
  readonly parkedMsMax: number;
  /** How many processes that wait for no tools are kept; beyond that, the least recently used one is evicted. */
  readonly restingMax: number;
  readonly capabilities: () => Capabilities;
  /** No process is used over a change of its date. */
  readonly clock: Clock;
}

/**
 * The processes that rest between two turns, each with the timeline of what it has been told. A process is not in this
 * table while a turn runs on it, so that two requests can never share one.
 */
export class Timelines {
  /** With the timer that ends each. Ordered by last use: the first is the least recently used. */
  readonly #resting = new Map<Resting, Cancel>();
  readonly #inUse = new Map<HistoryHash, number>();
  readonly #departed = new Map<HistoryHash, MissReason>();
  readonly #options: TimelineOptions;

  constructor(options: TimelineOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#resting.size;
  }

  /**
   * Takes the process that has most of a request's history, and removes it from the table: one whose whole timeline the
   * request goes on with, or one that is rewound to where they part. Returns the reason if there is none.
   */
  take(turn: Turn, timeline: Timeline): Found | MissReason {
    const found = this.#best(turn, timeline);
    for (const other of [...this.#resting.keys()]) {
      if (other !== found?.resting && isPassedBy(other, turn, timeline)) this.#end(other, "evicted");
    }
    if (found === undefined) return this.#whyMissed(timeline);
    this.#remove(found.resting);
    this.#inUse.set(found.hash, (this.#inUse.get(found.hash) ?? 0) + 1);
    return found;
  }

  /** How many of a request's messages the process that `take` would give keeps; 0 if there is none. */
  kept(turn: Turn, timeline: Timeline): number {
    return this.#best(turn, timeline)?.kept ?? 0;
  }

  /**
   * Takes a process that was told exactly this beginning, whose conversation can be given up: it is to be rewound to
   * empty. Undefined if there is none. `isUrgent`: there is no warm process either.
   */
  takeOver({ beginning }: Timeline, isUrgent: boolean): Conversation | undefined {
    const candidates = this.#emptiable().filter(({ timeline }) => timeline.beginning === beginning);
    const cheap = candidates.find(isCheap);
    const isEnough = isUrgent || candidates.length >= restingOfBeginningMax;
    const given = cheap ?? (isEnough ? candidates[0] : undefined);
    if (given === undefined) return undefined;
    this.#remove(given);
    this.#noteDeparture(given, "evicted");
    return given.conversation;
  }

  /** How many processes of a model could be given to a conversation that begins like theirs. */
  emptiable(model: string): number {
    return this.#emptiable().filter(({ conversation }) => conversation.process.model === model).length;
  }

  /** To be called when the turn that got `found` is over, however it ended: its history is no longer in use. */
  release({ hash }: Found): void {
    const uses = (this.#inUse.get(hash) ?? 0) - 1;
    if (uses > 0) this.#inUse.set(hash, uses);
    else this.#inUse.delete(hash);
  }

  /** Keeps a process. Evicts the least recently used one beyond the limit. */
  keep(resting: Resting): void {
    const { idleMsMax, parkedMsMax, restingMax } = this.#options;
    const { conversation, timeline } = resting;
    const endsAfterMs = conversation.isParked ? parkedMsMax : idleMsMax;
    if (isCheap(resting) && !conversation.isParked) {
      this.#endAfter(resting, Math.min(surplusMsMax, endsAfterMs), () => {
        const alike = this.#waitingForNothing().filter((other) => isCheap(other) && isAlike(other, resting));
        if (alike.length > cheapKept) return true;
        this.#endAfter(resting, endsAfterMs);
        return false;
      });
    } else {
      this.#endAfter(resting, endsAfterMs);
    }
    this.#departed.delete(tipOf(timeline));
    void conversation.process.closed.then(() => {
      if (this.#resting.has(resting)) this.#end(resting, "process_ended");
    });
    const idle = this.#waitingForNothing();
    if (idle.length > restingMax && idle[0] !== undefined) this.#end(idle[0], "evicted");
  }

  /**
   * Evicts the least recently used process. A parked one, to which the client will return, is evicted only if there is
   * no other. Returns false if there is none at all.
   */
  evictOne(): boolean {
    const [first] = this.#resting.keys();
    const oldest = this.#waitingForNothing()[0] ?? first;
    if (oldest === undefined) return false;
    this.#end(oldest, "evicted");
    return true;
  }

  /** Ends all processes that wait for no tools. */
  endIdle(): void {
    for (const resting of this.#waitingForNothing()) this.#end(resting, "evicted");
  }

  /** Ends all processes. */
  clear(): void {
    while (this.evictOne());
  }

  /** The process that keeps most of a history. Of two that keep as much, one that goes on is better. */
  #best(turn: Turn, timeline: Timeline): Found | undefined {
    let best: Found | undefined;
    for (const resting of this.#resting.keys()) {
      const found = this.#isUsable(resting) ? this.#match(resting, turn, timeline) : undefined;
      if (found === undefined) continue;
      const isBetter = best === undefined || found.kept > best.kept || (found.kept === best.kept && !found.isRewound);
      if (isBetter) best = found;
    }
    return best;
  }

  #match(resting: Resting, turn: Turn, timeline: Timeline): Found | undefined {
    const { conversation, timeline: told } = resting;
    const common = commonLength(told, timeline);
    const isGivenUp = isPassedBy(resting, turn, timeline);
    if (common === 0 && !isGivenUp) return undefined;
    const hashAt = (kept: number): HistoryHash => timeline.hashes[kept - 1] ?? timeline.beginning;
    // The last message is what is asked, so it is always told anew.
    const last = turn.messages.length - 1;
    if (common === told.hashes.length && common <= last && conversation.canContinue(turn, common)) {
      return { resting, kept: common, isRewound: false, hash: hashAt(common) };
    }
    const kept = conversation.keptWithin(Math.min(common, last), this.#options.capabilities());
    if (kept === undefined) return undefined;
    if (isGivenUp) return { resting, kept, isRewound: true, hash: hashAt(kept) };
    const lost = told.hashes.length - common;
    // A call that may still be answered is given up only for another question in the place of its own.
    if (conversation.isParked && lost > 2) return undefined;
    // Where nothing is kept it is a new conversation, unless little is lost or a call has been passed by.
    if (kept === 0 && (conversation.isParked ? lost > 0 : !isCheap(resting))) return undefined;
    return { resting, kept, isRewound: true, hash: hashAt(kept) };
  }

  #emptiable(): Resting[] {
    const capabilities = this.#options.capabilities();
    return this.#waitingForNothing().filter((resting) => (
      this.#isUsable(resting) && resting.conversation.keptWithin(0, capabilities) === 0
    ));
  }

  /** Ends a process when it has rested for so long, in milliseconds, unless `isDue` says otherwise. */
  #endAfter(resting: Resting, ms: number, isDue = (): boolean => true): void {
    this.#resting.set(resting, this.#options.clock.after(ms, () => {
      if (isDue()) this.#end(resting, "idle_time");
    }));
  }

  /** Whether a process may be given to a turn. One that is ending leaves the table when it is gone. */
  #isUsable({ conversation: { process: { state } }, day }: Resting): boolean {
    return day === this.#options.clock.today() && state !== "closing" && state !== "closed";
  }

  #whyMissed({ hashes }: Timeline): MissReason {
    // The last message is left out: it is the question.
    for (const hash of hashes.slice(0, -1).reverse()) {
      if (this.#inUse.has(hash)) return "in_use";
      const departed = this.#departed.get(hash);
      if (departed !== undefined) return departed;
    }
    return hashes.length === 1 ? "first_message" : "unknown_history";
  }

  #waitingForNothing(): Resting[] {
    return [...this.#resting.keys()].filter(({ conversation }) => !conversation.isParked);
  }

  #end(resting: Resting, reason: MissReason): void {
    this.#remove(resting);
    void resting.conversation.process.end();
    this.#noteDeparture(resting, reason);
  }

  #noteDeparture({ timeline }: Resting, reason: MissReason): void {
    const tip = tipOf(timeline);
    if ([...this.#resting.keys()].some((other) => tipOf(other.timeline) === tip)) return;
    this.#departed.set(tip, reason);
    const [oldest] = this.#departed.keys();
    if (this.#departed.size > departedMax && oldest !== undefined) this.#departed.delete(oldest);
  }

  #remove(resting: Resting): void {
    this.#resting.get(resting)?.();
    this.#resting.delete(resting);
  }
}

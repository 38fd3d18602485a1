import type { Conversation } from "../claude/conversation.ts";
import { bootWaitMs } from "../claude/probe.ts";
import { asBridgeError } from "../errors.ts";
import type { LogFields, Logger } from "../log.ts";
import type { Turn } from "../turn.ts";
import type { HistoryHash } from "./history-hash.ts";
import { RefillTimer } from "./refill-timer.ts";

/** A model counts as recently used for this long, in milliseconds; with none used so lately, one process waits for the last. */
export const recentUseMs = 15 * 60_000;
/** For how many models processes wait at most: those used last. */
export const shelvesMax = 8;
/** How many beginnings that the CLI refused are remembered for each model. */
export const refusedProfilesMax = 16;
/** A warm process is renewed after this long, in milliseconds: its login and its settings are those of its boot. */
export const warmAgeMsMax = 30 * 60_000;
/** After a boot that failed, the next waits this long, in milliseconds, and twice as long each time, up to a bound. */
export const bootRetryMs = 1_000;
export const bootRetryMsMax = 60_000;

export interface PoolOptions {
  /** How many processes wait for each recently used model, up to twice as many where that was too few; 0 turns the pool off. */
  readonly warm: number;
  /** Starts a process for a conversation to come; undefined when there is no room after all. */
  readonly launch: (model: string) => Promise<Conversation | undefined>;
  /** How many more processes fit within the cap without ending another. */
  readonly room: () => number;
  /** One more process waits, and may be evicted. */
  readonly onShelved: () => void;
  readonly log: Logger;
}

/** What a new conversation begins with; equal hashes mean the same system prompt, tools and settings. */
export interface Profile {
  readonly hash: HistoryHash;
  readonly turn: Turn;
}

interface Warm {
  readonly conversation: Conversation;
  /** What it was told already; undefined: nothing, so any conversation may have it. */
  readonly rehearsed: HistoryHash | undefined;
  readonly ageTimer: NodeJS.Timeout;
  readonly rehearsalTimer: NodeJS.Timeout | undefined;
}

/** A model in use. */
interface Shelf {
  readonly warm: Set<Warm>;
  launching: { any: number; rehearsed: number };
  lastUseMs: number;
  /** How many more wait than usual: requests came lately that found none. */
  extra: number;
  lastMissMs: number;
  /** The last new conversation's, and how many in a row began so. */
  profile: Profile | undefined;
  profileRuns: number;
  /** What the CLI would not begin with. */
  readonly refused: Set<HistoryHash>;
  /** Boots that failed since one was of use; while `retryTimer` runs, none is tried. */
  failedBoots: number;
  retryTimer: NodeJS.Timeout | undefined;
}

/** `serving`: somebody has asked lately. `resting`: nobody has, so that one process is enough. `closed`: no more boots. */
type Life = { readonly name: "serving"; readonly restTimer: NodeJS.Timeout | undefined } | { readonly name: "resting" | "closed" };

/**
 * Processes that are up before a request comes, and given to one conversation each. Most have been told nothing; where new
 * conversations keep beginning alike (a client's own system prompt and tools), some have rehearsed that beginning. A
 * rehearsed one is only given to a conversation that begins with exactly that.
 */
export class Pool {
  readonly #options: PoolOptions;
  /** In the order of their last use: the first is the least recently used. */
  readonly #shelves = new Map<string, Shelf>();
  readonly #refillTimer = new RefillTimer(() => this.refill());
  #life: Life = { name: "serving", restTimer: undefined };

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** How many processes wait. */
  get size(): number {
    let size = 0;
    for (const { warm } of this.#shelves.values()) size += warm.size;
    return size;
  }

  /** Marks a model as used and boots what is missing, now. */
  prepare(model: string): void {
    this.#touch(model, this.#shelves.get(model) ?? newShelf());
    this.refill();
  }

  /** A model has begun to answer a conversation that began so: it exists, and processes of it are kept from now on. */
  open(model: string, profile: Profile): void {
    if (this.#shelves.has(model)) return;
    this.#touch(model, { ...newShelf(), profile, profileRuns: 1 });
    this.refillSoon();
  }

  /** A process for a conversation that begins so, if one waits: one that has rehearsed it, or one that was told nothing. */
  take(model: string, profile: Profile): Conversation | undefined {
    const shelf = this.#shelves.get(model);
    if (shelf === undefined) return undefined;
    this.#touch(model, shelf);
    shelf.profileRuns = shelf.profile?.hash === profile.hash ? shelf.profileRuns + 1 : 1;
    shelf.profile = profile;
    this.refillSoon();
    const waiting = [...shelf.warm].filter(({ conversation }) => conversation.isAlive);
    const found = waiting.find(({ rehearsed }) => rehearsed === profile.hash) ?? waiting.find(({ rehearsed }) => rehearsed === undefined);
    if (found === undefined) {
      shelf.extra = Math.min(shelf.extra + 1, this.#options.warm);
      shelf.lastMissMs = Date.now();
      return undefined;
    }
    this.#remove(shelf, found);
    shelf.failedBoots = 0;
    return found.conversation;
  }

  /** Boots what is missing, in the background. */
  refill(): void {
    if (this.#life.name === "closed") return;
    for (const [model, shelf] of this.#wantedShelves().reverse()) {
      if (shelf.retryTimer === undefined) this.#refillShelf(model, shelf);
    }
  }

  #refillShelf(model: string, shelf: Shelf): void {
    const profile = this.#worthRehearsing(shelf);
    for (const warm of [...shelf.warm]) {
      if (profile !== undefined && warm.rehearsed !== undefined && warm.rehearsed !== profile.hash) this.#retire(shelf, warm);
    }
    // No more than there is room for, so that either kind has its half of it.
    const wanted = Math.min(this.#wanted(shelf), countOf(shelf) + this.#options.room());
    const rehearsed = [...shelf.warm].filter((warm) => warm.rehearsed !== undefined).length + shelf.launching.rehearsed;
    // One that rehearsed what is not worth it any more still counts, until it is needed no more.
    const missingRehearsed = profile === undefined ? 0 : Math.max(0, Math.floor(wanted / 2) - rehearsed);
    for (let missing = wanted - countOf(shelf) - missingRehearsed; missing > 0; missing--) void this.#boot(model, shelf, undefined);
    for (let missing = missingRehearsed; missing > 0; missing--) {
      const spare = countOf(shelf) < wanted ? undefined : [...shelf.warm].find((warm) => warm.rehearsed === undefined);
      if (spare !== undefined) this.#retire(shelf, spare);
      // One that was retired for it has its place until it is gone; its end brings the next refill.
      if (this.#options.room() === 0) break;
      void this.#boot(model, shelf, profile);
    }
  }

  /** Ends one that waits, of the model that was used least recently. False when none waits. */
  evictOne(): boolean {
    for (const shelf of this.#shelves.values()) {
      const [warm] = shelf.warm;
      if (warm === undefined) continue;
      this.#retire(shelf, warm);
      return true;
    }
    return false;
  }

  /** Ends all that wait: what they were booted from has changed. */
  clear(): void {
    for (const shelf of this.#shelves.values()) shelf.refused.clear();
    while (this.evictOne());
  }

  /** Ends all that wait and boots no more. */
  close(): void {
    if (this.#life.name === "serving") clearTimeout(this.#life.restTimer);
    this.#life = { name: "closed" };
    this.#refillTimer.stop();
    for (const [model, shelf] of [...this.#shelves]) this.#drop(model, shelf);
  }

  /** The model was used now; when there are too many, the least recently used one goes. */
  #touch(model: string, shelf: Shelf): void {
    if (this.#life.name === "closed") return;
    shelf.lastUseMs = Date.now();
    this.#shelves.delete(model);
    this.#shelves.set(model, shelf);
    const [oldest] = this.#shelves;
    if (this.#shelves.size > shelvesMax && oldest !== undefined) this.#drop(...oldest);
    if (this.#life.name === "serving") clearTimeout(this.#life.restTimer);
    const restTimer = setTimeout(() => this.#rest(), recentUseMs);
    restTimer.unref();
    this.#life = { name: "serving", restTimer };
  }

  #drop(model: string, shelf: Shelf): void {
    clearTimeout(shelf.retryTimer);
    for (const warm of [...shelf.warm]) this.#retire(shelf, warm);
    this.#shelves.delete(model);
  }

  /** Nobody has asked for a while: a machine at rest keeps one process, for whoever asks next. */
  #rest(): void {
    this.#life = { name: "resting" };
    for (let spare = this.size - 1; spare > 0; spare--) this.evictOne();
    this.refill();
  }

  /** How many are to wait: at rest one; as many as set; and up to twice as many for a while after requests found none. */
  #wanted(shelf: Shelf): number {
    if (this.#life.name === "resting") return Math.min(1, this.#options.warm);
    if (shelf.lastMissMs <= Date.now() - recentUseMs) shelf.extra = 0;
    return this.#options.warm + shelf.extra;
  }

  /** A beginning that came twice is likely to come again; one that was refused would be again. */
  #worthRehearsing({ profile, profileRuns, refused }: Shelf): Profile | undefined {
    return profile !== undefined && profileRuns > 1 && !refused.has(profile.hash) ? profile : undefined;
  }

  /** Boots what is missing a moment later: after one was taken, or when a process ended and left room. */
  refillSoon(): void {
    if (this.#life.name !== "closed") this.#refillTimer.start();
  }

  /** A conversation is being told its history: a refill that is to come waits. */
  putOffRefill(): void {
    this.#refillTimer.putOff();
  }

  /** The models used lately; when there were none, the last one. The others' processes are ended. */
  #wantedShelves(): [string, Shelf][] {
    const since = Date.now() - recentUseMs;
    const shelves = [...this.#shelves];
    return shelves.filter(([model, shelf], index) => {
      if (index === shelves.length - 1 || shelf.lastUseMs > since) return true;
      this.#drop(model, shelf);
      return false;
    });
  }

  async #boot(model: string, shelf: Shelf, profile: Profile | undefined): Promise<void> {
    const kind = profile === undefined ? "any" : "rehearsed";
    shelf.launching[kind]++;
    try {
      const conversation = await this.#options.launch(model);
      if (conversation === undefined) return;
      // It may have been dropped meanwhile, or the pool closed.
      if (this.#shelves.get(model) === shelf) this.#put(shelf, conversation, profile);
      else void conversation.process.end();
    } catch (error) {
      this.#backOff(shelf, { error: asBridgeError(error).kind });
    } finally {
      shelf.launching[kind]--;
    }
  }

  #put(shelf: Shelf, conversation: Conversation, profile: Profile | undefined): void {
    const ageTimer = setTimeout(() => {
      this.#retire(shelf, warm);
      this.refill();
    }, warmAgeMsMax);
    ageTimer.unref();
    const warm: Warm = { conversation, rehearsed: profile?.hash, ageTimer, rehearsalTimer: profile === undefined ? undefined : this.#rehearse(shelf, conversation, profile) };
    shelf.warm.add(warm);
    void conversation.process.closed.then(() => {
      // One that died while it waited; the others left the shelf before they ended.
      if (this.#remove(shelf, warm)) this.#backOff(shelf, { ended: conversation.process.ending });
    });
    this.#options.onShelved();
  }

  /** Gives the timer that runs out when it has not been answered. */
  #rehearse(shelf: Shelf, conversation: Conversation, profile: Profile): NodeJS.Timeout {
    const remove = (): boolean => [...shelf.warm].some((warm) => warm.conversation === conversation && this.#remove(shelf, warm));
    const timer = setTimeout(() => {
      if (!remove()) return;
      void conversation.process.end();
      this.#backOff(shelf, { error: "turn_timeout" });
    }, bootWaitMs);
    timer.unref();
    conversation.rehearse(profile.turn).then(() => clearTimeout(timer), (error: unknown) => {
      // A death is told by its process. A refusal while the process waits would be one on any process.
      if (!conversation.isAlive || !remove()) return;
      void conversation.process.end();
      shelf.refused.add(profile.hash);
      const [oldest] = shelf.refused;
      if (shelf.refused.size > refusedProfilesMax && oldest !== undefined) shelf.refused.delete(oldest);
      // The CLI's words may quote what it was told.
      this.#options.log.warn("a beginning could not be rehearsed", { error: asBridgeError(error).kind });
      this.refillSoon();
    });
    return timer;
  }

  #remove(shelf: Shelf, warm: Warm): boolean {
    clearTimeout(warm.ageTimer);
    clearTimeout(warm.rehearsalTimer);
    return shelf.warm.delete(warm);
  }

  #retire(shelf: Shelf, warm: Warm): void {
    this.#remove(shelf, warm);
    void warm.conversation.process.end();
  }

  #backOff(shelf: Shelf, why: LogFields): void {
    if (this.#life.name === "closed" || shelf.retryTimer !== undefined) return;
    const waitMs = Math.min(bootRetryMsMax, bootRetryMs * 2 ** shelf.failedBoots++);
    this.#options.log.warn("a claude process did not come up", { ...why, retry_in_ms: waitMs });
    shelf.retryTimer = setTimeout(() => {
      shelf.retryTimer = undefined;
      this.refill();
    }, waitMs);
    shelf.retryTimer.unref();
  }
}

/** How many wait, or will. */
function countOf({ warm, launching }: Shelf): number {
  return warm.size + launching.any + launching.rehearsed;
}

function newShelf(): Shelf {
  return {
    warm: new Set(), launching: { any: 0, rehearsed: 0 }, lastUseMs: 0, extra: 0, lastMissMs: 0, profile: undefined, profileRuns: 0,
    refused: new Set(), failedBoots: 0, retryTimer: undefined,
  };
}

import type { Conversation } from "../claude/conversation.ts";
import { asBridgeError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { Turn } from "../turn.ts";
import type { HistoryHash } from "./history-hash.ts";

/** A model counts as recently used for this long, in milliseconds; with none used so lately, one process waits for the last. */
export const recentUseMs = 15 * 60_000;
/** A warm process is renewed after this long, in milliseconds: its login and its settings are those of its boot. */
export const warmAgeMsMax = 30 * 60_000;
/** After one was taken, in milliseconds, before the next boots: a boot costs most of a second of CPU, which the turn needs more. */
export const refillDelayMs = 250;
/** After a boot that failed, the next waits this long, in milliseconds, and twice as long each time, up to a bound. */
export const bootRetryMs = 1_000;
export const bootRetryMsMax = 60_000;

export interface PoolOptions {
  /** How many processes wait for each recently used model; 0 turns the pool off. */
  readonly warm: number;
  /** Starts a process for a conversation to come. */
  readonly launch: (model: string) => Promise<Conversation>;
  /** Whether one more process fits within the cap without ending another. */
  readonly hasRoom: () => boolean;
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
}

/** A model in use. */
interface Shelf {
  readonly warm: Set<Warm>;
  launching: { any: number; rehearsed: number };
  lastUseMs: number;
  /** The last new conversation's, and how many in a row began so. */
  profile: Profile | undefined;
  profileRuns: number;
}

/**
 * Processes that are up before a request comes, and given to one conversation each. Most have been told nothing; where new
 * conversations keep beginning alike (a client's own system prompt and tools), some have rehearsed that beginning. A
 * rehearsed one is only given to a conversation that begins with exactly that.
 */
export class Pool {
  readonly #options: PoolOptions;
  /** In the order of their last use: the first is the least recently used. */
  readonly #shelves = new Map<string, Shelf>();
  #failedBoots = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  #refillTimer: NodeJS.Timeout | undefined;
  #restTimer: NodeJS.Timeout | undefined;
  #isResting = false;
  #isClosed = false;

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
    this.#touch(model);
    this.refill();
  }

  /** A process for a conversation that begins so, if one waits: one that has rehearsed it, or one that was told nothing. */
  take(model: string, profile: Profile): Conversation | undefined {
    const shelf = this.#touch(model);
    shelf.profileRuns = shelf.profile?.hash === profile.hash ? shelf.profileRuns + 1 : 1;
    shelf.profile = profile;
    this.refillSoon();
    const waiting = [...shelf.warm].filter(({ conversation }) => conversation.isAlive);
    const found = waiting.find(({ rehearsed }) => rehearsed === profile.hash) ?? waiting.find(({ rehearsed }) => rehearsed === undefined);
    if (found === undefined) return undefined;
    this.#remove(shelf, found);
    this.#failedBoots = 0;
    return found.conversation;
  }

  /** Boots what is missing, in the background. */
  refill(): void {
    if (this.#isClosed || this.#retryTimer !== undefined) return;
    const wanted = this.#isResting ? Math.min(1, this.#options.warm) : this.#options.warm;
    for (const [model, shelf] of this.#wantedShelves().reverse()) {
      const profile = this.#worthRehearsing(shelf);
      for (const warm of [...shelf.warm]) {
        if (profile !== undefined && warm.rehearsed !== undefined && warm.rehearsed !== profile.hash) this.#retire(shelf, warm);
      }
      const rehearsedWanted = profile === undefined ? 0 : Math.floor(wanted / 2);
      const rehearsed = [...shelf.warm].filter((warm) => warm.rehearsed !== undefined).length + shelf.launching.rehearsed;
      const all = shelf.warm.size + shelf.launching.any + shelf.launching.rehearsed;
      // One that rehearsed what is not worth it any more still counts, until it is needed no more.
      for (let missing = wanted - all - Math.max(0, rehearsedWanted - rehearsed); missing > 0 && this.#options.hasRoom(); missing--) void this.#boot(model, shelf, undefined);
      for (let missing = rehearsedWanted - rehearsed; missing > 0; missing--) {
        const spare = shelf.warm.size + shelf.launching.any + shelf.launching.rehearsed < wanted ? undefined : [...shelf.warm].find((warm) => warm.rehearsed === undefined);
        if (spare !== undefined) this.#retire(shelf, spare);
        else if (!this.#options.hasRoom()) break;
        void this.#boot(model, shelf, profile);
      }
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
    while (this.evictOne());
  }

  /** Ends all that wait and boots no more. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#refillTimer);
    clearTimeout(this.#restTimer);
    this.clear();
  }

  #touch(model: string): Shelf {
    const shelf = this.#shelves.get(model) ?? { warm: new Set(), launching: { any: 0, rehearsed: 0 }, lastUseMs: 0, profile: undefined, profileRuns: 0 };
    shelf.lastUseMs = Date.now();
    this.#shelves.delete(model);
    this.#shelves.set(model, shelf);
    this.#isResting = false;
    clearTimeout(this.#restTimer);
    this.#restTimer = setTimeout(() => this.#rest(), recentUseMs);
    this.#restTimer.unref();
    return shelf;
  }

  /** Nobody has asked for a while: a machine at rest keeps one process, for whoever asks next. */
  #rest(): void {
    this.#isResting = true;
    for (let spare = this.size - 1; spare > 0; spare--) this.evictOne();
    this.refill();
  }

  /** A beginning that came twice is likely to come again. */
  #worthRehearsing({ profile, profileRuns }: Shelf): Profile | undefined {
    return profileRuns > 1 ? profile : undefined;
  }

  /** Boots what is missing a moment later: after one was taken, or when a process ended and left room. */
  refillSoon(): void {
    if (this.#isClosed || this.#refillTimer !== undefined) return;
    this.#refillTimer = setTimeout(() => {
      this.#refillTimer = undefined;
      this.refill();
    }, refillDelayMs);
    this.#refillTimer.unref();
  }

  /** The models used lately; when there were none, the last one. The others' processes are ended. */
  #wantedShelves(): [string, Shelf][] {
    const since = Date.now() - recentUseMs;
    const shelves = [...this.#shelves];
    return shelves.filter(([model, shelf], index) => {
      if (index === shelves.length - 1 || shelf.lastUseMs > since) return true;
      for (const warm of [...shelf.warm]) this.#retire(shelf, warm);
      this.#shelves.delete(model);
      return false;
    });
  }

  async #boot(model: string, shelf: Shelf, profile: Profile | undefined): Promise<void> {
    const kind = profile === undefined ? "any" : "rehearsed";
    shelf.launching[kind]++;
    try {
      const conversation = await this.#options.launch(model);
      if (this.#isClosed) return void conversation.process.end();
      const warm = this.#put(shelf, conversation, profile?.hash);
      if (profile !== undefined) conversation.rehearse(profile.turn).catch((error: unknown) => this.#refuse(shelf, warm, error));
    } catch (error) {
      this.#backOff(asBridgeError(error).message);
    } finally {
      shelf.launching[kind]--;
    }
  }

  #put(shelf: Shelf, conversation: Conversation, rehearsed: HistoryHash | undefined): Warm {
    const ageTimer = setTimeout(() => {
      this.#retire(shelf, warm);
      this.refill();
    }, warmAgeMsMax);
    ageTimer.unref();
    const warm: Warm = { conversation, rehearsed, ageTimer };
    shelf.warm.add(warm);
    void conversation.process.closed.then(() => {
      // One that died while it waited; the others left the shelf before they ended.
      if (this.#remove(shelf, warm)) this.#backOff("it ended before it was used");
    });
    return warm;
  }

  /** A rehearsal that failed while the process waited: what it stands for would fail on any process. */
  #refuse(shelf: Shelf, warm: Warm, error: unknown): void {
    if (!this.#remove(shelf, warm)) return;
    void warm.conversation.process.end();
    shelf.profile = undefined;
    shelf.profileRuns = 0;
    this.#options.log.warn("a beginning could not be rehearsed", { error: asBridgeError(error).kind });
    this.refillSoon();
  }

  #remove(shelf: Shelf, warm: Warm): boolean {
    clearTimeout(warm.ageTimer);
    return shelf.warm.delete(warm);
  }

  #retire(shelf: Shelf, warm: Warm): void {
    this.#remove(shelf, warm);
    void warm.conversation.process.end();
  }

  #backOff(reason: string): void {
    if (this.#isClosed || this.#retryTimer !== undefined) return;
    const waitMs = Math.min(bootRetryMsMax, bootRetryMs * 2 ** this.#failedBoots++);
    this.#options.log.warn("a claude process did not come up", { reason, retry_in_ms: waitMs });
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined;
      this.refill();
    }, waitMs);
    this.#retryTimer.unref();
  }
}

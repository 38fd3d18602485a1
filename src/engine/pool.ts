import type { Conversation } from "../claude/conversation.ts";
import { bootWaitMs } from "../claude/probe.ts";
import { asBridgeError } from "../errors.ts";
import type { LogFields } from "../log.ts";
import type { Life, PoolOptions } from "./pool-options.ts";
import { RefillTimer } from "./refill-timer.ts";
import {
  countOf, missingRehearsals, newShelf, nextRetryMs, noteMiss, noteProfile, noteRefusal, type Profile, recentUseMs,
  type Shelf,
  shelvesMax, suitable, wantedCount, type Warm, warmAgeMsMax, worthRehearsing,
} from "./shelf.ts";

/**
 * Processes that are up before a request comes, and given to one conversation each. Most have been told nothing; where
 * new conversations keep beginning alike (a client's own system prompt and tools), some have rehearsed that beginning.
 * A rehearsed one is only given to a conversation that begins with exactly that.
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
    return [...this.#shelves.values()].reduce((size, { warm }) => size + warm.size, 0);
  }

  /** Marks a model as used and boots what is missing, now. */
  prepare(model: string): void {
    this.#touch(model, this.#shelves.get(model) ?? newShelf());
    this.refill();
  }

  /** A model has begun to answer a conversation that began so: it exists, and processes of it are kept from now on. */
  open(model: string, profile: Profile): void {
    if (this.#shelves.has(model)) return;
    this.#touch(model, { ...newShelf(), latest: { profile, runs: 1 } });
    this.refillSoon();
  }

  /**
   * A process for a conversation that begins so, if one waits: one that has rehearsed it, or one that was told nothing.
   */
  take(model: string, profile: Profile): Conversation | undefined {
    const shelf = this.#shelves.get(model);
    if (shelf === undefined) return undefined;
    this.#touch(model, shelf);
    noteProfile(shelf, profile);
    this.refillSoon();
    const found = suitable(shelf, profile);
    if (found === undefined) {
      noteMiss(shelf, this.#options.warm);
      return undefined;
    }
    this.#remove(shelf, found);
    shelf.backoff.failedBoots = 0;
    return found.conversation;
  }

  /** Boots what is missing, in the background. */
  refill(): void {
    if (this.#life.name === "closed") return;
    for (const [model, shelf] of this.#wantedShelves().reverse()) {
      if (shelf.backoff.retryTimer === undefined) this.#refillShelf(model, shelf);
    }
  }

  #refillShelf(model: string, shelf: Shelf): void {
    const profile = worthRehearsing(shelf);
    for (const warm of [...shelf.warm]) {
      if (profile !== undefined && warm.rehearsed !== undefined && warm.rehearsed !== profile.hash) {
        this.#retire(shelf, warm);
      }
    }
    // No more than there is room for, so that either kind has its half of it.
    const wanted = Math.min(
      wantedCount(shelf, { warm: this.#options.warm, isResting: this.#life.name === "resting" }),
      countOf(shelf) + this.#options.room(),
    );
    const missingRehearsed = missingRehearsals(shelf, profile, wanted);
    for (
      let missing = wanted - countOf(shelf) - missingRehearsed; missing > 0; missing--
    ) void this.#boot(model, shelf, undefined);
    for (let missing = missingRehearsed; missing > 0; missing--) {
      const spare = countOf(shelf) < wanted ? undefined : [...shelf.warm].find((warm) => warm.rehearsed === undefined);
      if (spare !== undefined) this.#retire(shelf, spare);
      // A retired process holds its slot until it exits; its exit triggers the next refill.
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
    clearTimeout(shelf.backoff.retryTimer);
    for (const warm of [...shelf.warm]) this.#retire(shelf, warm);
    this.#shelves.delete(model);
  }

  /** Nobody has asked for a while: a machine at rest keeps one process, for whoever asks next. */
  #rest(): void {
    this.#life = { name: "resting" };
    for (let spare = this.size - 1; spare > 0; spare--) this.evictOne();
    this.refill();
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
    const warm: Warm = {
      conversation, rehearsed: profile?.hash, ageTimer,
      rehearsalTimer: profile === undefined ? undefined : this.#rehearse(shelf, conversation, profile),
    };
    shelf.warm.add(warm);
    void conversation.process.closed.then(() => {
      // One that died while it waited; the others left the shelf before they ended.
      if (this.#remove(shelf, warm)) this.#backOff(shelf, { ended: conversation.process.ending });
    });
    this.#options.onShelved();
  }

  /** Returns the timer of how long the rehearsal may take. */
  #rehearse(shelf: Shelf, conversation: Conversation, profile: Profile): NodeJS.Timeout {
    const remove = (): boolean => [...shelf.warm].some(
      (warm) => warm.conversation === conversation && this.#remove(shelf, warm)
    );
    const timer = setTimeout(() => {
      if (!remove()) return;
      void conversation.process.end();
      this.#backOff(shelf, { error: "turn_timeout" });
    }, bootWaitMs);
    timer.unref();
    conversation.rehearse(profile.turn).then(() => clearTimeout(timer), (error: unknown) => {
      // A death is told by its process. A refusal while the process waits would be one on any process.
      if (!conversation.isReusable || !remove()) return;
      void conversation.process.end();
      noteRefusal(shelf, profile);
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
    if (this.#life.name === "closed" || shelf.backoff.retryTimer !== undefined) return;
    const waitMs = nextRetryMs(shelf);
    this.#options.log.warn("a claude process did not come up", { ...why, retry_in_ms: waitMs });
    shelf.backoff.retryTimer = setTimeout(() => {
      shelf.backoff.retryTimer = undefined;
      this.refill();
    }, waitMs);
    shelf.backoff.retryTimer.unref();
  }
}

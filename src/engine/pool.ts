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
 * The warm processes: booted before a request comes, each given to one conversation. Most have been told nothing. If
 * new conversations keep beginning alike (with a client's system prompt and tools), some have rehearsed that
 * beginning. A rehearsed process is only given to a conversation that begins with exactly that.
 */
export class Pool {
  readonly #options: PoolOptions;
  /** By model, ordered by last use: the first is the least recently used. */
  readonly #shelves = new Map<string, Shelf>();
  readonly #refillTimer = new RefillTimer(() => this.refill());
  #life: Life = { name: "serving", restTimer: undefined };

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** How many warm processes there are. */
  get size(): number {
    return [...this.#shelves.values()].reduce((size, { warm }) => size + warm.size, 0);
  }

  /** Marks a model as used and boots the missing processes now. */
  prepare(model: string): void {
    this.#touch(model, this.#shelves.get(model) ?? newShelf());
    this.refill();
  }

  /** Called when a model has begun to answer: it exists, so warm processes are kept for it from now on. */
  open(model: string, profile: Profile): void {
    if (this.#shelves.has(model)) return;
    this.#touch(model, { ...newShelf(), latest: { profile, runs: 1 } });
    this.refillSoon();
  }

  /** Takes a warm process that has rehearsed the beginning `profile`, or else one that was told nothing. */
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

  /** Boots the missing processes, in the background. */
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
    // Limit the number to the room there is before it is halved, so that each kind gets half of the real number.
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

  /** Evicts a warm process of the least recently used model that has one. Returns false if there is none. */
  evictOne(): boolean {
    for (const shelf of this.#shelves.values()) {
      const [warm] = shelf.warm;
      if (warm === undefined) continue;
      this.#retire(shelf, warm);
      return true;
    }
    return false;
  }

  /** Retires all warm processes: the program or configuration that they were booted from has changed. */
  clear(): void {
    for (const shelf of this.#shelves.values()) shelf.refused.clear();
    while (this.evictOne());
  }

  /** Retires all warm processes and boots no more. */
  close(): void {
    if (this.#life.name === "serving") clearTimeout(this.#life.restTimer);
    this.#life = { name: "closed" };
    this.#refillTimer.stop();
    for (const [model, shelf] of [...this.#shelves]) this.#drop(model, shelf);
  }

  /** Marks a model as used now. Drops the least recently used model beyond `shelvesMax`. Restarts the rest timer. */
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

  /** No request came for `recentUseMs`: retires all warm processes but one, which is kept for the next request. */
  #rest(): void {
    this.#life = { name: "resting" };
    for (let spare = this.size - 1; spare > 0; spare--) this.evictOne();
    this.refill();
  }

  /** Boots the missing processes after a short delay: one was taken, or a process exited and left room. */
  refillSoon(): void {
    if (this.#life.name !== "closed") this.#refillTimer.start();
  }

  /** Delays a pending refill: a conversation is being told its history, which needs the CPU. */
  putOffRefill(): void {
    this.#refillTimer.putOff();
  }

  /** The shelves of recently used models, or else of the last used one. Drops the others, with their processes. */
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
      // Meanwhile the shelf may have been dropped, or the pool closed.
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
      // Still on the shelf means that it died. A process that is taken or retired is removed from the shelf first.
      if (this.#remove(shelf, warm)) this.#backOff(shelf, { ended: conversation.process.ending });
    });
    this.#options.onShelved();
  }

  /** Starts a rehearsal. Returns the timer that limits it. */
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
      // The death of a process is handled in `#put`. A refusal by a living one would be repeated by any other.
      if (!conversation.isReusable || !remove()) return;
      void conversation.process.end();
      noteRefusal(shelf, profile);
      // Log no message: the CLI's may quote the prompt.
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

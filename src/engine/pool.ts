import type { Conversation } from "../claude/conversation.ts";
import { bootWaitMs } from "../claude/probe.ts";
import { asBridgeError } from "../errors.ts";
import type { LogFields } from "../log.ts";
import type { Life, PoolOptions } from "./pool-options.ts";
import { RefillTimer } from "./refill-timer.ts";
import {
  countOf, missingRehearsals, newShelf, nextRetryMs, noteMiss, noteProfile, noteRefusal, type Profile, recentUseMs,
  removeWarm, retireOldest, retireWarm,
  type Shelf,
  shelvesMax, suitable, wantedCount, type Warm, warmAgeMsMax, worthRehearsing,
} from "./shelf.ts";
import { type Cancel, Timer } from "./world.ts";

/**
 * The warm processes: booted before a request comes, each given to one conversation. Most have been told nothing. If
 * new conversations keep beginning alike (with a client's system prompt and tools), some have rehearsed that
 * beginning. A rehearsed process is only given to a conversation that begins with exactly that.
 */
export class Pool {
  readonly #options: PoolOptions;
  /** By model, ordered by last use: the first is the least recently used. */
  readonly #shelves = new Map<string, Shelf>();
  readonly #refillTimer: RefillTimer;
  readonly #restTimer: Timer;
  #life: Life = "serving";

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#restTimer = new Timer(options.clock);
    this.#refillTimer = new RefillTimer(options.clock, () => this.refill(), options.isBusy);
  }

  get #nowMs(): number { return this.#options.clock.monotonic(); }

  /** How many warm processes there are. */
  get size(): number {
    return [...this.#shelves.values()].reduce((size, { warm }) => size + warm.size, 0);
  }

  /** Marks a model as used and boots the missing processes now. */
  prepare(model: string): void {
    this.#touch(model, this.#shelves.get(model) ?? newShelf(this.#options.clock));
    this.refill();
  }

  /** Called when a model has begun to answer: it exists, so warm processes are kept for it from now on. */
  open(model: string, profile: Profile): void {
    if (this.#shelves.has(model)) return;
    this.#touch(model, { ...newShelf(this.#options.clock), latest: { profile, runs: 1 } });
    this.refillSoon();
  }

  /** Notes that a new conversation with this beginning comes. */
  note(model: string, profile: Profile): void {
    const shelf = this.#shelves.get(model);
    if (shelf === undefined) return;
    this.#touch(model, shelf);
    noteProfile(shelf, profile);
    this.refillSoon();
  }

  /** Takes a warm process that has rehearsed the beginning `profile`, or else one that was told nothing. */
  take(model: string, profile: Profile): Conversation | undefined {
    const shelf = this.#shelves.get(model);
    const found = shelf === undefined ? undefined : suitable(shelf, profile);
    if (shelf === undefined || found === undefined) return undefined;
    removeWarm(shelf, found);
    shelf.backoff.failedBoots = 0;
    this.refillSoon();
    return found.conversation;
  }

  /** Notes that a process is booted for a turn, because none was warm. */
  noteMiss(model: string): void {
    noteMiss(this.#shelves.get(model), this.#options.warm, this.#nowMs);
  }

  /** Keeps a process that was booted for a turn which has got another, and was told the beginning `profile`. */
  adopt(model: string, profile: Profile, conversation: Conversation): void {
    const shelf = this.#shelves.get(model);
    if (shelf === undefined || this.#life === "closed") void conversation.process.end();
    else this.#put(shelf, { conversation, rehearsed: profile.hash, cancelRehearsal: undefined });
  }

  /** Boots the missing processes, in the background. */
  refill(): void {
    if (this.#life === "closed") return;
    for (const [model, shelf] of this.#wantedShelves().reverse()) {
      if (!shelf.backoff.retryTimer.isPending) this.#refillShelf(model, shelf);
    }
  }

  #refillShelf(model: string, shelf: Shelf): void {
    const profile = worthRehearsing(shelf);
    for (const warm of [...shelf.warm]) {
      if (profile !== undefined && warm.rehearsed !== undefined && warm.rehearsed !== profile.hash) {
        retireWarm(shelf, warm);
      }
    }
    const standIns = this.#options.standIns(model);
    // Limit the number to the room there is before it is halved, so that each kind gets half of the real number.
    const wanted = Math.min(
      wantedCount(shelf, {
        nowMs: this.#nowMs, warm: this.#options.warm, isResting: this.#life === "resting", standIns,
      }),
      countOf(shelf) + this.#options.room(),
    );
    if (standIns > 0) for (let surplus = shelf.warm.size - wanted; surplus > 0; surplus--) retireOldest(shelf);
    const missingRehearsed = missingRehearsals(shelf, profile, wanted);
    const missingAny = wanted - countOf(shelf) - missingRehearsed;
    for (let missing = missingAny; missing > 0; missing--) void this.#boot(model, shelf, undefined);
    for (let missing = missingRehearsed; missing > 0; missing--) {
      const spare = countOf(shelf) < wanted ? undefined : [...shelf.warm].find((warm) => warm.rehearsed === undefined);
      if (spare !== undefined) retireWarm(shelf, spare);
      // A retired process holds its slot until it exits; its exit triggers the next refill.
      if (this.#options.room() === 0) break;
      void this.#boot(model, shelf, profile);
    }
  }

  /** Evicts a warm process of the least recently used model that has one. Returns false if there is none. */
  evictOne(): boolean {
    return [...this.#shelves.values()].some((shelf) => retireOldest(shelf));
  }

  /** Retires all warm processes: the program or configuration that they were booted from has changed. */
  clear(): void {
    for (const shelf of this.#shelves.values()) shelf.refused.clear();
    while (this.evictOne());
  }

  /** Retires all warm processes and boots no more. */
  close(): void {
    this.#life = "closed";
    this.#restTimer.cancel();
    this.#refillTimer.stop();
    for (const [model, shelf] of [...this.#shelves]) this.#drop(model, shelf);
  }

  /** Marks a model as used now. Drops the least recently used model beyond `shelvesMax`. Restarts the rest timer. */
  #touch(model: string, shelf: Shelf): void {
    if (this.#life === "closed") return;
    shelf.lastUseMs = this.#nowMs;
    this.#shelves.delete(model);
    this.#shelves.set(model, shelf);
    const [oldest] = this.#shelves;
    if (this.#shelves.size > shelvesMax && oldest !== undefined) this.#drop(...oldest);
    this.#life = "serving";
    this.#restTimer.set(recentUseMs, () => this.#rest());
  }

  #drop(model: string, shelf: Shelf): void {
    shelf.backoff.retryTimer.cancel();
    while (retireOldest(shelf));
    this.#shelves.delete(model);
  }

  /** No request came for `recentUseMs`: retires all warm processes but one, which is kept for the next request. */
  #rest(): void {
    this.#life = "resting";
    for (let spare = this.size - 1; spare > 0; spare--) this.evictOne();
    this.refill();
  }

  /** Boots the missing processes after a short delay: one was taken, or a process exited and left room. */
  refillSoon(): void {
    if (this.#life !== "closed") this.#refillTimer.start();
  }

  /** Delays a pending refill: a conversation is being told its history, which needs the CPU. */
  putOffRefill(): void {
    this.#refillTimer.putOff();
  }

  /** The shelves of recently used models, or else of the last used one. Drops the others, with their processes. */
  #wantedShelves(): [string, Shelf][] {
    const since = this.#nowMs - recentUseMs;
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
      if (this.#shelves.get(model) !== shelf) return void conversation.process.end();
      const cancelRehearsal = profile === undefined ? undefined : this.#rehearse(shelf, conversation, profile);
      this.#put(shelf, { conversation, rehearsed: profile?.hash, cancelRehearsal });
    } catch (error) {
      this.#backOff(shelf, { error: asBridgeError(error).code });
    } finally {
      shelf.launching[kind]--;
    }
  }

  #put(shelf: Shelf, one: Omit<Warm, "cancelAge">): void {
    const { conversation } = one;
    const cancelAge = this.#options.clock.after(warmAgeMsMax, () => {
      retireWarm(shelf, warm);
      this.refill();
    });
    const warm: Warm = { ...one, cancelAge };
    shelf.warm.add(warm);
    void conversation.process.closed.then(() => {
      // Still on the shelf means that it died. A process that is taken or retired is removed from the shelf first.
      if (removeWarm(shelf, warm)) this.#backOff(shelf, { ended: conversation.process.ending });
    });
    this.#options.onShelved();
  }

  /** Starts a rehearsal. Returns what cancels its limit of time. */
  #rehearse(shelf: Shelf, conversation: Conversation, profile: Profile): Cancel {
    const remove = (): boolean => (
      [...shelf.warm].some((warm) => warm.conversation === conversation && removeWarm(shelf, warm)));
    const cancel = this.#options.clock.after(bootWaitMs, () => {
      if (!remove()) return;
      void conversation.process.end();
      this.#backOff(shelf, { error: "turn_timeout" });
    });
    const rehearsal = conversation.rehearse(profile.turn, this.#options.capabilities());
    rehearsal.then(cancel, (error: unknown) => {
      // The death of a process is handled in `#put`. A refusal by a living one would be repeated by any other.
      if (!conversation.isReusable || !remove()) return;
      void conversation.process.end();
      noteRefusal(shelf, profile);
      // Log no message: the CLI's may quote the prompt.
      this.#options.log.warn("a beginning could not be rehearsed", { error: asBridgeError(error).code });
      this.refillSoon();
    });
    return cancel;
  }

  #backOff(shelf: Shelf, why: LogFields): void {
    if (this.#life === "closed" || shelf.backoff.retryTimer.isPending) return;
    const waitMs = nextRetryMs(shelf);
    this.#options.log.warn("a claude process did not come up", { ...why, retry_in_ms: waitMs });
    shelf.backoff.retryTimer.set(waitMs, () => this.refill());
  }
}

import type { Conversation } from "../claude/conversation.ts";
import { bootWaitMs } from "../claude/probe.ts";
import type { ClaudeProcess } from "../claude/process.ts";
import { asBridgeError } from "../errors.ts";
import type { LogFields, Logger } from "../log.ts";
import type { Account } from "./account.ts";
import { Backoff } from "./backoff.ts";
import type { KnownCapabilities } from "./known-capabilities.ts";
import { dispensable, type OwnedProcess, type OwnedWarm, type Warm, warmOf } from "./owned-process.ts";
import type { Processes } from "./processes.ts";
import { type ModelUse, type Profile, RecentUse } from "./recent-use.ts";
import type { RefillTimer } from "./refill-timer.ts";
import { standIns } from "./timelines.ts";
import { recentUseMs, warmPlan, type WarmWish } from "./warm-plan.ts";
import { type Clock, Timer } from "./world.ts";

export interface WarmOptions {
  /** How many to keep for each recently used model; up to twice as many while that is too few; 0 keeps none. */
  readonly warm: number;
  readonly processes: Processes;
  readonly capabilities: KnownCapabilities;
  readonly account: Account;
  /** Makes a conversation on a process that has just been started. */
  readonly converse: (process: ClaudeProcess) => Conversation;
  readonly refills: RefillTimer;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The warm processes of one model that there are, and those that are being started. */
interface Stock {
  readonly launching: { any: number; rehearsed: number };
  readonly backoff: Backoff;
}

/**
 * Keeps processes warm: booted before a request comes, each given to one conversation. Most have been told nothing. If
 * new conversations keep beginning alike (with a client's system prompt and tools), some have rehearsed that
 * beginning. A rehearsed process is only given to a conversation that begins with exactly that.
 */
export class WarmProcesses {
  readonly #options: WarmOptions;
  readonly #recent: RecentUse;
  /** By model. */
  readonly #stocks = new Map<string, Stock>();
  /** Calls for a refill when no request has come for `recentUseMs`: fewer are kept then. */
  readonly #restTimer: Timer;
  #isClosed = false;

  constructor(options: WarmOptions) {
    this.#options = options;
    this.#recent = new RecentUse(options.clock);
    this.#restTimer = new Timer(options.clock);
    options.processes.watch({
      onExit: ({ process }, use) => {
        // Its end was not asked for, and nobody had it: it died.
        if (use.name === "warm") this.#backOff(process.model, { ended: process.ending });
        this.refillSoon();
      },
    });
  }

  /** Marks a model as used and boots the missing processes now. */
  prepare(model: string): void {
    this.#note(model);
    this.refill();
  }

  /** Called when a model has begun to answer: it exists, so warm processes are kept for it from now on. */
  open(model: string, profile: Profile): void {
    if (this.#recent.knows(model)) return;
    this.#note(model, profile);
    this.refillSoon();
  }

  /** Notes that a new conversation with this beginning comes. */
  note(model: string, profile: Profile): void {
    if (!this.#recent.knows(model)) return;
    this.#note(model, profile);
    this.refillSoon();
  }

  /** Notes that a process is booted for a turn, because none was warm. */
  noteMiss(model: string): void {
    this.#recent.noteMiss(model, this.#options.warm);
  }

  /** The warm process that suits a beginning best: one that has rehearsed it, or else one that was told nothing. */
  suitable(model: string, { hash }: Profile): OwnedWarm | undefined {
    const { processes: { usable } } = this.#options;
    const waiting = warmOf(usable, model).filter(({ use: { conversation } }) => conversation.isReusable);
    return waiting.find(({ use }) => use.rehearsed === hash) ?? waiting.find(({ use }) => use.rehearsed === undefined);
  }

  /** To be called when a warm process was given to a turn. */
  noteTaken(model: string): void {
    this.#stockOf(model).backoff.reset();
    this.refillSoon();
  }

  /** Keeps a process that was booted for a turn which has got another, and was told the beginning `profile`. */
  adopt(owned: OwnedProcess, conversation: Conversation, { hash }: Profile): void {
    const { processes } = this.#options;
    if (!this.#recent.knows(owned.process.model)) processes.end(owned);
    else processes.release(owned, { name: "warm", conversation, rehearsed: hash });
    // There may be one more now than are wanted.
    this.refillSoon();
  }

  /** Boots the missing processes after a short delay: one was taken, or a process exited and left room. */
  refillSoon(): void {
    if (!this.#isClosed) this.#options.refills.start(() => this.refill());
  }

  /** Boots the missing processes, in the background, and ends those that are too many. */
  refill(): void {
    if (this.#isClosed) return;
    const { warm, processes, clock } = this.#options;
    const uses = this.#recent.all;
    const facts = uses.map((use) => ({
      ...use, hasHabit: this.#habit(use.model) !== undefined, standIns: this.#standIns(use),
    }));
    const places = this.#room + uses.reduce((count, { model }) => count + this.#countOf(model), 0);
    const wishes = warmPlan(facts, { nowMs: clock.monotonic(), warm, places });
    const wanted = new Set(wishes.map(({ model }) => model));
    for (const { owned } of warmOf(processes.all)) if (!wanted.has(owned.process.model)) processes.end(owned);
    for (const wish of wishes) if (!this.#stockOf(wish.model).backoff.isWaiting) this.#supply(wish);
  }

  /** Boots no more. */
  close(): void {
    this.#isClosed = true;
    this.#restTimer.cancel();
    this.#options.refills.stop();
    for (const { backoff } of this.#stocks.values()) backoff.cancel();
  }

  /** How many may be started. One that is started while the login is refused would be refused too. */
  get #room(): number {
    const { account, processes } = this.#options;
    return account.loginRefusal === undefined ? processes.room : 0;
  }

  #note(model: string, profile?: Profile): void {
    if (this.#isClosed) return;
    this.#recent.note(model, profile);
    this.#restTimer.set(recentUseMs, () => this.refill());
  }

  #stockOf(model: string): Stock {
    const known = this.#stocks.get(model);
    if (known !== undefined) return known;
    const stock = { launching: { any: 0, rehearsed: 0 }, backoff: new Backoff(this.#options.clock) };
    this.#stocks.set(model, stock);
    return stock;
  }

  /** How many of a model are warm or being started. */
  #countOf(model: string): number {
    const { any, rehearsed } = this.#stockOf(model).launching;
    return warmOf(this.#options.processes.all, model).length + any + rehearsed;
  }

  /** The beginning that is worth rehearsing, if any. */
  #habit(model: string): Profile | undefined {
    return this.#recent.habit(model, this.#options.processes.generation);
  }

  /** How many used processes can be given to a conversation that begins like the latest one. */
  #standIns({ latest }: ModelUse): number {
    const { processes, capabilities } = this.#options;
    return latest === undefined ? 0 : standIns(processes, latest.profile.hash, capabilities.current).length;
  }

  /** Makes it so that there are as many warm processes of a model as the plan wants. */
  #supply({ model, any, rehearsed: wantedRehearsed }: WarmWish): void {
    const { processes } = this.#options;
    const { launching } = this.#stockOf(model);
    const habit = this.#habit(model);
    for (const { owned, use } of warmOf(processes.all, model)) {
      if (habit !== undefined && use.rehearsed !== undefined && use.rehearsed !== habit.hash) processes.end(owned);
    }
    const wanted = any + wantedRehearsed;
    const surplus = Math.max(0, this.#countOf(model) - wanted);
    for (const { owned } of dispensable(warmOf(processes.all, model), wantedRehearsed).slice(0, surplus)) {
      processes.end(owned);
    }
    const rehearsed = warmOf(processes.all, model).filter(({ use }) => use.rehearsed !== undefined).length;
    const missingRehearsed = Math.max(0, wantedRehearsed - rehearsed - launching.rehearsed);
    const missingAny = wanted - this.#countOf(model) - missingRehearsed;
    for (let missing = missingAny; missing > 0; missing--) void this.#boot(model, undefined);
    for (let missing = missingRehearsed; missing > 0; missing--) {
      if (this.#countOf(model) >= wanted) {
        const spare = warmOf(processes.all, model).find(({ use }) => use.rehearsed === undefined);
        if (spare !== undefined) processes.end(spare.owned);
      }
      // A process keeps its place until it has exited; its exit brings the next refill.
      if (this.#room === 0) break;
      void this.#boot(model, habit);
    }
  }

  async #boot(model: string, profile: Profile | undefined): Promise<void> {
    const { processes, converse } = this.#options;
    const { launching } = this.#stockOf(model);
    const kind = profile === undefined ? "any" : "rehearsed";
    launching[kind]++;
    try {
      const owned = await processes.lease("warm", model);
      if (owned === undefined) return;
      // Meanwhile other models may have come into use, so that none is kept of this one.
      if (!this.#recent.knows(model)) return processes.end(owned);
      const use: Warm = { name: "warm", conversation: converse(owned.process), rehearsed: profile?.hash };
      // Before it is released: a turn that waits may take it at once.
      if (profile !== undefined) this.#rehearse(owned, use, profile);
      processes.release(owned, use);
    } catch (error) {
      this.#backOff(model, { error: asBridgeError(error).code });
    } finally {
      launching[kind]--;
    }
  }

  /** Starts a rehearsal. Ends the process if it is refused or takes too long, unless a turn has it by then. */
  #rehearse(owned: OwnedProcess, use: Warm, profile: Profile): void {
    const { processes, capabilities, clock, log } = this.#options;
    const cancel = clock.after(bootWaitMs, () => {
      if (owned.use !== use) return;
      processes.end(owned);
      this.#backOff(owned.process.model, { error: "turn_timeout" });
    });
    use.conversation.rehearse(profile.turn, capabilities.current).then(cancel, (error: unknown) => {
      cancel();
      // A death is told by the exit. A refusal by a living process would be repeated by any other.
      if (owned.use !== use || !use.conversation.isReusable) return;
      processes.end(owned);
      this.#recent.noteRefusal(profile, owned.birth.generation);
      // Log no message: the CLI's may quote the prompt.
      log.warn("a beginning could not be rehearsed", { error: asBridgeError(error).code });
      this.refillSoon();
    });
  }

  #backOff(model: string, why: LogFields): void {
    const { backoff } = this.#stockOf(model);
    if (this.#isClosed || backoff.isWaiting) return;
    const waitMs = backoff.wait(() => this.refill());
    this.#options.log.warn("a claude process did not come up", { ...why, retry_in_ms: waitMs });
  }
}

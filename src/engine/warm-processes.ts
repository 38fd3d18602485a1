import type { Conversation } from "../claude/conversation.ts";
import type { Logger } from "../log.ts";
import type { Account } from "./account.ts";
import type { KnownCapabilities } from "./known-capabilities.ts";
import { dispensable, type OwnedProcess, type OwnedWarm, warmOf } from "./owned-process.ts";
import type { Processes } from "./processes.ts";
import type { ModelUse, Profile, RecentUse } from "./recent-use.ts";
import type { RefillTimer } from "./refill-timer.ts";
import { canServe, standIns } from "./timelines.ts";
import { WarmBoots } from "./warm-boots.ts";
import { factsTogether, recentUseMs, warmPlan, type WarmWish } from "./warm-plan.ts";
import { type Clock, Timer } from "./world.ts";

export interface WarmOptions {
  /** How many to keep for each recently used model; up to twice as many while that is too few; 0 keeps none. */
  readonly warm: number;
  readonly processes: Processes;
  readonly capabilities: KnownCapabilities;
  readonly account: Account;
  readonly recent: RecentUse;
  /** Whether `set_model` can give a process this model. */
  readonly isMovable: (model: string) => boolean;
  /** Makes a conversation on a process that has just been started. */
  readonly converse: (owned: OwnedProcess) => Conversation;
  readonly refills: RefillTimer;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Keeps processes warm: booted before a request comes, each given to one conversation. Most were told only settings. If
 * new conversations keep beginning alike (with a client's system prompt and tools), some have rehearsed that beginning.
 * A rehearsed process is only given to a conversation that begins with exactly that. A warm process serves every model
 * that `set_model` can give it, or else only the one that it was started with.
 */
export class WarmProcesses {
  readonly #options: WarmOptions;
  readonly #boots: WarmBoots;
  /** Calls for a refill when no request has come for `recentUseMs`: fewer warm processes are kept then. */
  readonly #restTimer: Timer;
  /** Calls for a refill when the date changes: no request gets a process of yesterday. */
  readonly #dateTimer: Timer;
  #isClosed = false;

  constructor(options: WarmOptions) {
    this.#options = options;
    const { processes, capabilities, recent, converse, clock, log } = options;
    this.#boots = new WarmBoots({
      processes, capabilities, recent, converse, clock, log,
      onRetry: () => this.refill(), onRefused: () => this.refillSoon(),
    });
    this.#restTimer = new Timer(clock);
    this.#dateTimer = new Timer(clock);
    processes.watch({ onExit: () => this.refillSoon() });
  }

  /** Marks a model as used and boots the missing processes now. */
  prepare(model: string): void {
    this.#note(model);
    this.refill();
  }

  /** Called when a model has begun to answer: it exists, so warm processes are kept for it from now on. */
  noteAnswering(model: string, profile: Profile): void {
    if (this.#options.recent.knows(model)) return;
    this.#note(model, profile);
    this.refillSoon();
  }

  /** Notes that a new conversation with this beginning comes. */
  note(model: string, profile: Profile): void {
    if (!this.#options.recent.knows(model)) return;
    this.#note(model, profile);
    this.refillSoon();
  }

  /** Notes that a process is booted for a turn, because none was warm. */
  noteMiss(model: string): void {
    this.#options.recent.noteMiss(model, this.#options.warm);
  }

  /** The warm process that suits a beginning best: one that has rehearsed it, or else one that was told nothing. */
  suitable(profile: Profile): OwnedWarm | undefined {
    const { usable } = this.#options.processes;
    const waiting = warmOf(usable).filter(({ use: { conversation } }) => canServe(conversation, profile));
    const alive = waiting.filter(({ use }) => use.conversation.isReusable);
    return [profile.hash, undefined].flatMap((hash) => alive.find(({ use }) => use.rehearsed === hash) ?? [])[0];
  }

  /** To be called when a warm process was given to a turn, of whatever model. */
  noteTaken({ process }: OwnedProcess): void {
    this.#boots.noteUse(process.model);
    this.refillSoon();
  }

  /**
   * Keeps a process that was booted for a turn which has got another, or was left. It was told at most the beginning
   * `profile`.
   */
  adopt(owned: OwnedProcess, conversation: Conversation, { hash }: Pick<Profile, "hash">): void {
    const { processes } = this.#options;
    if (!this.#options.recent.knows(owned.process.model)) processes.end(owned);
    else processes.release(owned, { name: "warm", conversation, rehearsed: hash });
    // There may be one warm process too many now.
    this.refillSoon();
  }

  /** Boots the missing processes after a short delay: one was taken, or a process exited and left room. */
  refillSoon(): void { if (!this.#isClosed) this.#options.refills.start(() => this.refill()); }

  /** Boots the missing processes, in the background, and ends those that are too many. */
  refill(): void {
    if (this.#isClosed) return;
    const { warm, processes, isMovable, clock } = this.#options;
    processes.endOutdated();
    this.#dateTimer.set(clock.untilTomorrow(), () => this.refill());
    const byModel = this.#options.recent.all.map((use) => ({
      ...use, hasHabit: this.#habit(use.model) !== undefined, standIns: this.#standIns(use),
    }));
    const facts = factsTogether(byModel, isMovable);
    const places = this.#room + facts.reduce((count, { model }) => count + this.#countOf(model), 0);
    const wishes = warmPlan(facts, { nowMs: clock.monotonic(), warm, places });
    for (const { owned } of warmOf(processes.all)) {
      if (!wishes.some(({ model }) => this.#counts(model)(owned.process.model))) processes.end(owned);
    }
    for (const wish of wishes) if (!this.#boots.isWaiting(wish.model)) this.#supply(wish);
  }

  /** Boots no more. */
  close(): void {
    this.#isClosed = true;
    this.#restTimer.cancel();
    this.#dateTimer.cancel();
    this.#options.refills.stop();
    this.#boots.close();
  }

  /** How many warm processes may be started: none while the login is refused, as they would be refused too. */
  get #room(): number {
    const { account, processes } = this.#options;
    return account.loginRefusal === undefined ? processes.room : 0;
  }

  #note(model: string, profile?: Profile): void {
    if (this.#isClosed) return;
    this.#options.recent.note(model, profile);
    this.#restTimer.set(recentUseMs, () => this.refill());
  }

  /**
   * Returns a function that says whether a process started with the model `other` counts towards the warm processes of
   * `model`: of the same model, or of one that `set_model` can change into it.
   */
  #counts(model: string): (other: string) => boolean {
    const { isMovable } = this.#options;
    return (other) => other === model || (isMovable(model) && isMovable(other));
  }

  /** The warm processes that count as those of a model. */
  #warmOf(model: string): OwnedWarm[] {
    const counts = this.#counts(model);
    return warmOf(this.#options.processes.all).filter(({ owned }) => counts(owned.process.model));
  }

  /** How many of a model are warm or being started. */
  #countOf(model: string): number {
    const { any, rehearsed } = this.#boots.launching(this.#counts(model));
    return this.#warmOf(model).length + any + rehearsed;
  }

  /** The beginning that is worth rehearsing, if any. */
  #habit(model: string): Profile | undefined {
    return this.#options.recent.habit(model, this.#options.processes.generation);
  }

  /** How many used processes can be given to a conversation that begins like the latest one. */
  #standIns({ latest }: ModelUse): number {
    const { processes, capabilities } = this.#options;
    return latest === undefined ? 0 : standIns(processes, latest.profile, capabilities.current).length;
  }

  /** Makes it so that there are as many warm processes of a model as the plan wants. */
  #supply({ model, any, rehearsed: wantedRehearsed }: WarmWish): void {
    const { processes } = this.#options;
    const habit = this.#habit(model);
    for (const { owned, use } of this.#warmOf(model)) {
      if (habit !== undefined && use.rehearsed !== undefined && use.rehearsed !== habit.hash) processes.end(owned);
    }
    const wanted = any + wantedRehearsed;
    const surplus = Math.max(0, this.#countOf(model) - wanted);
    for (const { owned } of dispensable(this.#warmOf(model), wantedRehearsed).slice(0, surplus)) processes.end(owned);
    const rehearsed = this.#warmOf(model).filter(({ use }) => use.rehearsed !== undefined).length;
    const launching = this.#boots.launching(this.#counts(model)).rehearsed;
    const missingRehearsed = Math.max(0, wantedRehearsed - rehearsed - launching);
    const missingAny = wanted - this.#countOf(model) - missingRehearsed;
    for (let missing = missingAny; missing > 0; missing--) void this.#boots.boot(model, undefined);
    for (let missing = missingRehearsed; missing > 0; missing--) {
      const spare = this.#warmOf(model).find(({ use }) => use.rehearsed === undefined);
      const isEnough = this.#countOf(model) >= wanted;
      // A warm process that was told nothing can rehearse at any time.
      if (habit !== undefined && spare !== undefined && isEnough) this.#boots.rehearse(spare, habit);
      // A process keeps its place until it has exited; its exit brings the next refill.
      else if (this.#room > 0) void this.#boots.boot(model, habit);
    }
  }
}

import type { ToldTurn } from "../claude/parameters.ts";
import type { HistoryHash } from "./history-hash.ts";
import { recentUseMs } from "./warm-plan.ts";
import type { Clock } from "./world.ts";

/** For how many models warm processes are kept at most: those used last. */
export const modelsMax = 8;
/** How many refused beginnings are remembered. */
export const refusedMax = 16;

/** A conversation's beginning, and a turn that has it. Equal hashes mean the same system prompt and tools. */
export interface Profile {
  readonly hash: HistoryHash;
  readonly turn: ToldTurn;
  /** Whether `set_model` can give the turn's model to a process that runs another. */
  readonly isMovable: boolean;
}

/** How a model was used lately. */
export interface ModelUse {
  readonly model: string;
  readonly lastUseMs: number;
  /** How many requests lately found no warm process, counted up to `WarmOptions.warm`, and when the last one came. */
  readonly misses: { readonly count: number; readonly lastMs: number };
  /** The beginning of the model's latest new conversation, and how many in a row have had it. */
  readonly latest: { readonly profile: Profile; readonly runs: number } | undefined;
}

/** What was used lately: models, and the beginnings of conversations. Times are of the monotonic clock. */
export class RecentUse {
  readonly #clock: Clock;
  /** By model, ordered by last use: the first is the least recently used. */
  readonly #uses = new Map<string, ModelUse>();
  /** Beginnings whose rehearsal the CLI refused, each with the CLI's generation. */
  readonly #refused = new Set<string>();
  #beginning: Profile | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The models that were used lately, ordered by last use. */
  get all(): readonly ModelUse[] {
    return [...this.#uses.values()];
  }

  /** The beginning of the conversation that came last, of whatever model. */
  get beginning(): Profile | undefined {
    return this.#beginning;
  }

  /** Notes that a new conversation comes, be its model one that is used or not. */
  noteBeginning(profile: Profile): void {
    this.#beginning = profile;
  }

  knows(model: string): boolean {
    return this.#uses.has(model);
  }

  /** The beginning of a model's latest new conversation. */
  latest(model: string): Profile | undefined {
    return this.#uses.get(model)?.latest?.profile;
  }

  /** Notes that a model was used, perhaps for a new conversation with the beginning `profile`. */
  note(model: string, profile?: Profile): void {
    const before = this.#uses.get(model);
    const runs = before?.latest?.profile.hash === profile?.hash ? (before?.latest?.runs ?? 0) + 1 : 1;
    this.#uses.delete(model);
    this.#uses.set(model, {
      model, lastUseMs: this.#clock.monotonic(),
      misses: before?.misses ?? { count: 0, lastMs: 0 },
      latest: profile === undefined ? before?.latest : { profile, runs },
    });
    const [oldest] = this.#uses.keys();
    if (this.#uses.size > modelsMax && oldest !== undefined) this.#uses.delete(oldest);
  }

  /** Notes that a request found no warm process. */
  noteMiss(model: string, countMax: number): void {
    const use = this.#uses.get(model);
    if (use === undefined) return;
    const lastMs = this.#clock.monotonic();
    const before = lastMs - use.misses.lastMs < recentUseMs ? use.misses.count : 0;
    const misses = { count: Math.min(before + 1, countMax), lastMs };
    this.#uses.set(model, { ...use, misses });
  }

  /** Notes that the CLI refused a beginning. Forgets the oldest refusal beyond `refusedMax`. */
  noteRefusal({ hash }: Profile, generation: number): void {
    this.#refused.add(`${generation} ${hash}`);
    const [oldest] = this.#refused;
    if (this.#refused.size > refusedMax && oldest !== undefined) this.#refused.delete(oldest);
  }

  /**
   * The beginning to rehearse, if any: the latest one. It must have come at least twice in a row, because then it is
   * likely to come again. The CLI must not have refused it, because it would refuse it again.
   */
  habit(model: string, generation: number): Profile | undefined {
    const latest = this.#uses.get(model)?.latest;
    if (latest === undefined || latest.runs < 2) return undefined;
    return this.#refused.has(`${generation} ${latest.profile.hash}`) ? undefined : latest.profile;
  }
}

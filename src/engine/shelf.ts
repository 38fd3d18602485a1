import type { Conversation } from "../claude/conversation.ts";
import type { Turn } from "../turn/turn.ts";
import type { HistoryHash } from "./history-hash.ts";
import { type Cancel, type Clock, Timer } from "./world.ts";

/**
 * How long a model counts as recently used, in milliseconds. If none does, one warm process is kept, of the model that
 * was used last.
 */
export const recentUseMs = 15 * 60_000;

/** For how many models warm processes are kept at most: those used last. */
export const shelvesMax = 8;
/** A warm process is replaced after this long, in milliseconds: its login and settings are those of its boot. */
export const warmAgeMsMax = 30 * 60_000;
/** The wait after a failed boot, in milliseconds. It doubles with each further failure, up to `bootRetryMsMax`. */
export const bootRetryMs = 1_000;
export const bootRetryMsMax = 60_000;
/** How many refused beginnings are remembered for each model. */
export const refusedProfilesMax = 16;

/** A conversation's beginning. Equal hashes mean the same system prompt, tools and settings. */
export interface Profile {
  readonly hash: HistoryHash;
  readonly turn: Turn;
}

/** A warm process. */
export interface Warm {
  readonly conversation: Conversation;
  /** The beginning that the process has rehearsed. If undefined, it was told nothing and fits any conversation. */
  readonly rehearsed: HistoryHash | undefined;
  readonly cancelAge: Cancel;
  readonly cancelRehearsal: Cancel | undefined;
}

/** The warm processes of one model, and how the model was used lately. */
export interface Shelf {
  readonly warm: Set<Warm>;
  readonly launching: { any: number; rehearsed: number };
  lastUseMs: number;
  /** How many more processes than usual are kept, because requests lately found none. */
  extra: number;
  lastMissMs: number;
  /** The beginning of the latest new conversation, and how many in a row have had it. */
  latest: { readonly profile: Profile; readonly runs: number } | undefined;
  /** Beginnings whose rehearsal the CLI refused. */
  readonly refused: Set<HistoryHash>;
  readonly backoff: Backoff;
}

/** The wait after failed boots. */
interface Backoff {
  /** How many boots have failed since a process of this shelf was last taken. */
  failedBoots: number;
  /** While this timer runs, nothing is booted for this shelf. */
  readonly retryTimer: Timer;
}

export function newShelf(clock: Clock): Shelf {
  return {
    warm: new Set(), launching: { any: 0, rehearsed: 0 }, lastUseMs: 0, extra: 0, lastMissMs: 0, latest: undefined,
    refused: new Set(), backoff: { failedBoots: 0, retryTimer: new Timer(clock) },
  };
}

/** How many processes are warm or being launched. */
export function countOf({ warm, launching }: Shelf): number {
  return warm.size + launching.any + launching.rehearsed;
}

/**
 * How many more processes are to rehearse a beginning, so that half of the wanted ones have. A process that rehearsed
 * another beginning counts too, until it is retired.
 */
export function missingRehearsals({ warm, launching }: Shelf, profile: Profile | undefined, wanted: number): number {
  if (profile === undefined) return 0;
  const rehearsed = [...warm].filter((one) => one.rehearsed !== undefined).length + launching.rehearsed;
  return Math.max(0, Math.floor(wanted / 2) - rehearsed);
}

/** Notes the beginning of a new conversation. */
export function noteProfile(shelf: Shelf, profile: Profile): void {
  const runs = shelf.latest?.profile.hash === profile.hash ? shelf.latest.runs + 1 : 1;
  shelf.latest = { profile, runs };
}

/**
 * The beginning to rehearse, if any: the latest one. It must have come at least twice in a row, because then it is
 * likely to come again. The CLI must not have refused it, because it would refuse it again.
 */
export function worthRehearsing({ latest, refused }: Shelf): Profile | undefined {
  if (latest === undefined || latest.runs < 2 || refused.has(latest.profile.hash)) return undefined;
  return latest.profile;
}

/** The warm process that suits a beginning best: one that rehearsed it, or else one that was told nothing. */
export function suitable({ warm }: Shelf, { hash }: Profile): Warm | undefined {
  const waiting = [...warm].filter(({ conversation }) => conversation.isReusable);
  return waiting.find(({ rehearsed }) => rehearsed === hash) ?? waiting.find(
    ({ rehearsed }) => rehearsed === undefined
  );
}

/** Notes that the CLI refused a beginning. Forgets the oldest refusal beyond `refusedProfilesMax`. */
export function noteRefusal({ refused }: Shelf, { hash }: Profile): void {
  refused.add(hash);
  const [oldest] = refused;
  if (refused.size > refusedProfilesMax && oldest !== undefined) refused.delete(oldest);
}

/** Notes that a request found no warm process: one more is kept for a while, up to `extraMax`. */
export function noteMiss(shelf: Shelf | undefined, extraMax: number, nowMs: number): void {
  if (shelf === undefined) return;
  shelf.extra = Math.min(shelf.extra + 1, extraMax);
  shelf.lastMissMs = nowMs;
}

/** What the number of warm processes depends on, beside how the model was used. */
export interface WarmNeed {
  readonly nowMs: number;
  /** How many are kept as a rule. */
  readonly warm: number;
  readonly isResting: boolean;
  /** How many processes that have been used can be given to another conversation that begins like theirs. */
  readonly standIns: number;
}

/**
 * How many warm processes to keep: one at rest, else `warm`, and more (up to twice as many) after recent misses. Those
 * that have been used and can be emptied stand in for all but one.
 */
export function wantedCount(shelf: Shelf, { nowMs, warm, isResting, standIns }: WarmNeed): number {
  if (isResting) return Math.min(1, warm);
  if (shelf.lastMissMs <= nowMs - recentUseMs) shelf.extra = 0;
  return Math.max(Math.min(1, warm), warm + shelf.extra - standIns);
}

/** Counts a failed boot. Returns how long the next one waits, in milliseconds. */
export function nextRetryMs({ backoff }: Shelf): number {
  return Math.min(bootRetryMsMax, bootRetryMs * 2 ** backoff.failedBoots++);
}

/** Takes a process off the shelf. Returns whether it stood there. */
export function removeWarm(shelf: Shelf, warm: Warm): boolean {
  warm.cancelAge();
  warm.cancelRehearsal?.();
  return shelf.warm.delete(warm);
}

/** Takes a process off the shelf and ends it. */
export function retireWarm(shelf: Shelf, warm: Warm): void {
  removeWarm(shelf, warm);
  void warm.conversation.process.end();
}

/** Retires the process that has waited longest. Returns false if there is none. */
export function retireOldest(shelf: Shelf): boolean {
  const [warm] = shelf.warm;
  if (warm !== undefined) retireWarm(shelf, warm);
  return warm !== undefined;
}

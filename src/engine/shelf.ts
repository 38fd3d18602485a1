import type { Conversation } from "../claude/conversation.ts";
import type { Turn } from "../turn/turn.ts";
import type { HistoryHash } from "./history-hash.ts";

/**
 * A model counts as recently used for this long, in milliseconds; with none used so lately, one process waits for the
 * last.
 */
export const recentUseMs = 15 * 60_000;

/** For how many models processes wait at most: those used last. */
export const shelvesMax = 8;
/** A warm process is renewed after this long, in milliseconds: its login and its settings are those of its boot. */
export const warmAgeMsMax = 30 * 60_000;
/** After a boot that failed, the next waits this long, in milliseconds, and twice as long each time, up to a bound. */
export const bootRetryMs = 1_000;
export const bootRetryMsMax = 60_000;
/** How many beginnings that the CLI refused are remembered for each model. */
export const refusedProfilesMax = 16;

/** What a new conversation begins with; equal hashes mean the same system prompt, tools and settings. */
export interface Profile {
  readonly hash: HistoryHash;
  readonly turn: Turn;
}

/** A process that waits. */
export interface Warm {
  readonly conversation: Conversation;
  /** The beginning that it was told already; undefined: nothing, so any conversation may have it. */
  readonly rehearsed: HistoryHash | undefined;
  readonly ageTimer: NodeJS.Timeout;
  readonly rehearsalTimer: NodeJS.Timeout | undefined;
}

/** The processes that wait for one model, and what is known of its use. */
export interface Shelf {
  readonly warm: Set<Warm>;
  readonly launching: { any: number; rehearsed: number };
  lastUseMs: number;
  /** How many more wait than usual: requests came lately that found none. */
  extra: number;
  lastMissMs: number;
  /** The last new conversation's beginning, and how many in a row began so. */
  latest: { readonly profile: Profile; readonly runs: number } | undefined;
  /** The beginnings that the CLI refused. */
  readonly refused: Set<HistoryHash>;
  readonly backoff: Backoff;
}

/** After boots that failed. */
interface Backoff {
  /** Boots that failed since one was of use. */
  failedBoots: number;
  /** While it runs, none is tried. */
  retryTimer: NodeJS.Timeout | undefined;
}

export function newShelf(): Shelf {
  return {
    warm: new Set(), launching: { any: 0, rehearsed: 0 }, lastUseMs: 0, extra: 0, lastMissMs: 0, latest: undefined,
    refused: new Set(), backoff: { failedBoots: 0, retryTimer: undefined },
  };
}

/** How many wait, or will. */
export function countOf({ warm, launching }: Shelf): number {
  return warm.size + launching.any + launching.rehearsed;
}

/**
 * How many more are to rehearse a beginning: half of those that wait. One that rehearsed another beginning still
 * counts, until it is needed no more.
 */
export function missingRehearsals({ warm, launching }: Shelf, profile: Profile | undefined, wanted: number): number {
  if (profile === undefined) return 0;
  const rehearsed = [...warm].filter((one) => one.rehearsed !== undefined).length + launching.rehearsed;
  return Math.max(0, Math.floor(wanted / 2) - rehearsed);
}

/** A new conversation begins so. */
export function noteProfile(shelf: Shelf, profile: Profile): void {
  const runs = shelf.latest?.profile.hash === profile.hash ? shelf.latest.runs + 1 : 1;
  shelf.latest = { profile, runs };
}

/** A beginning that came twice is likely to come again; one that was refused would be refused again. */
export function worthRehearsing({ latest, refused }: Shelf): Profile | undefined {
  if (latest === undefined || latest.runs < 2 || refused.has(latest.profile.hash)) return undefined;
  return latest.profile;
}

/** The process that suits a beginning best: one that rehearsed it, else one that was told nothing. */
export function suitable({ warm }: Shelf, { hash }: Profile): Warm | undefined {
  const waiting = [...warm].filter(({ conversation }) => conversation.isReusable);
  return waiting.find(({ rehearsed }) => rehearsed === hash) ?? waiting.find(
    ({ rehearsed }) => rehearsed === undefined
  );
}

/** The CLI would not begin so. The oldest refusal is forgotten when there are too many. */
export function noteRefusal({ refused }: Shelf, { hash }: Profile): void {
  refused.add(hash);
  const [oldest] = refused;
  if (refused.size > refusedProfilesMax && oldest !== undefined) refused.delete(oldest);
}

/** A request found none that waits: up to `extraMax` more are kept for a while. */
export function noteMiss(shelf: Shelf, extraMax: number): void {
  shelf.extra = Math.min(shelf.extra + 1, extraMax);
  shelf.lastMissMs = Date.now();
}

/** How many are to wait: at rest one; as many as set; and up to twice as many for a while after requests found none. */
export function wantedCount(
  shelf: Shelf, { warm, isResting }: { readonly warm: number; readonly isResting: boolean },
): number {
  if (isResting) return Math.min(1, warm);
  if (shelf.lastMissMs <= Date.now() - recentUseMs) shelf.extra = 0;
  return warm + shelf.extra;
}

/** A boot failed: how long the next waits, in milliseconds. */
export function nextRetryMs({ backoff }: Shelf): number {
  return Math.min(bootRetryMsMax, bootRetryMs * 2 ** backoff.failedBoots++);
}

/** How long a free process is kept. */

import type { HistoryHash } from "./history-hash.ts";
import type { Free, OwnedProcess, Rested, Use } from "./owned-process.ts";

/** A single question and its answer: a conversation that seldom goes on, so its process is among the first to end. */
export const cheapMessagesMax = 2;
/**
 * A conversation of so many messages is told again in some 10 to 30 ms. The first request of a warm process takes the
 * CLI 100 ms more than a later one of a used process does, so a new conversation gets the used one.
 */
export const shortMessagesMax = 8;
/** How many processes with a cheap conversation and one beginning are kept longer than `surplusMsMax`. */
export const cheapKept = 2;
/** `cheapKept` where the CLI cannot rewind to empty, so that no other conversation could have these processes. */
export const cheapKeptUnemptied = 1;
/** How long processes with a cheap conversation are kept beyond `cheapKept`, after their last turn, in milliseconds. */
export const surplusMsMax = 3_000;
/** A warm process is replaced after this long, in milliseconds: its login and settings are those of its boot. */
export const warmAgeMsMax = 30 * 60_000;

export interface RestLimits {
  /** How long a process is kept after its last turn, in milliseconds. */
  readonly idleMsMax: number;
  /** How long a process waits for the results of the client's tools, in milliseconds. */
  readonly parkedMsMax: number;
}

/** How long a free process is kept, in milliseconds. */
export function stayMs({ name }: Free, { idleMsMax, parkedMsMax }: RestLimits): number {
  if (name === "warm") return warmAgeMsMax;
  return name === "parked" ? parkedMsMax : idleMsMax;
}

/** Whether little is lost when a process's conversation is given up. */
export function isCheap(use: Use): use is Rested {
  return use.name === "resting" && use.timeline.hashes.length <= cheapMessagesMax;
}

/** Whether a conversation is told again sooner than a warm process answers its first request. */
export function isShort({ timeline }: Rested): boolean {
  return timeline.hashes.length <= shortMessagesMax;
}

/**
 * Whether more than `cheapKept` processes of `all`, this one among them, have this beginning and a conversation of at
 * most `cheapMessagesMax` messages.
 */
export function isSurplus({ timeline: { beginning } }: Rested, all: readonly Use[]): boolean {
  return all.filter((use) => isCheap(use) && use.timeline.beginning === beginning).length > cheapKept;
}

/**
 * The processes with a cheap conversation and this beginning that are too many: those that have rested longest, so that
 * `kept` are left. `all` begins with the one that has rested longest.
 */
export function surplusOf(all: readonly OwnedProcess[], beginning: HistoryHash, kept: number): readonly OwnedProcess[] {
  const cheap = all.filter(({ use }) => isCheap(use) && use.timeline.beginning === beginning);
  return cheap.slice(0, Math.max(0, cheap.length - kept));
}

/** What decides when a free process is ended. */
export interface RestRules {
  readonly all: () => readonly OwnedProcess[];
  readonly limits: RestLimits;
  readonly end: () => void;
}

/** Ends a free process when it has been free for too long. */
export function limitRest({ timer }: OwnedProcess, use: Free, { all, limits, end }: RestRules): void {
  const leftMs = stayMs(use, limits);
  if (!isCheap(use)) return timer.set(leftMs, end);
  const soonMs = Math.min(surplusMsMax, leftMs);
  timer.set(soonMs, () => {
    if (isSurplus(use, all().map((other) => other.use))) end();
    else timer.set(leftMs - soonMs, end);
  });
}

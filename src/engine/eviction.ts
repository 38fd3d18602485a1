/** Which process is ended first when a turn needs its place: as pure functions. */

import type { OwnedProcess } from "./owned-process.ts";
import { isCheap } from "./resting.ts";

/**
 * The kinds of process that may be ended to make room for a turn's, the cheapest to lose first. `probe`: the turn's own
 * process answers the same questions. `superseded`: started with an older program, configuration or login, or on
 * another date, so no turn will get it. `spare`: it boots for a turn that has got another, or was left. `warm`: it
 * costs a boot. `cheap` and `idle`: its conversation must be told again, a short one or a longer one. `parked`: what
 * its model has thought is lost too. A running process is never ended.
 */
export const evictionRanks = ["probe", "superseded", "spare", "warm", "cheap", "idle", "parked"] as const;
export type EvictionRank = (typeof evictionRanks)[number];

/** What is known of a process when one has to go. */
export type Candidate = Pick<OwnedProcess, "use" | "isEnding" | "sinceMs">;

/** The rank of a process; undefined if it may not be ended for a turn. `isOutdated`: no turn may get it. */
export function evictionRank({ use, isEnding }: Candidate, isOutdated: boolean): EvictionRank | undefined {
  const { name } = use;
  if (isEnding || name === "running" || name === "ending" || (name === "booting" && !use.isSpare)) return undefined;
  if (name === "probed") return "probe";
  if (isOutdated) return "superseded";
  if (name === "booting") return "spare";
  if (name === "resting") return isCheap(use) ? "cheap" : "idle";
  return name;
}

/**
 * The processes that may be ended for a turn, in the order of `evictionRanks`; of two with one rank, first the one that
 * has been free for longer.
 */
export function evictionOrder<One extends Candidate>(all: readonly One[], isOutdated: (one: One) => boolean): One[] {
  const ranked = all.flatMap((one) => {
    const rank = evictionRank(one, isOutdated(one));
    return rank === undefined ? [] : [{ one, place: evictionRanks.indexOf(rank) }];
  });
  ranked.sort((first, second) => first.place - second.place || first.one.sinceMs - second.one.sinceMs);
  return ranked.map(({ one }) => one);
}

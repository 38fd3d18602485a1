/** Which process goes first when a turn needs its place: as pure functions. */

import type { OwnedProcess } from "./owned-process.ts";
import { isCheap } from "./resting.ts";

/**
 * What may be ended for a turn, the cheapest first. The probe: a turn's own process answers the same. `superseded`: it
 * is of an older program, configuration, login or day, and no turn will get it. `spare`: it boots, and its turn has got
 * another. A warm process costs a boot, an idle one that its conversation is told again (`cheap`: that is short), a
 * parked one also what its model has thought. A running one never goes.
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

/** Those that may be ended for a turn, in the order in which they go: of two alike the one that is free for longer. */
export function evictionOrder<One extends Candidate>(all: readonly One[], isOutdated: (one: One) => boolean): One[] {
  const ranked = all.flatMap((one) => {
    const rank = evictionRank(one, isOutdated(one));
    return rank === undefined ? [] : [{ one, place: evictionRanks.indexOf(rank) }];
  });
  ranked.sort((first, second) => first.place - second.place || first.one.sinceMs - second.one.sinceMs);
  return ranked.map(({ one }) => one);
}

/** How many warm processes to keep: a pure function of recent use. */

/**
 * How long a model counts as recently used, in milliseconds. If none does, the server is at rest: one warm process is
 * kept, of the model that was used last.
 */
export const recentUseMs = 5 * 60_000;

/** What is known of one model. Times are of one clock. */
export interface WarmFacts {
  readonly model: string;
  readonly lastUseMs: number;
  /** How many requests found no warm process, and when the last one came. */
  readonly misses: { readonly count: number; readonly lastMs: number };
  /** Whether conversations lately keep beginning alike, so that it is worth to rehearse that. */
  readonly hasHabit: boolean;
  /** How many used processes can be given, now or when their turn is over, to a conversation like the latest one. */
  readonly standIns: number;
}

export interface WarmLimits {
  readonly nowMs: number;
  /** How many warm processes are kept as a rule for each model in use. */
  readonly warm: number;
  /** How many warm processes there may be: those that there are, and those for which there is room. */
  readonly places: number;
}

/** How many warm processes of a model are wanted: `any` told nothing, `rehearsed` told what its turns begin with. */
export interface WarmWish {
  readonly model: string;
  readonly any: number;
  readonly rehearsed: number;
}

/**
 * Joins the facts of all movable models, as a warm process of one serves them all: those of the model used last, with
 * the most misses and the latest miss of any. `facts` are ordered by last use, and what is returned is too.
 */
export function factsTogether(facts: readonly WarmFacts[], isMovable: (model: string) => boolean): WarmFacts[] {
  const movable = facts.filter(({ model }) => isMovable(model));
  const last = movable.at(-1);
  if (last === undefined) return [...facts];
  const count = Math.max(...movable.map(({ misses }) => misses.count));
  const lastMs = Math.max(...movable.map(({ misses }) => misses.lastMs));
  return facts.flatMap((fact) => {
    if (!isMovable(fact.model)) return [fact];
    return fact === last ? [{ ...fact, misses: { count, lastMs } }] : [];
  });
}

/**
 * How many warm processes are wanted, for each model that is to have some, in the order in which they matter. `facts`
 * are ordered by last use. At rest that is one for the whole server. While there are requests, it is `warm` for each
 * model in use, and one more for each recent miss; used processes that can be given to the next conversation stand in
 * for all but one. Of two or more, half rehearse the beginning that is likely to come.
 */
export function warmPlan(facts: readonly WarmFacts[], { nowMs, warm, places }: WarmLimits): WarmWish[] {
  const inUse = facts.filter(({ lastUseMs }) => nowMs - lastUseMs < recentUseMs);
  const last = facts.at(-1);
  if (last === undefined || places <= 0 || warm <= 0) return [];
  if (inUse.length === 0) return [{ model: last.model, any: 1, rehearsed: 0 }];
  let left = places;
  return inUse.reverse().flatMap(({ model, misses, hasHabit, standIns }): WarmWish[] => {
    const extra = nowMs - misses.lastMs < recentUseMs ? misses.count : 0;
    // The number is limited before it is halved, so that each kind gets half of the real number.
    const count = Math.min(left, Math.max(1, warm + extra - standIns));
    left -= count;
    const rehearsed = hasHabit ? Math.floor(count / 2) : 0;
    return count === 0 ? [] : [{ model, any: count - rehearsed, rehearsed }];
  });
}

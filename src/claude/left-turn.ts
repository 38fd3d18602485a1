import type { Briefing } from "./briefing.ts";
import { rewindWaitMsMax } from "./history.ts";
import { type After, orLate } from "./late.ts";
import type { Standing } from "./standing.ts";

/** What a run that is over has told its process of its turn. */
export interface LeftTurn {
  /** How the conversation stood before. */
  readonly before: Standing;
  /** How many of the turn's messages the process had before. */
  readonly seen: number;
  /** How many of the turn's messages came before the question, or the results; undefined if that was not written. */
  readonly asked: number | undefined;
  /** Resolves with how many messages were told before the question, when no more are. */
  readonly telling: Promise<number>;
}

/** How many messages of its last turn are in a process's history for certain. */
export interface Settled {
  readonly count: number;
  /** Whether it has no others, because nothing of the turn was told. */
  readonly isUntouched: boolean;
}

/** Before there was a turn. */
export const noTurn: LeftTurn = { before: { name: "known" }, seen: 0, asked: undefined, telling: Promise.resolve(0) };

/**
 * Resolves with what of a turn is settled, once the CLI has taken the message that it was being told when the run
 * ended. That takes 12 ms; a rehearsal that a turn waits for takes less than a second. Resolves with undefined if it is
 * not certain what the process has.
 */
export async function settledOf(left: LeftTurn, briefing: Briefing, after: After): Promise<Settled | undefined> {
  const { seen, asked, telling } = left;
  if (asked !== undefined) return briefing.isPrepared ? { count: asked, isUntouched: false } : undefined;
  const told = Promise.all([telling, briefing.accepted]).then(([count]) => count, () => undefined);
  const count = await orLate(told, rewindWaitMsMax, () => undefined, after);
  return count === undefined || !briefing.isPrepared ? undefined : { count: seen, isUntouched: count === 0 };
}

import type { Briefing } from "./briefing.ts";
import { rewindWaitMsMax } from "./history.ts";
import { type After, orLate } from "./late.ts";
import type { Standing } from "./standing.ts";

/** What a run that is over has told its process of its turn. */
export interface LeftTurn {
  /** The state of the conversation before the turn. */
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
  /** Whether these are all its messages, because it was told nothing of the turn. */
  readonly isUntouched: boolean;
}

/** The left turn of a process that has had none. */
export const noTurn: LeftTurn = { before: { name: "known" }, seen: 0, asked: undefined, telling: Promise.resolve(0) };

/**
 * Resolves with what of a turn is settled, once the CLI has acknowledged the message of the history that was being told
 * when the run ended. That takes 12 ms, and less than a second where a rehearsal must end first. Resolves with
 * undefined if it is not certain which messages the process has.
 */
export async function settledOf(left: LeftTurn, briefing: Briefing, after: After): Promise<Settled | undefined> {
  const { seen, asked, telling } = left;
  if (asked !== undefined) return briefing.isPrepared ? { count: asked, isUntouched: false } : undefined;
  const told = Promise.all([telling, briefing.accepted]).then(([count]) => count, () => undefined);
  const count = await orLate(told, rewindWaitMsMax, () => undefined, after);
  return count === undefined || !briefing.isPrepared ? undefined : { count: seen, isUntouched: count === 0 };
}

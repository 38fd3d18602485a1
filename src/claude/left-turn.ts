import type { Briefing, BriefingOptions } from "./briefing.ts";
import { rewindWaitMsMax } from "./history.ts";
import { orLate } from "./late.ts";
import { bootWaitMs } from "./probe.ts";
import type { LiveProcess } from "./process.ts";
import type { Standing } from "./standing.ts";
import { timeInNode } from "./time.ts";

/** What a run that is over has told its process of its turn. */
export interface LeftTurn {
  /** The state of the conversation before the turn. */
  readonly before: Standing;
  /** How many of the turn's messages the process had before. */
  readonly seen: number;
  /** How many of the turn's messages came before the question, or the results; undefined if that was not written. */
  readonly beforeQuestion: number | undefined;
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
export const noTurn: LeftTurn = {
  before: { name: "known" }, seen: 0, beforeQuestion: undefined, telling: Promise.resolve(0),
};

/** The process whose turn was left. */
export interface LeftProcess {
  readonly process: LiveProcess;
  /** Whether it has written something: else it still boots. */
  readonly isUp: boolean;
  readonly options: Pick<BriefingOptions, "time" | "bootMsMax">;
}

/**
 * Resolves with what of a turn is settled, once the CLI has acknowledged the message of the history that was being told
 * when the run ended. That takes 12 ms, less than a second where a rehearsal must end first, and a boot where the
 * process is not up yet. Resolves with undefined if it is not certain which messages the process has.
 */
export async function settledOf(
  left: LeftTurn, briefing: Briefing, { process, isUp, options }: LeftProcess,
): Promise<Settled | undefined> {
  const { seen, beforeQuestion, telling } = left;
  const { time: { after } = timeInNode, bootMsMax = () => bootWaitMs } = options;
  // A question that was written to a process which boots stands in its pipe. The CLI will ask it as soon as it is up,
  // perhaps before it reads the interrupt behind it. So only the end of the process keeps the question from the model.
  if (!isUp && beforeQuestion !== undefined) return undefined;
  if (beforeQuestion !== undefined) {
    return briefing.isPrepared ? { count: beforeQuestion, isUntouched: false } : undefined;
  }
  const told = Promise.all([telling, briefing.accepted]).then(([count]) => count, () => undefined);
  const known = Promise.race([told, process.closed.then(() => undefined)]);
  const count = await orLate(known, isUp ? rewindWaitMsMax : bootMsMax(), () => undefined, after);
  return count === undefined || !briefing.isPrepared ? undefined : { count: seen, isUntouched: count === 0 };
}

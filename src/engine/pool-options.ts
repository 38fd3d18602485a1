import type { Conversation } from "../claude/conversation.ts";
import type { Capabilities } from "../claude/capabilities.ts";
import type { Logger } from "../log.ts";
import type { Clock } from "./world.ts";

export interface PoolOptions {
  readonly clock: Clock;
  /**
   * How many warm processes to keep for each recently used model. Up to twice as many are kept while that is too few; 0
   * turns the pool off.
   */
  readonly warm: number;
  /** Starts a process for a future conversation. Resolves with undefined if there is no room after all. */
  readonly launch: (model: string) => Promise<Conversation | undefined>;
  /** How many more processes may be started without ending another. */
  readonly room: () => number;
  /**
   * How many processes of a model have been used and can be given to another conversation, now or when their turn is
   * over: so many fewer are kept warm.
   */
  readonly standIns: (model: string) => number;
  readonly capabilities: () => Capabilities;
  /** Whether a turn runs whose process can be given to another conversation when it is over. */
  readonly isBusy: () => boolean;
  /** Called when a process was added, which may now be evicted for a turn that waits. */
  readonly onShelved: () => void;
  readonly log: Logger;
}

/**
 * The pool's state. `serving`: there were requests lately. `resting`: there were none, so one process is kept.
 * `closed`: no more are booted.
 */
export type Life = "serving" | "resting" | "closed";

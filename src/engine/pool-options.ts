import type { Conversation } from "../claude/conversation.ts";
import type { Logger } from "../log.ts";

export interface PoolOptions {
  /**
   * How many processes wait for each recently used model, up to twice as many where that was too few; 0 turns the pool
   * off.
   */
  readonly warm: number;
  /** Starts a process for a conversation to come; undefined when there is no room after all. */
  readonly launch: (model: string) => Promise<Conversation | undefined>;
  /** How many more processes fit within the cap without ending another. */
  readonly room: () => number;
  /** One more process waits, and may be evicted. */
  readonly onShelved: () => void;
  readonly log: Logger;
}

/**
 * `serving`: somebody has asked lately. `resting`: nobody has, so that one process is enough. `closed`: no more boots.
 */
export type Life = { readonly name: "serving"; readonly restTimer: NodeJS.Timeout | undefined } | {
  readonly name: "resting" | "closed"
};

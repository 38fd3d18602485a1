import type { ToldTurn } from "../claude/parameters.ts";
import type { Message } from "../turn/message.ts";

/**
 * Completes messages that a process is about to be told: fetches what they refer to, such as images. It may be called
 * again with more of a turn's messages. Rejects with a BridgeError if something cannot be fetched.
 */
export type Complete = (messages: readonly Message[]) => Promise<readonly Message[]>;

/** A turn, and what its caller gives with it. */
export interface AskedTurn {
  readonly turn: ToldTurn;
  readonly signal: AbortSignal;
  readonly complete: Complete;
  /** Whether the turn was asked before, with a parameter that the API refused. */
  readonly isAgain: boolean;
}

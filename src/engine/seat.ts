import type { Conversation } from "../claude/conversation.ts";
import type { ToldTurn } from "../claude/parameters.ts";
import type { Timeline } from "./history-hash.ts";
import type { OwnedProcess, Warm } from "./owned-process.ts";
import type { Profile } from "./recent-use.ts";
import type { MissReason } from "./whereabouts.ts";

/** How a turn's process came to it. */
export type SeatWay =
  /** The process had just the request's history, and goes on. */
  | "went_on"
  /** The process had the first messages of the request's history, and others behind them, which were rewound. */
  | "rewound"
  /** The process had another conversation, which was rewound to empty. */
  | "recycled"
  /** The process was started before the request came, and has served no turn. */
  | "warm"
  /** The process was started for the turn. */
  | "booted";

/** The process that a turn runs on. */
export interface Seat {
  readonly owned: OwnedProcess;
  readonly conversation: Conversation;
  readonly way: SeatWay;
  /** How many of the turn's messages the process has. */
  readonly kept: number;
  /** How many messages were rewound out of the process for the turn. */
  readonly takenBack: number;
  /** The use that the process had before, if it was warm: it goes back to that if it is told nothing of the turn. */
  readonly warm?: Warm;
}

/** A turn that looks for a process. */
export interface Seeker {
  readonly turn: ToldTurn;
  readonly timeline: Timeline;
  /** The beginning of the turn's conversation. */
  readonly profile: Profile;
  /** Why no process has any of the turn's history; undefined if one had. */
  readonly missed: MissReason | undefined;
}

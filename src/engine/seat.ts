import type { Conversation } from "../claude/conversation.ts";
import type { ToldTurn } from "../claude/parameters.ts";
import type { Timeline } from "./history-hash.ts";
import type { OwnedProcess, Warm } from "./owned-process.ts";
import type { Profile } from "./recent-use.ts";
import type { MissReason } from "./whereabouts.ts";

/** How a turn's process came to it. */
export type SeatWay =
  /** It has just what the request's history has, and goes on. */
  | "went_on"
  /** It has the beginning of the history; what it has besides was taken back. */
  | "rewound"
  /** It had another conversation, all of which was taken back. */
  | "recycled"
  /** It was started ahead, and has served no turn. */
  | "warm"
  /** It was started for the turn. */
  | "booted";

/** The process that a turn runs on. */
export interface Seat {
  readonly owned: OwnedProcess;
  readonly conversation: Conversation;
  readonly way: SeatWay;
  /** How many of the turn's messages the process has. */
  readonly kept: number;
  /** How many messages were taken back from it for the turn. */
  readonly takenBack: number;
  /** What it did before, if it was warm. */
  readonly warm?: Warm;
}

/** A turn that looks for a process. */
export interface Seeker {
  readonly turn: ToldTurn;
  readonly timeline: Timeline;
  /** The beginning of its conversation. */
  readonly profile: Profile;
  /** Why no process has any of its history; undefined if one had. */
  readonly missed: MissReason | undefined;
}

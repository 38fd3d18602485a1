import type { Conversation } from "../claude/conversation.ts";
import type { OwnedProcess } from "./owned-process.ts";

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
}

import type { Conversation } from "../claude/conversation.ts";
import type { OwnedProcess } from "./owned-process.ts";

/** How a turn's process came to it: the first three had been used before. */
export type SeatWay = "went_on" | "rewound" | "recycled" | "warm" | "booted";

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

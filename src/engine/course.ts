import type { Timeline } from "./history-hash.ts";
import type { Seat } from "./seat.ts";
import type { MissReason } from "./whereabouts.ts";
import type { Profile } from "./recent-use.ts";

/** What is known of a turn while it runs. */
export interface Course {
  readonly timeline: Timeline;
  /** The beginning of its conversation. */
  readonly profile: Profile;
  /** Why no process had any of its history; undefined if one had. */
  readonly missed: MissReason | undefined;
  /** The process that it runs on. Until the answer has begun, it may be replaced by another. */
  seat: Seat | undefined;
  /** False if the process was also told something that the client does not know. */
  isExact: boolean;
  /** Whether the process was told anything of the turn. */
  isTold: boolean;
  /** The model has begun to answer. */
  hasBegun: boolean;
  error: unknown;
}

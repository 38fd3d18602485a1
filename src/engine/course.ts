import type { Timeline } from "./history-hash.ts";
import type { Seat } from "./seat.ts";
import type { Profile } from "./shelf.ts";

/** What is known of a turn while it runs. */
export interface Course {
  readonly timeline: Timeline;
  /** The beginning of its conversation. */
  readonly profile: Profile;
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

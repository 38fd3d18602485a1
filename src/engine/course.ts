import type { Timeline } from "./history-hash.ts";
import type { Profile } from "./recent-use.ts";
import type { Seat } from "./seat.ts";
import type { Found } from "./timelines.ts";
import type { MissReason } from "./whereabouts.ts";

/** What is known of a turn while it runs. A turn that is asked again without a refused parameter gets a new course. */
export interface Course {
  readonly timeline: Timeline;
  /** The beginning of the turn's conversation. */
  readonly profile: Profile;
  /** The process that had a part of the turn's history, or why none had. */
  readonly taken: Found | MissReason;
  /** The process that the turn runs on. Until the answer has begun, it may be replaced by another. */
  seat: Seat | undefined;
  /** False if the process was also told something that the client does not know. */
  isExact: boolean;
  /** Whether the process was told anything of the turn. */
  isTold: boolean;
  /** Whether the model has begun to answer. */
  hasBegun: boolean;
  error: unknown;
}

/** The process that had a part of a turn's history, if one had. */
export function foundFor({ taken }: Pick<Course, "taken">): Found | undefined {
  return typeof taken === "string" ? undefined : taken;
}

/** Why no process had any of a turn's history; undefined if one had. */
export function missOf({ taken }: Pick<Course, "taken">): MissReason | undefined {
  return typeof taken === "string" ? taken : undefined;
}

import { type After, afterInNode } from "./late.ts";

/** The clocks and timers by which a turn's process is watched. */
export interface Time {
  /** The Unix time in milliseconds: it goes on while the machine sleeps, and the user may set it. */
  readonly now: () => number;
  /** Milliseconds since some moment, on a clock that nobody sets. */
  readonly monotonic: () => number;
  readonly after: After;
}

export const timeInNode: Time = { now: () => Date.now(), monotonic: () => performance.now(), after: afterInNode };

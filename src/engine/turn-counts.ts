import type { Seat, SeatWay } from "./seat.ts";
import type { MissReason } from "./whereabouts.ts";

/** How many turns had a process that knew their history, or a part of it, and why the others had none. */
export type Reuse = Readonly<Record<"hit" | "rewound" | MissReason, number>>;
/** On how many processes of each kind turns were told their whole history. */
export type ToldOn = Readonly<Record<Exclude<SeatWay, "went_on" | "rewound">, number>>;

/** Counts how turns got their processes. */
export class TurnCounts {
  readonly #reuse: Record<keyof Reuse, number> = {
    hit: 0, rewound: 0, first_message: 0, unknown_history: 0, in_use: 0, idle_time: 0, evicted: 0, renewed: 0,
    process_ended: 0, rewind_refused: 0,
  };
  readonly #toldOn: Record<keyof ToldOn, number> = { recycled: 0, warm: 0, booted: 0 };

  get reuse(): Reuse {
    return { ...this.#reuse };
  }

  get toldOn(): ToldOn {
    return { ...this.#toldOn };
  }

  /** Counts a turn by the first process that it got. `missed`: why no process had any of its history. */
  noteTurn({ way }: Seat, missed: MissReason | undefined): void {
    if (way === "went_on") this.#reuse.hit++;
    else if (way === "rewound") this.#reuse.rewound++;
    // One had a part of it, and could not be moved.
    else this.#reuse[missed ?? "rewind_refused"]++;
  }

  /** Counts a process that a turn got: another one where the first failed it. */
  noteSeat({ way }: Seat): void {
    if (way !== "went_on" && way !== "rewound") this.#toldOn[way]++;
  }
}

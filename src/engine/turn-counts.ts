import type { Seat, SeatWay } from "./seat.ts";
import type { MissReason } from "./whereabouts.ts";

/** How turns got their processes, since the start. */
export interface Turns {
  /** How many went on with a process that had all of their history. */
  readonly wentOn: number;
  /** How many got a process that had a part of it, and was rewound to where they part; and by how many messages. */
  readonly rewound: number;
  readonly messagesTakenBack: number;
  /** How many had to be told to a process from the first message on, by the reason. */
  readonly told: Readonly<Record<MissReason, number>>;
  /**
   * How many turns were told from the first message on to a process of each kind. One that is tried on a second process
   * counts twice.
   */
  readonly toldOn: Readonly<Record<Exclude<SeatWay, "went_on" | "rewound">, number>>;
}

/** Counts how turns get their processes. */
export class TurnCounts {
  #wentOn = 0;
  #rewound = 0;
  #messagesTakenBack = 0;
  readonly #told: Record<MissReason, number> = {
    first_message: 0, unknown_history: 0, in_use: 0, idle_time: 0, evicted: 0, renewed: 0, process_ended: 0,
    rewind_refused: 0,
  };
  readonly #toldOn = { recycled: 0, warm: 0, booted: 0 };

  get turns(): Turns {
    return {
      wentOn: this.#wentOn, rewound: this.#rewound, messagesTakenBack: this.#messagesTakenBack,
      told: { ...this.#told }, toldOn: { ...this.#toldOn },
    };
  }

  /** Counts a turn by the first process that it got. `missed`: why no process had any of its history. */
  noteTurn({ way, takenBack }: Seat, missed: MissReason | undefined): void {
    if (way === "went_on") {
      this.#wentOn++;
    } else if (way === "rewound") {
      this.#rewound++;
      this.#messagesTakenBack += takenBack;
    } else {
      // `missed` is undefined: a process had a part of the history, and could not be rewound.
      this.#told[missed ?? "rewind_refused"]++;
    }
  }

  /** Counts a process that a turn got: also another one where the first failed it. */
  noteSeat({ way }: Seat): void {
    if (way !== "went_on" && way !== "rewound") this.#toldOn[way]++;
  }
}

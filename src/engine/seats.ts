import type { Turn } from "../turn/turn.ts";
import { shortened, type Timeline } from "./history-hash.ts";
import type { KnownCapabilities } from "./known-capabilities.ts";
import type { Moves } from "./moves.ts";
import { isRested } from "./owned-process.ts";
import type { Pace } from "./pace.ts";
import { isPassedBy } from "./passed-by.ts";
import type { Processes } from "./processes.ts";
import type { Seat } from "./seat.ts";
import { TakeBacks } from "./take-backs.ts";
import { bestMatch, type Found } from "./timelines.ts";
import type { WarmProcesses } from "./warm-processes.ts";
import type { MissReason, Whereabouts } from "./whereabouts.ts";
import type { Clock } from "./world.ts";

/** The parts of the engine with which a turn gets the process that has its history, and gives a process back. */
export interface SeatsOptions {
  readonly processes: Processes;
  readonly warm: WarmProcesses;
  readonly moves: Moves;
  readonly whereabouts: Whereabouts;
  readonly capabilities: KnownCapabilities;
  /** How long answers have taken lately. */
  readonly pace: Pace;
  readonly clock: Clock;
}

/**
 * Gives each turn the free process that has most of its history, moves that to where the turn's history stands, and
 * takes it back afterwards. Where no process has any of it, `SeatSearch` finds another.
 */
export class Seats {
  readonly #options: SeatsOptions;
  readonly #takeBacks: TakeBacks;

  constructor(options: SeatsOptions) {
    this.#options = options;
    this.#takeBacks = new TakeBacks(options.clock);
    options.processes.watch({ onFree: () => this.#takeBacks.offer() });
  }

  /** To be called when a turn was left by its client: its process will be taken back. */
  noteLeft({ owned }: Seat): void {
    this.#takeBacks.note(owned);
  }

  /** Waits while a process that has more of a request's history than any free one is being taken back. */
  untilBack(turn: Turn, timeline: Timeline, signal: AbortSignal): Promise<void> {
    const { processes } = this.#options;
    return this.#takeBacks.wait({ timeline, signal, all: () => processes.all, kept: () => this.kept(turn, timeline) });
  }

  /**
   * Takes the free process that has most of a request's history: one whose whole conversation the request goes on with,
   * or one that is to be rewound to where the two part. Returns why there is none, if so.
   */
  take(turn: Turn, timeline: Timeline): Found | MissReason {
    const { processes, whereabouts } = this.#options;
    processes.endOutdated();
    const found = this.#best(turn, timeline);
    for (const owned of processes.usable) {
      if (owned === found?.owned || !isRested(owned.use)) continue;
      if (isPassedBy(owned.use, turn)) processes.end(owned);
    }
    if (found === undefined) return whereabouts.why(timeline);
    processes.run(found.owned, found.use.conversation, timeline);
    whereabouts.enter(found.hash);
    return found;
  }

  /** How many of a request's messages the process that `take` would give keeps; 0 if there is none. */
  kept(turn: Turn, timeline: Timeline): number {
    return this.#best(turn, timeline)?.kept ?? 0;
  }

  /** To be called when the turn that got `found` is over, however it ended: its history is no longer in use. */
  noteOver({ hash }: Found): void {
    this.#options.whereabouts.leave(hash);
  }

  /** Gives back what `take` found, if its turn has told the process nothing. */
  releaseFound({ owned, use }: Found): void {
    this.#options.processes.release(owned, use);
  }

  /**
   * Rewinds a process to the last message that its history and the request's have in common. Resolves with undefined if
   * that failed: then the process was ended.
   */
  async move({ owned, use, kept, isRewound }: Found): Promise<Seat | undefined> {
    const { conversation, timeline } = use;
    if (!isRewound) return { owned, conversation, way: "went_on", kept, takenBack: 0 };
    const left = await this.#options.moves.rewind(owned, conversation, kept);
    if (left === undefined) return undefined;
    return { owned, conversation, way: "rewound", kept: left, takenBack: timeline.hashes.length - left };
  }

  /** Keeps the process of a turn that was answered. `timeline` is what it has been told, the answer included. */
  keepAnswered(seat: Seat, timeline: Timeline): void {
    this.#release(seat, timeline);
  }

  /**
   * Takes back a turn that was not finished, or whose answer the client has not got, and keeps the process. `timeline`
   * is the turn's. Ends a process of which it is not certain what it has been told.
   */
  async takeBack(seat: Seat, timeline: Timeline): Promise<void> {
    this.noteLeft(seat);
    this.#options.processes.spare(seat.owned);
    const settled = await seat.conversation.settle();
    if (settled === undefined) return this.end(seat);
    const keptMax = Math.min(settled.count, timeline.hashes.length - 1);
    if (settled.isUntouched && keptMax === settled.count) return this.#release(seat, shortened(timeline, keptMax));
    const kept = await this.#options.moves.rewind(seat.owned, seat.conversation, keptMax);
    if (kept !== undefined) this.#release(seat, shortened(timeline, kept));
  }

  /** Gives back the process of a turn of which it was told nothing. One that was booted for the turn becomes warm. */
  releaseUntold(seat: Seat, timeline: Timeline): void {
    const { processes, warm } = this.#options;
    if (seat.warm !== undefined) {
      processes.release(seat.owned, seat.warm);
      // There may be one warm process too many now.
      warm.refillSoon();
    } else if (seat.way === "booted") warm.adopt(seat.owned, seat.conversation, { hash: timeline.beginning });
    else this.#release(seat, shortened(timeline, seat.kept));
  }

  /** Ends the process of a turn. */
  end({ owned }: Seat, reason: MissReason = "process_ended"): void {
    this.#options.processes.end(owned, reason);
  }

  /** Whether a process has the program, the configuration and the login that there are now. */
  isCurrent({ owned }: Seat): boolean {
    return owned.birth.generation === this.#options.processes.generation;
  }

  /** To be called when a login was refused: no turn gets a process that has it. */
  supersede(): void {
    this.#options.processes.supersede();
  }

  #release({ owned, conversation }: Seat, timeline: Timeline): void {
    const { pace, clock } = this.#options;
    if (owned.use.name === "running") pace.noteAnswer(timeline.beginning, clock.monotonic() - owned.sinceMs);
    const name = conversation.isParked ? "parked" : "resting";
    this.#options.processes.release(owned, { name, conversation, timeline });
  }

  #best(turn: Turn, timeline: Timeline): Found | undefined {
    const { processes, capabilities } = this.#options;
    return bestMatch(processes.usable, turn, timeline, capabilities.current);
  }
}

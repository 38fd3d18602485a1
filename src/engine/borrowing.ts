import { noCapabilities } from "../claude/capabilities.ts";
import { type ErrorCode, hasCode } from "../errors.ts";
import type { Cli } from "./cli.ts";
import { shortened, type Timeline } from "./history-hash.ts";
import type { KnownCapabilities } from "./known-capabilities.ts";
import type { Moves } from "./moves.ts";
import type { Free, OwnedProcess } from "./owned-process.ts";
import type { Processes } from "./processes.ts";
import type { Seat, Seeker } from "./seat.ts";
import type { SeatSearch } from "./seat-search.ts";
import type { Seats } from "./seats.ts";
import { bestMatch, givenUp } from "./timelines.ts";
import type { WarmProcesses } from "./warm-processes.ts";
import type { Whereabouts } from "./whereabouts.ts";

export interface BorrowingOptions {
  readonly cli: Cli;
  readonly processes: Processes;
  readonly seats: Seats;
  readonly search: SeatSearch;
  readonly moves: Moves;
  readonly warm: WarmProcesses;
  readonly whereabouts: Whereabouts;
  readonly capabilities: KnownCapabilities;
  /** Whether a process is kept between two turns now. */
  readonly keepsIdle: () => boolean;
}

/** A process that is told a turn which is not asked. */
export interface Borrowed {
  readonly seat: Seat;
  /** The use that the process goes back to: its conversation, or the beginning that it has rehearsed. */
  readonly use: Free | undefined;
}

/** What has become of a turn whose process is given back. `untold`: the process was told nothing of it. */
export type Lending =
  | { readonly name: "untold" | "counted" }
  | { readonly name: "failed"; readonly error: unknown };

/** Failures after which a process has no further use. */
const processFailures: ReadonlySet<ErrorCode> = new Set(["cli_failed", "cli_unavailable", "turn_timeout"]);

/**
 * Finds processes for turns that are told and taken back, not asked. At most a short conversation is given up for one:
 * none that waits for the results of its calls, or would have to be rewound. A beginning that comes so does not count
 * as one that is likely to come again.
 */
export class Borrowing {
  readonly #options: BorrowingOptions;

  constructor(options: BorrowingOptions) {
    this.#options = options;
  }

  /**
   * Takes the process that has the turn's history; else one with its beginning that is empty, warm, or has a short
   * conversation, in this order; else a new one. Rejects with a BridgeError if none can be started.
   */
  async find(seeker: Seeker, signal: AbortSignal): Promise<Borrowed> {
    const { cli, processes } = this.#options;
    await cli.ensureUsable();
    processes.endOutdated();
    const isEmpty = ({ use }: OwnedProcess): boolean => use.name === "resting" && use.timeline.hashes.length === 0;
    return this.#thatGoesOn(seeker)
      ?? await this.#emptied(seeker, processes.usable.filter(isEmpty))
      ?? this.#warm(seeker)
      ?? await this.#emptied(seeker, processes.usable)
      ?? await this.boot(seeker, signal);
  }

  /** Boots a process. Rejects with a BridgeError if it cannot be started. */
  async boot(seeker: Seeker, signal: AbortSignal): Promise<Borrowed> {
    return { seat: await this.#options.search.boot(seeker, signal), use: undefined };
  }

  /**
   * Takes the turn back. A process that had a part of it, or waited for its beginning, then stands where it stood. Any
   * other keeps what comes before the question, with which the turn itself is likely to come. Where the CLI cannot
   * take the turn back, or the process failed, it is ended.
   */
  async giveBack(borrowed: Borrowed, timeline: Timeline, lending: Lending): Promise<void> {
    const { seat, use } = borrowed;
    const { owned, conversation } = seat;
    const { seats, moves, capabilities, whereabouts, processes, keepsIdle } = this.#options;
    if (seat.way === "went_on") whereabouts.leave(hashAt(timeline, seat.kept));
    if (lending.name === "untold") return this.#handBack(borrowed, timeline);
    processes.spare(owned);
    const isFailure = lending.name === "failed" && hasCode(lending.error, processFailures);
    const settled = isFailure ? undefined : await conversation.settle();
    if (settled === undefined || owned.isEnding) return seats.end(seat);
    if (settled.isUntouched) return this.#handBack(borrowed, timeline);
    const keptWithin = (keptMax: number): number | undefined => conversation.keptWithin(keptMax, capabilities.current);
    const goesBack = lending.name === "failed" || (use !== undefined && keptWithin(seat.kept) === seat.kept);
    const keptMax = goesBack ? seat.kept : timeline.hashes.length - 1;
    if (keptWithin(keptMax) === undefined) return seats.end(seat);
    const kept = await moves.rewind(owned, conversation, keptMax);
    if (kept === undefined) return;
    if (use !== undefined && kept === seat.kept) processes.release(owned, use);
    else if (!keepsIdle()) seats.end(seat, "idle_time");
    else processes.release(owned, { name: "resting", conversation, timeline: shortened(timeline, kept) });
  }

  /** Gives back a process that was told nothing. */
  #handBack({ seat, use }: Borrowed, timeline: Timeline): void {
    const { processes, seats } = this.#options;
    if (use === undefined) seats.releaseUntold(seat, timeline);
    else processes.release(seat.owned, use);
  }

  /** A process whose conversation the turn goes on with, and that can be rewound to there. */
  #thatGoesOn({ turn, timeline }: Seeker): Borrowed | undefined {
    const { processes, whereabouts, capabilities } = this.#options;
    if (!capabilities.current.rewindSteps) return undefined;
    const resting = processes.usable.filter(({ use }) => use.name === "resting");
    // As if the CLI could rewind nothing: then none is found that would have to be.
    const found = bestMatch(resting, turn, timeline, noCapabilities);
    if (found === undefined) return undefined;
    const { owned, use, use: { conversation }, kept } = found;
    processes.run(owned, conversation, timeline);
    whereabouts.enter(hashAt(timeline, kept));
    return { seat: { owned, conversation, way: "went_on", kept, takenBack: 0 }, use };
  }

  #warm({ timeline, profile }: Seeker): Borrowed | undefined {
    const { processes, warm } = this.#options;
    const waiting = warm.suitable(profile);
    if (waiting === undefined) return undefined;
    const { owned, use, use: { conversation, rehearsed } } = waiting;
    processes.run(owned, conversation, timeline);
    // One that was told nothing is not warm for any other beginning afterwards.
    if (rehearsed === undefined) warm.noteTaken(owned);
    const seat: Seat = { owned, conversation, way: "warm", kept: 0, takenBack: 0, warm: use };
    return { seat, use: rehearsed === undefined ? undefined : use };
  }

  /** Gives up the shortest conversation of the beginning, if that is short enough. */
  async #emptied({ timeline, profile }: Seeker, among: readonly OwnedProcess[]): Promise<Borrowed | undefined> {
    const { processes, moves, capabilities } = this.#options;
    const given = givenUp(among, profile, capabilities.current, false);
    if (given === undefined) return undefined;
    const { owned, use: { conversation, timeline: { hashes } } } = given;
    processes.giveUp(owned);
    processes.run(owned, conversation, timeline);
    if (await moves.rewind(owned, conversation, 0) !== 0) return undefined;
    return { seat: { owned, conversation, way: "recycled", kept: 0, takenBack: hashes.length }, use: undefined };
  }
}

function hashAt({ root, hashes }: Timeline, kept: number): Timeline["root"] {
  return hashes[kept - 1] ?? root;
}

import { clientClosed } from "../errors.ts";
import type { Turn } from "../turn/turn.ts";
import { FreeWaits } from "./free-waits.ts";
import { shortened, type Timeline } from "./history-hash.ts";
import { isRested } from "./owned-process.ts";
import type { Profile } from "./recent-use.ts";
import { cheapKeptUnemptied, surplusOf } from "./resting.ts";
import type { Seat, Seeker } from "./seat.ts";
import { isPassedBy } from "./passed-by.ts";
import type { SeatsOptions } from "./seats-options.ts";
import { type Fresh, SpareBoot } from "./spare-boot.ts";
import { bestMatch, comingFree, type Found, givenUp } from "./timelines.ts";
import type { MissReason } from "./whereabouts.ts";

/** Finds a process for each turn, moves it to where the turn's history stands, and takes it back afterwards. */
export class Seats {
  readonly #options: SeatsOptions;
  /** Turns that wait for a process to come free. */
  readonly #waits: FreeWaits<Seat>;

  constructor(options: SeatsOptions) {
    this.#options = options;
    this.#waits = new FreeWaits(options.clock);
    options.processes.watch({ onFree: () => this.#waits.offer() });
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
  leave({ hash }: Found): void {
    this.#options.whereabouts.leave(hash);
  }

  /** Gives back what `take` found, if its turn has told the process nothing. */
  putBack({ owned, use }: Found): void {
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

  /**
   * Finds a process that has nothing of the turn's history: one whose conversation is given up, a warm one, or a new
   * one. While the new one boots, the turn still takes another that comes free. Rejects with a BridgeError if none can
   * be started.
   */
  async find(seeker: Seeker, signal: AbortSignal): Promise<Seat> {
    const { cli, warm, recent, clock, pace } = this.#options;
    const { turn, timeline, profile } = seeker;
    await cli.ensureUsable();
    recent.noteBeginning(profile);
    warm.note(turn.model, profile);
    const startMs = clock.monotonic();
    const limits = pace.limits(profile.hash);
    let bootsAtMs = startMs + limits.each;
    let boot: SpareBoot | undefined;
    const look = (): Seat | undefined => this.#pick(seeker);
    try {
      for (;;) {
        // The client may have left meanwhile: then no process is taken.
        if (signal.aborted) throw clientClosed();
        let seat = look();
        if (seat === undefined) {
          if (boot?.isOver === true) return this.#seated(boot.take(), timeline);
          const isWaiting = this.#mayComeFree(profile);
          const leftMs = bootsAtMs - clock.monotonic();
          if (boot === undefined && (!isWaiting || leftMs <= 0)) {
            warm.noteMiss(turn.model);
            this.#endSurplus(profile);
            if (!isWaiting) return await this.boot(seeker, signal);
            boot = this.#startBoot(seeker);
          }
          seat = await this.#waits.wait({ look, signal, end: boot?.over ?? leftMs });
        }
        const ready = seat?.way === "recycled" ? await this.#emptied(seat) : seat;
        if (ready !== undefined) return ready;
        // A process came free, and another turn got it: the next one may be for this turn.
        const nowMs = clock.monotonic();
        if (nowMs < bootsAtMs) bootsAtMs = Math.min(startMs + limits.all, nowMs + limits.each);
      }
    } finally {
      boot?.giveUp();
    }
  }

  /** Boots a process for a turn. Rejects with a BridgeError if it cannot be started. */
  async boot({ turn, timeline }: Seeker, signal: AbortSignal): Promise<Seat> {
    return this.#seated(await this.#start(turn.model, signal), timeline);
  }

  /** Keeps the process of a turn that was answered. `timeline` is what it has been told, the answer included. */
  keep(seat: Seat, timeline: Timeline): void {
    this.#release(seat, timeline);
  }

  /**
   * Takes back a turn that was not finished, or whose answer the client has not got, and keeps the process. `timeline`
   * is the turn's. Ends a process of which it is not certain what it has been told.
   */
  async takeBack(seat: Seat, timeline: Timeline): Promise<void> {
    this.#options.processes.spare(seat.owned);
    const settled = await seat.conversation.settle();
    if (settled === undefined) return this.end(seat);
    const keptMax = Math.min(settled.count, timeline.hashes.length - 1);
    if (settled.isUntouched && keptMax === settled.count) return this.#release(seat, shortened(timeline, keptMax));
    const kept = await this.#options.moves.rewind(seat.owned, seat.conversation, keptMax);
    if (kept !== undefined) this.#release(seat, shortened(timeline, kept));
  }

  /** Gives back the process of a turn of which it was told nothing. One that was booted for the turn becomes warm. */
  handBack(seat: Seat, timeline: Timeline): void {
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
  isCurrent({ owned }: Seat): boolean { return owned.birth.generation === this.#options.processes.generation; }

  /** To be called when a login was refused: no turn gets a process that has it. */
  renew(): void { this.#options.processes.supersede(); }

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

  /**
   * Takes a process that can be given to the turn now, if there is one. If it is `recycled`, the caller has to rewind
   * it to empty.
   */
  #pick(seeker: Seeker): Seat | undefined {
    const { warm, processes } = this.#options;
    const { timeline, profile } = seeker;
    const over = this.#givenUp(seeker, false);
    if (over !== undefined) return over;
    const waiting = warm.suitable(profile);
    if (waiting !== undefined) {
      const { owned, use, use: { conversation } } = waiting;
      processes.run(owned, conversation, timeline);
      warm.noteTaken(owned);
      return { owned, conversation, way: "warm", kept: 0, takenBack: 0, warm: use };
    }
    // Two conversations whose turns alternate would each be told anew each time, if each took the other's process.
    const wouldTakeTurns = seeker.missed === "evicted" && processes.room > 0;
    return wouldTakeTurns ? undefined : this.#givenUp(seeker, true);
  }

  #givenUp({ timeline: asked, profile }: Seeker, isUrgent: boolean): Seat | undefined {
    const { processes, capabilities } = this.#options;
    const given = givenUp(processes.usable, profile, capabilities.current, isUrgent);
    if (given === undefined) return undefined;
    const { owned, use: { conversation, timeline } } = given;
    processes.giveUp(owned);
    processes.run(owned, conversation, asked);
    return { owned, conversation, way: "recycled", kept: 0, takenBack: timeline.hashes.length };
  }

  /**
   * Single questions with this beginning keep coming: where the CLI cannot rewind to empty, ends the processes of past
   * ones, which no other conversation can have.
   */
  #endSurplus({ hash }: Profile): void {
    const { processes, capabilities } = this.#options;
    if (capabilities.current.rewindToEmpty) return;
    for (const spare of surplusOf(processes.usable, hash, cheapKeptUnemptied)) processes.end(spare);
  }

  async #emptied(seat: Seat): Promise<Seat | undefined> {
    const kept = await this.#options.moves.rewind(seat.owned, seat.conversation, 0);
    return kept === 0 ? seat : undefined;
  }

  /** Whether a running process could soon be given to another conversation with this beginning. */
  #mayComeFree(profile: Profile): boolean {
    const { processes, capabilities } = this.#options;
    return comingFree(processes.all, profile, capabilities.current).length > 0;
  }

  async #start(model: string, signal: AbortSignal): Promise<Fresh> {
    const { processes, converse } = this.#options;
    const owned = await processes.lease("turn", model, signal);
    return { owned, conversation: converse(owned) };
  }

  #seated({ owned, conversation }: Fresh, timeline: Timeline): Seat {
    this.#options.processes.run(owned, conversation, timeline);
    return { owned, conversation, way: "booted", kept: 0, takenBack: 0 };
  }

  #startBoot({ turn, profile }: Seeker): SpareBoot {
    const { processes, warm } = this.#options;
    return new SpareBoot({
      start: (signal) => this.#start(turn.model, signal),
      prepare: (conversation) => conversation.prepare(turn),
      spare: (owned) => processes.spare(owned),
      adopt: ({ owned, conversation }) => warm.adopt(owned, conversation, profile),
      end: (owned) => processes.end(owned),
    });
  }
}

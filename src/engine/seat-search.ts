import type { Conversation } from "../claude/conversation.ts";
import { clientClosed } from "../errors.ts";
import type { Boots } from "./boots.ts";
import type { Cli } from "./cli.ts";
import { FreeWaits } from "./free-waits.ts";
import type { Timeline } from "./history-hash.ts";
import type { KnownCapabilities } from "./known-capabilities.ts";
import type { Moves } from "./moves.ts";
import type { OwnedProcess } from "./owned-process.ts";
import type { Pace } from "./pace.ts";
import type { Processes } from "./processes.ts";
import type { Profile, RecentUse } from "./recent-use.ts";
import { cheapKeptUnemptied, surplusOf } from "./resting.ts";
import type { Seat, Seeker } from "./seat.ts";
import { type Fresh, SpareBoot } from "./spare-boot.ts";
import { comingFree, givenUp } from "./timelines.ts";
import type { WarmProcesses } from "./warm-processes.ts";
import type { Clock } from "./world.ts";

/** The parts of the engine with which a process is found for a turn whose history no process has. */
export interface SeatSearchOptions {
  readonly cli: Cli;
  readonly processes: Processes;
  readonly warm: WarmProcesses;
  readonly moves: Moves;
  readonly recent: RecentUse;
  /** Is told of a process that boots beside the turn and does not come up: the turn may have got another. */
  readonly boots: Boots;
  readonly capabilities: KnownCapabilities;
  /** Makes a conversation on a process that has just been started. */
  readonly converse: (owned: OwnedProcess) => Conversation;
  /** How long boots and answers have taken lately. */
  readonly pace: Pace;
  readonly clock: Clock;
}

/** Finds a process for a turn whose history no process has: a used one, a warm one, or a new one. */
export class SeatSearch {
  readonly #options: SeatSearchOptions;
  /** Turns that wait for a process to come free. */
  readonly #waits: FreeWaits<Seat>;

  constructor(options: SeatSearchOptions) {
    this.#options = options;
    this.#waits = new FreeWaits(options.clock);
    options.processes.watch({ onFree: () => this.#waits.offer() });
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

  /**
   * Takes a process that can be given to the turn now, if there is one. If it is `recycled`, the caller has to rewind
   * it to empty.
   */
  #pick(seeker: Seeker): Seat | undefined {
    const { warm, processes } = this.#options;
    const { timeline, profile } = seeker;
    // Conversations whose turns alternate would each be told anew each time, if each took the other's process.
    const mayTakeTurns = seeker.missed === "evicted";
    const over = mayTakeTurns ? undefined : this.#givenUp(seeker, false);
    if (over !== undefined) return over;
    const waiting = warm.suitable(profile);
    if (waiting !== undefined) {
      const { owned, use, use: { conversation } } = waiting;
      processes.run(owned, conversation, timeline);
      warm.noteTaken(owned);
      return { owned, conversation, way: "warm", kept: 0, takenBack: 0, warm: use };
    }
    return mayTakeTurns && processes.room > 0 ? undefined : this.#givenUp(seeker, true);
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
    const { processes, warm, boots } = this.#options;
    return new SpareBoot({
      start: (signal) => this.#start(turn.model, signal),
      prepare: (conversation) => conversation.prepare(turn).catch((error: unknown) => {
        boots.note(error);
        throw error;
      }),
      spare: (owned) => processes.spare(owned),
      adopt: ({ owned, conversation }) => warm.adopt(owned, conversation, profile),
      end: (owned) => processes.end(owned),
    });
  }
}

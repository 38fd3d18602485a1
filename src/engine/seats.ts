import type { Conversation } from "../claude/conversation.ts";
import { RewindRefused } from "../claude/history.ts";
import type { ClaudeProcess } from "../claude/process.ts";
import { asBridgeError, clientClosed } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { Turn } from "../turn/turn.ts";
import type { Cli } from "./cli.ts";
import type { HistoryHash, Timeline } from "./history-hash.ts";
import type { Pool } from "./pool.ts";
import type { KnownCapabilities } from "./known-capabilities.ts";
import type { Seat } from "./seat.ts";
import type { Profile } from "./shelf.ts";
import { SpareBoot } from "./spare-boot.ts";
import type { Found, Timelines } from "./timelines.ts";
import { WakeUps } from "./wake-ups.ts";
import type { Clock } from "./world.ts";

/**
 * How long a turn waits for a running process with the same beginning before another is booted for it, in milliseconds.
 * Turns that are answered at once end sooner than a process boots; a slow one is not waited for.
 */
export const freeWaitMsMax = 150;
/** How long it waits in all, as long as others come free meanwhile, in milliseconds. */
export const freeWaitsMsMax = 1_000;
/** After how many turns a process is replaced, in turns: its memory grows with each. */
export const turnsMax = 300;

export interface SeatsOptions {
  readonly cli: Cli;
  readonly pool: Pool;
  readonly timelines: Timelines;
  readonly capabilities: KnownCapabilities;
  /** Makes a conversation on a process that has just been started. */
  readonly converse: (process: ClaudeProcess) => Conversation;
  readonly clock: Clock;
  /** Called when a process was kept, which may now be evicted for a turn that waits. */
  readonly onKept: () => void;
  readonly log: Logger;
}

/** Finds a process for each turn, moves it to where the turn's history stands, and takes it back afterwards. */
export class Seats {
  readonly #options: SeatsOptions;
  /** Turns that wait for a process to come free. */
  readonly #freed: WakeUps;
  /** The seats that are taken, those whose process is being rewound included. */
  readonly #taken = new Set<Seat>();
  readonly #turns = new WeakMap<Conversation, number>();
  /** Those whose processes were started from the program, the configuration and the login that there are now. */
  #current = new WeakSet<Conversation>();

  constructor(options: SeatsOptions) {
    this.#options = options;
    this.#freed = new WakeUps(options.clock);
  }

  /** Makes a conversation on a process that has just been started. */
  converse(process: ClaudeProcess): Conversation {
    const conversation = this.#options.converse(process);
    this.#current.add(conversation);
    return conversation;
  }

  /**
   * To be called when the CLI's program, configuration or login has changed: ends all processes that wait for nothing.
   * The others end when their turn is over.
   */
  renew(): void {
    this.#current = new WeakSet();
    this.#options.pool.clear();
    this.#options.timelines.endIdle();
  }

  /** Whether a process was started since the last `renew`. */
  isCurrent(conversation: Conversation): boolean {
    return this.#current.has(conversation);
  }

  /** Keeps a process that was found, and was told nothing. */
  putBack({ resting }: Found): void {
    this.#options.timelines.keep(resting);
    this.#freed.wake();
    this.#options.onKept();
  }

  /** Moves a process to where the request's history parts from its own. Undefined if that failed: then it is ended. */
  async move({ resting, kept, isRewound }: Found): Promise<Seat | undefined> {
    const { conversation, day, timeline: { beginning } } = resting;
    if (!isRewound) return this.#sit({ conversation, way: "went_on", kept, beginning, day });
    return await this.#rewound({ conversation, way: "rewound", kept, beginning, day });
  }

  /**
   * Finds a process that has nothing of the turn's history: one whose conversation is given up, a warm one, or a new
   * one. While the new one boots, the turn still takes another that comes free. Rejects with a BridgeError if none can
   * be started.
   */
  async find(turn: Turn, timeline: Timeline, profile: Profile, signal: AbortSignal): Promise<Seat> {
    const { cli, pool, clock } = this.#options;
    await cli.ensureUsable();
    pool.note(turn.model, profile);
    const startMs = clock.monotonic();
    let bootsAtMs = startMs + freeWaitMsMax;
    let boot: SpareBoot | undefined;
    try {
      for (;;) {
        // The client may have left meanwhile: then no process is taken.
        if (signal.aborted) throw clientClosed();
        const seat = await this.#free(turn, timeline, profile);
        if (seat !== undefined) return seat;
        if (boot?.isOver === true) return this.#booted(boot.take(), timeline.beginning);
        const isWaiting = this.#mayComeFree(timeline.beginning);
        const leftMs = bootsAtMs - clock.monotonic();
        if (boot === undefined && (!isWaiting || leftMs <= 0)) {
          pool.noteMiss(turn.model);
          if (!isWaiting) return await this.boot(turn, timeline.beginning, signal);
          boot = this.#startBoot(turn, profile, signal);
        }
        await this.#freed.wait(signal, boot?.over ?? leftMs);
        // One has come free, and another turn had it.
        const nowMs = clock.monotonic();
        if (nowMs < bootsAtMs) bootsAtMs = Math.min(startMs + freeWaitsMsMax, nowMs + freeWaitMsMax);
      }
    } finally {
      boot?.giveUp();
    }
  }

  /** A process that can be given to the turn now, if there is one. */
  async #free(turn: Turn, timeline: Timeline, profile: Profile): Promise<Seat | undefined> {
    const { pool, timelines } = this.#options;
    const { beginning } = timeline;
    for (;;) {
      const over = timelines.takeOver(timeline, false);
      const warm = over === undefined ? pool.take(turn.model, profile) : undefined;
      const fresh = { kept: 0, beginning, day: this.#today };
      if (warm !== undefined) return this.#sit({ conversation: warm, way: "warm", ...fresh });
      const given = over ?? timelines.takeOver(timeline, true);
      if (given === undefined) return undefined;
      const seat = await this.#rewound({ conversation: given, way: "recycled", ...fresh });
      if (seat !== undefined) return seat;
    }
  }

  /** Boots a process for a turn. Rejects with a BridgeError if it cannot be started. */
  async boot({ model }: Turn, beginning: HistoryHash, signal: AbortSignal): Promise<Seat> {
    return this.#booted(this.converse(await this.#options.cli.launch(model, signal)), beginning);
  }

  /** How many processes of a model run a turn and can be given to another conversation when it is over. */
  running(model: string): number {
    if (!this.#options.capabilities.current.rewindToEmpty) return 0;
    return [...this.#taken].filter(({ conversation }) => conversation.process.model === model).length;
  }

  /** Keeps the process of a turn that is over. `timeline` is what it has been told, the answer included. */
  keep(seat: Seat, timeline: Timeline): void {
    const { conversation, day } = seat;
    const turns = (this.#turns.get(conversation) ?? 0) + 1;
    this.#turns.set(conversation, turns);
    // A parked one is in the middle of a turn.
    const isWorn = turns >= turnsMax || !this.#current.has(conversation);
    if (isWorn && !conversation.isParked) return this.end(seat);
    this.#options.timelines.keep({ conversation, timeline, day });
    this.#rise(seat);
    this.#options.onKept();
  }

  /**
   * Takes back a turn that was not finished, or whose answer the client has not got, and keeps the process. `timeline`
   * is the turn's. Ends a process of which it is not certain what it has been told.
   */
  async takeBack(seat: Seat, { beginning, hashes }: Timeline): Promise<void> {
    const { settled } = seat.conversation;
    if (settled === undefined) return this.end(seat);
    const kept = await this.#tryRewind(seat.conversation, Math.min(settled, hashes.length - 1));
    if (kept === undefined) this.#rise(seat);
    else this.keep(seat, { beginning, hashes: hashes.slice(0, kept) });
  }

  end(seat: Seat): void {
    void seat.conversation.process.end();
    this.#rise(seat);
  }

  get #today(): string { return this.#options.clock.today(); }

  #sit(seat: Seat): Seat {
    this.#taken.add(seat);
    return seat;
  }

  #rise(seat: Seat): void {
    this.#taken.delete(seat);
    this.#freed.wake();
  }

  /** Whether a running process could soon be given to a conversation with this beginning. */
  #mayComeFree(beginning: HistoryHash): boolean {
    const { rewindToEmpty } = this.#options.capabilities.current;
    return rewindToEmpty && [...this.#taken].some((seat) => seat.beginning === beginning);
  }

  #booted(conversation: Conversation, beginning: HistoryHash): Seat {
    return this.#sit({ conversation, way: "booted", kept: 0, beginning, day: this.#today });
  }

  #startBoot(turn: Turn, profile: Profile, signal: AbortSignal): SpareBoot {
    const { cli, pool, clock } = this.#options;
    return new SpareBoot({
      clock,
      launch: async () => this.converse(await cli.launch(turn.model, signal)),
      prepare: (conversation) => conversation.prepare(turn),
      adopt: (conversation) => {
        if (this.#current.has(conversation)) pool.adopt(turn.model, profile, conversation);
        else void conversation.process.end();
      },
    });
  }

  async #rewound(seat: Seat): Promise<Seat | undefined> {
    this.#sit(seat);
    const kept = await this.#tryRewind(seat.conversation, seat.kept);
    if (kept === seat.kept) return seat;
    this.#rise(seat);
    return kept === undefined ? undefined : this.#sit({ ...seat, kept });
  }

  /** Rewinds a process. If that fails, ends it: what its history is is not certain. */
  async #tryRewind(conversation: Conversation, keptMax: number): Promise<number | undefined> {
    const { capabilities, log } = this.#options;
    try {
      return await conversation.rewind(keptMax, capabilities.current);
    } catch (error) {
      void conversation.process.end();
      const lacks = error instanceof RewindRefused ? error.lacks : undefined;
      if (lacks !== undefined && this.#current.has(conversation)) capabilities.lacks(lacks);
      log.info("a process was not rewound", { error: asBridgeError(error).code, lacks });
      return undefined;
    }
  }
}

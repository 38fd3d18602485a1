import type { Conversation } from "../claude/conversation.ts";
import type { ClaudeProcess } from "../claude/process.ts";
import type { Spent } from "../claude/spent.ts";
import { clientClosed, serverBusy, shuttingDown } from "../errors.ts";
import type { Logger } from "../log.ts";
import { evictionOrder } from "./eviction.ts";
import type { Timeline } from "./history-hash.ts";
import type { Launcher } from "./launcher.ts";
import {
  bootsForTurn, countByUse, type Free, historiesOf, isFree, isRested, OwnedProcess, type ProcessCounts, type Purpose,
  type Use, type Watcher,
} from "./owned-process.ts";
import { Places } from "./places.ts";
import { Renewals } from "./renewals.ts";
import { limitRest, type RestLimits } from "./resting.ts";
import type { MissReason, Whereabouts } from "./whereabouts.ts";
import type { World } from "./world.ts";

export interface ProcessesOptions extends RestLimits {
  /**
   * How many processes may live at once, including those that are shutting down. The `--version` process is not
   * counted: there is only one at a time, and `versionWaitMs` limits its life.
   */
  readonly max: number;
  /** How many processes are kept between two turns, parked ones not counted; beyond that, one of them is evicted. */
  readonly restingMax: number;
  readonly launcher: Pick<Launcher, "prepare" | "start">;
  readonly whereabouts: Whereabouts;
  readonly world: Pick<World, "clock" | "memoryOf">;
  readonly log: Logger;
}

/** The one owner of every process of the CLI: it starts them under one cap, knows what each does, and ends them. */
export class Processes {
  readonly #options: ProcessesOptions;
  readonly #places: Places;
  /** All processes that live, ordered by when each was last leased or released. */
  readonly #owned = new Set<OwnedProcess>();
  /**
   * Processes whose pipes are open, alive or not: as `ClaudeProcess`, which can be ended. All else has them as
   * `LiveProcess`, which cannot.
   */
  readonly #open = new Map<OwnedProcess, ClaudeProcess>();
  readonly #watchers: Watcher[] = [];
  readonly #renewals: Renewals;
  /** `draining`: those that come free are ended. `closed`: none is started any more. */
  #life: "open" | "draining" | "closed" = "open";

  constructor(options: ProcessesOptions) {
    this.#options = options;
    this.#places = new Places(options.max, options.world.clock);
    this.#renewals = new Renewals(options.world);
  }

  watch(watcher: Watcher): void { this.#watchers.push(watcher); }

  /** All processes that live, whatever they do, ordered by when each was last leased or released. */
  get all(): readonly OwnedProcess[] { return [...this.#owned]; }

  /** How many processes live or are being started. */
  get size(): number { return this.#places.taken; }

  /** How many processes may be started now without taking a place that a turn waits for. */
  get room(): number { return this.#places.free; }

  /** How many turns wait for a place, less the processes that are ending and will vacate one. */
  get shortage(): number { return this.#places.waiting - this.counts.ending; }

  /** How many times program, configuration or login have changed. */
  get generation(): number { return this.#renewals.generation; }

  get counts(): ProcessCounts { return countByUse(this.#owned, this.#places.taken - this.#owned.size); }

  /**
   * Starts a process. For a turn, waits until there is a place, and rejects with a BridgeError if there is none in time
   * or the client leaves. For any other purpose, resolves with undefined if no place is free. Rejects with a
   * BridgeError too if the process cannot be started.
   */
  lease(purpose: "turn", model: string, signal: AbortSignal): Promise<OwnedProcess>;
  lease(purpose: "warm" | "probe", model: string): Promise<OwnedProcess | undefined>;
  async lease(purpose: Purpose, model: string, signal?: AbortSignal): Promise<OwnedProcess | undefined> {
    if (this.#life === "closed") throw shuttingDown();
    if (signal?.aborted === true) throw clientClosed();
    if (signal === undefined && this.#life !== "open") return undefined;
    if (!this.#places.take()) {
      if (signal === undefined) return undefined;
      const place = this.#places.wait(signal);
      this.#makeRoom();
      await place;
    }
    try {
      return await this.#start(purpose, model, signal);
    } catch (error) {
      this.#places.vacate();
      throw error;
    }
  }

  /** Gives a process to the turn that has this timeline. */
  run(owned: OwnedProcess, conversation: Conversation, timeline: Timeline): void {
    owned.wear.turns++;
    this.#use(owned, { name: "running", conversation, timeline });
  }

  /** Says that the turn for which a process boots has got another, or was left. Until it is kept it may be evicted. */
  spare(owned: OwnedProcess): void {
    const { use } = owned;
    if (use.name !== "booting" && !bootsForTurn(owned)) return;
    this.#use(owned, { name: "booting", isSpare: true });
    this.#noteDeparture(use, "process_ended");
    if (use.name === "running") this.#onFree();
    this.#makeRoom();
  }

  /** Keeps a process that no turn has, for later turns, or ends it if it is to be renewed. */
  release(owned: OwnedProcess, use: Free): void {
    if (this.#life !== "open" || !this.#owned.has(owned)) return this.end(owned);
    this.#renewals.noteWear(owned, use);
    const reason = this.#renewals.why(owned, use);
    this.#use(owned, use);
    if (reason !== undefined) {
      this.#options.log.debug("a process is renewed", { reason, turns: owned.wear.turns });
      return this.end(owned, "renewed");
    }
    if (isRested(use)) this.#options.whereabouts.arrive(use.timeline);
    limitRest(owned, use, { all: () => this.all, limits: this.#options, end: () => this.end(owned, "idle_time") });
    // Turns that wait look before a process is evicted for one of them: it may be just the one that suits another turn.
    this.#onFree();
    const resting = this.all.filter(({ use: { name } }) => name === "resting");
    // Never `owned`, the one used last: it may serve the next request.
    if (resting.length > this.#options.restingMax) this.#evictOne(resting.filter((other) => other !== owned));
    this.#makeRoom();
  }

  /**
   * Ends a process, be it ending already. `reason` is why its conversation, if it has one, will have to be told again.
   */
  end(owned: OwnedProcess, reason: MissReason = "evicted", spent?: Spent): void {
    const { use } = owned;
    const process = this.#open.get(owned);
    this.#use(owned, { name: "ending" });
    this.#noteDeparture(use, reason);
    if (spent?.haste === "at once") process?.kill();
    // Whoever probes a process is told why it ends. Nobody waits any more for an answer of any other.
    else if (use.name === "probed") void process?.fail(serverBusy("A turn needs the place."));
    else void process?.end();
    if (use.name === "running") this.#onFree();
    if (spent !== undefined) for (const { onSpent } of this.#watchers) onSpent?.(owned, use, spent.reason);
  }

  /**
   * Notes that a free process's conversation will have to be told again: to be called before a turn of another
   * conversation gets it.
   */
  giveUp({ use }: OwnedProcess): void { this.#noteDeparture(use, "evicted"); }

  /** The processes that a turn may get now, if what they have been told suits it; ordered by when they came free. */
  get usable(): readonly OwnedProcess[] {
    return this.all.filter((owned) => isFree(owned.use) && !owned.isEnding && !this.#renewals.isOutdated(owned));
  }

  /** Program, configuration or login have changed: free processes end now, the others when their turn is over. */
  supersede(): void {
    this.#renewals.supersede();
    for (const owned of this.all) if (isFree(owned.use) && owned.use.name !== "parked") this.end(owned, "renewed");
  }

  /** Ends the free processes that no turn may get: they would count as kept, and as warm. */
  endOutdated(): void {
    for (const owned of this.all) if (isFree(owned.use) && this.#renewals.isOutdated(owned)) this.end(owned, "renewed");
  }

  /** Ends all free processes, and from now on each whose turn is over. */
  drain(): void {
    if (this.#life === "open") this.#life = "draining";
    for (const owned of this.all) if (isFree(owned.use)) this.end(owned);
  }

  /** Ends every process and lets no more start. Resolves when all are gone. */
  async close(): Promise<void> {
    this.#shut();
    await Promise.all([...this.#open.values()].map((process) => process.fail(shuttingDown())));
  }

  /** Kills every process without waiting, and lets no more start. */
  kill(): void {
    this.#shut();
    for (const process of this.#open.values()) process.kill();
  }

  async #start(purpose: Purpose, model: string, signal: AbortSignal | undefined): Promise<OwnedProcess> {
    const { launcher, world: { clock } } = this.#options;
    const birth = this.#renewals.birth();
    const surroundings = await launcher.prepare();
    if (this.#life === "closed") throw shuttingDown();
    if (signal?.aborted === true) throw clientClosed();
    const process = launcher.start(model, surroundings);
    const use: Use = purpose === "probe" ? { name: "probed" } : { name: "booting", isSpare: false };
    const owned = new OwnedProcess(process, birth, clock, use);
    this.#owned.add(owned);
    this.#open.set(owned, process);
    void process.exited.then(() => this.#onExit(owned));
    void process.closed.then(() => this.#open.delete(owned));
    // A turn may have begun to wait when there was no process to evict for it.
    this.#makeRoom();
    return owned;
  }

  #use(owned: OwnedProcess, use: Use): void {
    owned.timer.cancel();
    owned.use = use;
    owned.sinceMs = this.#options.world.clock.monotonic();
    if (this.#owned.delete(owned)) this.#owned.add(owned);
  }

  #onFree(): void { for (const { onFree } of this.#watchers) onFree?.(); }

  #onExit(owned: OwnedProcess): void {
    const { use } = owned;
    owned.timer.cancel();
    this.#owned.delete(owned);
    this.#noteDeparture(use, "process_ended");
    this.#places.vacate();
    for (const { onExit } of this.#watchers) onExit?.(owned, use);
  }

  /** Evicts a process for each turn that waits for a place, less those that are ending already, while any may go. */
  #makeRoom(): void {
    while (this.shortage > 0 && this.#evictOne(this.all));
  }

  /** Ends the process of `among` that comes first in the order of eviction. Returns false if none may be evicted. */
  #evictOne(among: readonly OwnedProcess[]): boolean {
    const [first] = evictionOrder(among, (owned) => this.#renewals.isOutdated(owned));
    if (first !== undefined) this.end(first);
    return first !== undefined;
  }

  /** Notes why a conversation will have to be told again, unless another process has it too. */
  #noteDeparture(use: Use, reason: MissReason): void {
    const others = this.all.flatMap(({ use: other }) => (isRested(other) && other !== use ? [other.timeline] : []));
    for (const history of historiesOf(use)) this.#options.whereabouts.depart(history, reason, others);
  }

  #shut(): void {
    this.#life = "closed";
    this.#places.close(shuttingDown());
  }
}

import { type Birth, type Free, isRested, type OwnedProcess, renewalFacts } from "./owned-process.ts";
import { isTooLargeToWait, noteMemory, type RenewalReason, whyRenewed } from "./renewal.ts";
import { isCheap } from "./resting.ts";
import type { World } from "./world.ts";

/**
 * Says which processes are to be replaced: their program, configuration, login or date is an older one, or they are
 * worn.
 */
export class Renewals {
  readonly #world: Pick<World, "clock" | "memoryOf">;
  #generation = 0;

  constructor(world: Pick<World, "clock" | "memoryOf">) {
    this.#world = world;
  }

  /** How many times program, configuration or login have changed. */
  get generation(): number {
    return this.#generation;
  }

  /** To be called when program, configuration or login have changed. */
  supersede(): void {
    this.#generation++;
  }

  /** The circumstances of a process that is started now. */
  birth(): Birth {
    const { clock } = this.#world;
    return { generation: this.#generation, day: clock.today(), ms: clock.monotonic() };
  }

  /** Notes what use has left behind in a process that comes free. */
  noteWear(owned: OwnedProcess, use: Free): void {
    const { wear, process: { pid } } = owned;
    if (isRested(use)) noteMemory(wear, () => (pid === undefined ? undefined : this.#world.memoryOf(pid)));
    owned.isWorn = this.#why(owned, false) !== undefined;
  }

  /** Why a process that comes free is to be replaced; undefined if it may be kept. */
  why(owned: OwnedProcess, use: Free): RenewalReason | undefined {
    // A parked process is in the middle of a turn, with the thoughts that led to its call. But an agent may stay in one
    // turn for a whole night: once the process has become very large, the next results are told to a new one.
    if (use.name === "parked") return isTooLargeToWait(owned.wear) ? "memory" : undefined;
    return this.#why(owned, isRested(use) && !isCheap(use));
  }

  /** Whether no turn may get a process, whatever it has been told. */
  isOutdated({ birth: { day, generation }, use }: OwnedProcess): boolean {
    return day !== this.#world.clock.today() || (generation !== this.#generation && use.name !== "parked");
  }

  #why(owned: OwnedProcess, isForConversation: boolean): RenewalReason | undefined {
    return whyRenewed(renewalFacts(owned, this.#generation, this.#world.clock), isForConversation);
  }
}

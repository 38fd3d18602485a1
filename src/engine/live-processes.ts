import type { ClaudeProcess } from "../claude/process.ts";
import { shuttingDown } from "../errors.ts";
import { type Release, Slots } from "./slots.ts";
import type { Clock } from "./world.ts";

/** All living processes of the CLI, limited to a number of slots. */
export class LiveProcesses {
  /** Processes whose pipes are open. */
  readonly #open = new Set<ClaudeProcess>();
  /** Processes that have not exited, whether their pipes are open or not. */
  readonly #living = new Set<ClaudeProcess>();
  readonly #slots: Slots;
  #isClosed = false;

  constructor(max: number, clock: Clock) {
    this.#slots = new Slots(max, clock);
  }

  /** If true, no process may be started any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** How many processes live or are being started. */
  get size(): number {
    return this.#slots.taken;
  }

  /** How many processes may be started now without taking a slot that a turn waits for. */
  get room(): number {
    return this.#slots.free;
  }

  /** How many turns wait for a slot, less the processes that are shutting down and will free one. */
  get shortage(): number {
    const ending = [...this.#living].filter(({ state }) => state === "closing").length;
    return this.#slots.waiting - ending;
  }

  /** Takes a free slot; undefined if there is none. */
  takeSlot(): Release | undefined {
    return this.#slots.take();
  }

  /** Waits for a slot. Rejects with a BridgeError if none is released in time, or the client disconnects. */
  waitForSlot(signal: AbortSignal): Promise<Release> {
    return this.#slots.wait(signal);
  }

  /** Adds a process that has been started in a slot. When it exits, its slot is released and `onExit` is called. */
  add(process: ClaudeProcess, release: Release, onExit: () => void): void {
    this.#open.add(process);
    this.#living.add(process);
    void process.exited.then(() => {
      this.#living.delete(process);
      release();
      onExit();
    });
    void process.closed.then(() => this.#open.delete(process));
  }

  /** Ends every process and lets no more start. Resolves when all are gone. */
  async close(): Promise<void> {
    this.#shut();
    await Promise.all([...this.#open].map((process) => process.fail(shuttingDown())));
  }

  /** Kills every process without waiting, and lets no more start. */
  kill(): void {
    this.#shut();
    for (const process of this.#open) process.kill();
  }

  #shut(): void {
    this.#isClosed = true;
    this.#slots.close(shuttingDown());
  }
}

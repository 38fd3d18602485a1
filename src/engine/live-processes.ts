import type { ClaudeProcess } from "../claude/process.ts";
import { shuttingDown } from "../errors.ts";
import { type Release, Slots } from "./slots.ts";

/** Every process of the CLI that lives, under one cap. */
export class LiveProcesses {
  /** Those whose pipes are open. */
  readonly #open = new Set<ClaudeProcess>();
  /** Those that live, whatever became of their pipes. */
  readonly #living = new Set<ClaudeProcess>();
  readonly #slots: Slots;
  #isClosed = false;

  constructor(max: number) {
    this.#slots = new Slots(max);
  }

  /** No process may be started any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** How many live or are about to. */
  get size(): number {
    return this.#slots.taken;
  }

  /** How many may be started that no turn waits for. */
  get room(): number {
    return this.#slots.free;
  }

  /** How many turns wait for a process to be gone beyond those that are being ended. */
  get shortage(): number {
    const ending = [...this.#living].filter(({ state }) => state === "closing").length;
    return this.#slots.waiting - ending;
  }

  /** A place that is free; undefined when there is none. */
  takeSlot(): Release | undefined {
    return this.#slots.take();
  }

  /** The next place that is given back. Rejects with a BridgeError when there is none in time, or the client leaves. */
  waitForSlot(signal: AbortSignal): Promise<Release> {
    return this.#slots.wait(signal);
  }

  /** A process has started in a place, which it gives back when it is gone; then `onExit` is called. */
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

  /** Ends every process, and admits no more. Resolves when all are gone. */
  async close(): Promise<void> {
    this.#shut();
    await Promise.all([...this.#open].map((process) => process.fail(shuttingDown())));
  }

  /** Ends every process without waiting, and admits no more. */
  kill(): void {
    this.#shut();
    for (const process of this.#open) process.kill();
  }

  #shut(): void {
    this.#isClosed = true;
    this.#slots.close(shuttingDown());
  }
}

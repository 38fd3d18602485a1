import { bootWaitMs } from "../claude/probe.ts";
import type { LiveProcess } from "../claude/process.ts";
import { BootTimeout } from "../claude/watch.ts";
import { type Clock, Timer } from "./world.ts";

/** How long a process may take to boot after another has not come up, in milliseconds. */
export const bootWaitMsAfterHang = 15_000;
/** How long after a failed boot a process is started to see whether boots succeed again, in milliseconds. */
export const bootTrialMs = 30_000;

/** Why no process comes up. */
interface BootFault {
  readonly words: string;
  /**
   * Whether the process was silent until its time was over, rather than exit. Others may be too, so they get less time.
   */
  readonly isHang: boolean;
}

/** Whether the CLI's processes come up. */
export class Boots {
  readonly #trial: Timer;
  /** The processes that have come up. */
  readonly #up = new WeakSet<LiveProcess>();
  #fault: BootFault | undefined;
  #onTrial = (): Promise<void> => Promise.resolve();
  #isClosed = false;

  constructor(clock: Clock) {
    this.#trial = new Timer(clock);
  }

  /** Why no process comes up, in words for a person; undefined if one has come up since. */
  get fault(): string | undefined {
    return this.#fault?.words;
  }

  /** How long a process that a turn waits for may take to boot, in milliseconds. */
  get waitMsMax(): number {
    return this.#fault?.isHang === true ? bootWaitMsAfterHang : bootWaitMs;
  }

  /**
   * Has `onTrial` called, after a failure, to see whether processes come up again. It starts one, resolves when that
   * has come up or has failed, and never rejects.
   */
  watch(onTrial: () => Promise<void>): void {
    this.#onTrial = onTrial;
  }

  /** To be called when a process has come up. */
  came(process: LiveProcess): void {
    this.#up.add(process);
    this.#fault = undefined;
    this.#trial.cancel();
  }

  /** Notes a failure if it is a `BootTimeout`: a process that did not answer in time. Ignores any other. */
  note(error: unknown): void {
    if (error instanceof BootTimeout) this.#fail(error.message, true);
  }

  /**
   * Notes that a process has exited by itself. This is a fault of the CLI only if neither that process nor one of the
   * `others`, which live, ever came up.
   */
  noteExit(process: LiveProcess, others: readonly LiveProcess[]): void {
    if (this.#up.has(process) || others.some((other) => this.#up.has(other))) return;
    const how = process.ending === undefined ? "could not be started" : `ended as it booted (${process.ending})`;
    this.#fail(`The claude process ${how}. Run \`claude\` in a terminal to see why.`, false);
  }

  close(): void {
    this.#isClosed = true;
    this.#trial.cancel();
  }

  #fail(what: string, isHang: boolean): void {
    if (this.#isClosed) return;
    this.#fault = { words: `${what} It is tried again every ${bootTrialMs / 1000} s, and for each request.`, isHang };
    this.#awaitTrial();
  }

  /**
   * Makes a trial each `bootTrialMs` until a process comes up. One for which there is no place shows nothing, so it too
   * is followed by another.
   */
  #awaitTrial(): void {
    if (this.#isClosed || this.#fault === undefined || this.#trial.isPending) return;
    this.#trial.set(bootTrialMs, () => void this.#onTrial().then(() => this.#awaitTrial()));
  }
}

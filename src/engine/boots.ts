import { bootWaitMs } from "../claude/probe.ts";
import { BootTimeout } from "../claude/watch.ts";
import { type Clock, Timer } from "./world.ts";

/** How long a process may take to boot after another has not come up, in milliseconds. */
export const bootWaitMsAfterHang = 15_000;
/** How long after a boot that hung a process is started to see whether they come up again, in milliseconds. */
export const bootTrialMs = 30_000;

/** Whether the CLI's processes come up. */
export class Boots {
  readonly #trial: Timer;
  #fault: string | undefined;
  #onTrial = (): void => {};

  constructor(clock: Clock) {
    this.#trial = new Timer(clock);
  }

  /** Why no process comes up, in words for a person; undefined if one did since. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** How long a process that a turn waits for may take to boot, in milliseconds. */
  get waitMsMax(): number {
    return this.#fault === undefined ? bootWaitMs : bootWaitMsAfterHang;
  }

  /** `onTrial` is to start a process, and to call `came` or `note`. */
  watch(onTrial: () => void): void {
    this.#onTrial = onTrial;
  }

  /** A process has come up. */
  came(): void {
    this.#fault = undefined;
    this.#trial.cancel();
  }

  /** Notes why something failed, if it was a process that did not come up. */
  note(error: unknown): void {
    if (!(error instanceof BootTimeout)) return;
    this.#fault = `${error.message} It is tried again every ${bootTrialMs / 1000} s, and for each request.`;
    if (!this.#trial.isPending) this.#trial.set(bootTrialMs, () => this.#onTrial());
  }

  close(): void {
    this.#onTrial = () => {};
    this.#trial.cancel();
  }
}

import type { LaunchOptions } from "../claude/child.ts";
import type { Installation, VersionQuestion } from "../claude/installation.ts";
import type { ClaudeProcess } from "../claude/process.ts";

/** Cancels a timer. Does nothing when it was called or cancelled before. */
export type Cancel = () => void;

/** Time as the engine knows it. */
export interface Clock {
  /** The Unix time in milliseconds. The user may set it. */
  readonly now: () => number;
  /** Milliseconds since some moment, on a clock that nobody sets. */
  readonly monotonic: () => number;
  /** The local date: the same text all day, another the next day. */
  readonly today: () => string;
  /** How many milliseconds it is until the local date will have changed. */
  readonly untilTomorrow: () => number;
  /** Calls `call` once, in `ms` milliseconds. The timer does not keep the program running. */
  readonly after: (ms: number, call: () => void) => Cancel;
}

/**
 * What the engine has of the world outside. It is handed in, so that a test can drive the engine by a clock of its own
 * and with processes of its own.
 */
export interface World {
  readonly clock: Clock;
  /** When this program was started: Unix time in milliseconds. */
  readonly startedAtMs: number;
  /** A random text that no other call gives: 36 characters, hexadecimal digits and hyphens. */
  readonly randomId: () => string;
  /** Asks the CLI for its version. Never rejects. */
  readonly findInstallation: (question: VersionQuestion) => Promise<Installation>;
  /** Starts a process. Throws a BridgeError if the machine has no room for another. */
  readonly launch: (options: LaunchOptions) => ClaudeProcess;
  /** How many bytes of JSON a turn's API parameters may have in all, if one of them is a long parameter. */
  readonly longParameterBytesMax: () => number;
  /** How many programs the machine can run at the same moment. */
  readonly cores: number;
  /** A process's resident memory in bytes; undefined where the system does not tell (it does on Linux alone). */
  readonly memoryOf: (pid: number) => number | undefined;
}

/** A timer that can be set anew; at most one is pending. */
export class Timer {
  readonly #clock: Clock;
  #cancel: Cancel | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isPending(): boolean {
    return this.#cancel !== undefined;
  }

  /** Calls `call` in `ms` milliseconds, in place of what was to be called before. */
  set(ms: number, call: () => void): void {
    this.cancel();
    this.#cancel = this.#clock.after(ms, () => {
      this.#cancel = undefined;
      call();
    });
  }

  cancel(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}

import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { BridgeError } from "../errors.ts";
import { type Command, launchArguments } from "./launch.ts";

/** How much of a dying CLI's stderr is kept for the error, in characters. */
export const stderrTailCharsMax = 2_000;
/**
 * After the exit, before pipes that somebody else still holds are closed, in milliseconds. What the CLI wrote is read
 * long before.
 */
export const pipeCloseWaitMs = 500;

export interface LaunchOptions {
  readonly command: Command;
  readonly model: string;
  /** An empty folder. */
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Starts the CLI. Throws `cli_unavailable` when the machine has no room for another process. One that cannot be started
 * for another reason has no pid, and emits 'error'.
 */
export function startChild({ command, model, cwd, environment }: LaunchOptions): ChildProcessWithoutNullStreams {
  let cause: unknown;
  try {
    const child = spawn(command.file, [...command.leadingArguments, ...launchArguments(model)], {
      cwd,
      env: environment,
      stdio: ["pipe", "pipe", "pipe"],
      // A process group of its own: Ctrl-C in the terminal reaches only the server, and signals reach all that the CLI
      // started.
      detached: process.platform !== "win32",
      windowsHide: true,
    });
    // The types promise pipes; with no file descriptor left Node gives a child without them.
    if ((child.stdout as unknown) !== undefined && (child.stdout as unknown) !== null) return child;
    child.on("error", () => {});
  } catch (error) {
    cause = error;
  }
  throw new BridgeError(
    "cli_unavailable", "The claude process could not be started: the machine has no room for another.", { cause },
  );
}

/** Signals the child and all that it started. */
export function signalGroup(child: ChildProcessWithoutNullStreams, signal: "SIGTERM" | "SIGKILL"): void {
  const { pid } = child;
  if (pid === undefined) return;
  try {
    if (process.platform === "win32") child.kill(signal);
    else process.kill(-pid, signal);
  } catch {
    // ESRCH: the whole group is gone already.
  }
}

/** The end of a child. */
export class ChildExit {
  /** Resolves when the child is gone from the system, or never was there. Never rejects. */
  readonly happened: Promise<void>;
  #ending: string | undefined;

  /** `onExit` is called before `happened` resolves. */
  constructor(child: ChildProcessWithoutNullStreams, onExit: () => void) {
    this.happened = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        this.#ending = signal === null ? `exit code ${code}` : `signal ${signal}`;
        onExit();
        resolve();
      });
      child.on("error", () => {
        if (child.pid === undefined) resolve();
      });
    });
  }

  /** `exit code 3`, `signal SIGTERM`; undefined while the child lives, or when it never did. */
  get ending(): string | undefined {
    return this.#ending;
  }
}

/** A child's stdout and stderr: held up, let go, and closed when the child is gone and others still hold them. */
export class OutputPipes {
  readonly #child: ChildProcessWithoutNullStreams;
  #stderrTail = "";
  #closeTimer: NodeJS.Timeout | undefined;

  constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    child.stderr.setEncoding("utf8");
    // What can be read no more are last words; how the child ended is told all the same.
    child.stderr.on("error", () => {});
    child.stderr.on("data", (text: string) => {
      this.#stderrTail = (this.#stderrTail + text).slice(-stderrTailCharsMax);
    });
  }

  /** The last line that the child wrote to stderr; empty where it wrote none. */
  get lastWords(): string {
    return this.#stderrTail.trim().split("\n").at(-1) ?? "";
  }

  /** Stops reading stdout; the pipe fills and the CLI waits. */
  pause(): void {
    this.#child.stdout.pause();
  }

  resume(): void {
    this.#child.stdout.resume();
    if (this.#closeTimer !== undefined) this.closeSoon();
  }

  /**
   * A child that left the process group may hold the pipes for as long as it likes: they are closed once all is read.
   */
  closeSoon(): void {
    const { stdout, stderr } = this.#child;
    clearTimeout(this.#closeTimer);
    this.#closeTimer = setTimeout(() => {
      // After one more round of the event loop, which reads what came while it was held up.
      setImmediate(() => {
        // A slow reader has yet to ask for the rest: it comes by here again when it resumes.
        if (stdout.isPaused()) return;
        stdout.destroy();
        stderr.destroy();
      });
    }, pipeCloseWaitMs);
  }

  /** They are closed. */
  onClosed(): void {
    clearTimeout(this.#closeTimer);
    this.#closeTimer = undefined;
  }
}

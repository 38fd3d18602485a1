import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { BridgeError } from "../errors.ts";
import { type Command, launchArguments } from "./launch.ts";

/** How much of the end of the CLI's stderr is kept for an error, in characters. */
export const stderrTailCharsMax = 2_000;
/**
 * How long after the CLI's exit its pipes are closed if another process still holds them, in milliseconds. What the CLI
 * wrote has been read long before.
 */
export const pipeCloseWaitMs = 500;

export interface LaunchOptions {
  readonly command: Command;
  readonly model: string;
  /** The folder in which the process runs: an empty one. */
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Whether an administrator's policy on this machine lists the MCP servers that the CLI may have. */
  readonly hasServerPolicy?: boolean;
}

/**
 * Starts the CLI. Throws `cli_unavailable` when the machine has no room for another process. A child that cannot be
 * started for another reason has no pid, and emits 'error'.
 */
export function startChild(options: LaunchOptions): ChildProcessWithoutNullStreams {
  const { command, model, cwd, environment, hasServerPolicy = false } = options;
  let cause: unknown;
  try {
    const child = spawn(command.file, [...command.leadingArguments, ...launchArguments(model, { hasServerPolicy })], {
      cwd,
      env: environment,
      stdio: ["pipe", "pipe", "pipe"],
      // A process group of its own: Ctrl-C in the terminal reaches only the server, and signals reach every
      // process that the CLI started.
      detached: process.platform !== "win32",
      windowsHide: true,
    });
    // When no file descriptor is left, Node returns a child without pipes, although the types promise them.
    if ((child.stdout as unknown) !== undefined && (child.stdout as unknown) !== null) return child;
    child.on("error", () => {});
  } catch (error) {
    cause = error;
  }
  throw new BridgeError(
    "cli_unavailable", "The claude process could not be started: the machine has no room for another.", { cause },
  );
}

/** Signals the child and every process in its group; on Windows only the child. */
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

/** Tells when and how a child exited. */
export class ChildExit {
  /** Resolves when the child has exited or could not be started. Never rejects. */
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

  /** `exit code 3`, `signal SIGTERM`; undefined while the child runs, or when it could not be started. */
  get ending(): string | undefined {
    return this.#ending;
  }
}

/** A child's stdout and stderr. They are closed after the child's exit, even if another process still holds them. */
export class OutputPipes {
  readonly #child: ChildProcessWithoutNullStreams;
  #stderrTail = "";
  #closeTimer: NodeJS.Timeout | undefined;

  constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    child.stderr.setEncoding("utf8");
    // If stderr breaks, the error of a failure lacks the CLI's last line, but still says how the child ended.
    child.stderr.on("error", () => {});
    child.stderr.on("data", (text: string) => {
      this.#stderrTail = (this.#stderrTail + text).slice(-stderrTailCharsMax);
    });
  }

  /** The last line that the child wrote to stderr; empty where it wrote none. */
  get lastWords(): string {
    return this.#stderrTail.trim().split("\n").at(-1) ?? "";
  }

  /** Stops reading stdout. The pipe then fills, and the CLI blocks. */
  pause(): void {
    this.#child.stdout.pause();
  }

  resume(): void {
    this.#child.stdout.resume();
    if (this.#closeTimer !== undefined) this.closeSoon();
  }

  /**
   * Closes the pipes once all output is read. Otherwise a process that has left the child's group could hold them
   * open as long as it likes.
   */
  closeSoon(): void {
    const { stdout, stderr } = this.#child;
    clearTimeout(this.#closeTimer);
    this.#closeTimer = setTimeout(() => {
      // Wait for one more round of the event loop. It reads what came while the loop was blocked.
      setImmediate(() => {
        // The reader is slow and has not asked for the rest yet. `resume` calls this function again.
        if (stdout.isPaused()) return;
        stdout.destroy();
        stderr.destroy();
      });
    }, pipeCloseWaitMs);
  }

  /** Cancels the timer: the pipes are closed. */
  onClosed(): void {
    clearTimeout(this.#closeTimer);
    this.#closeTimer = undefined;
  }
}

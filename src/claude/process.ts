import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { asBridgeError, BridgeError } from "../errors.ts";
import { ChildExit, type LaunchOptions, OutputPipes, signalGroup, startChild } from "./child.ts";
import { readLines } from "./lines.ts";

/** After stdin was closed, before SIGTERM, in milliseconds. A CLI at rest ends by itself within 100. */
export const stdinCloseWaitMs = 500;
/** The same inside a turn, which a CLI would finish first: time for an interrupt that was written, and no more. */
export const interruptWaitMs = 150;
/** After SIGTERM, before SIGKILL, in milliseconds. */
export const sigtermWaitMs = 1_500;

/**
 * `booting`: started, not told anything yet. `busy`: a conversation is being replayed or a turn runs. `ready`: between
 * turns. `parked`: in a turn that waits for the client's tools. `closing`: on the ladder of its end, or killed.
 * `closed`: gone, and its pipes are closed: read to their ends, unless somebody else held them open.
 */
export type ProcessState = "booting" | "ready" | "busy" | "parked" | "closing" | "closed";

/** Who listens to a process: the conversation that has it. */
export interface ProcessListener {
  /** A line of stdout by its place in a read; true takes it, otherwise it is given to `onLine`. */
  readonly takeInPlace?: (read: string, start: number, end: number) => boolean;
  /** A line of stdout, latin1-held; `wasCut`: a very long string in it is not whole. */
  readonly onLine: (line: string, wasCut: boolean) => void;
  /** All lines of one read were given. */
  readonly onReadEnd: () => void;
  /** Once: nothing more will come, and why. */
  readonly onFailure: (error: BridgeError) => void;
}

/** One `claude` process: its pipes, its state and its end. It knows lines, not what they say. */
export class ClaudeProcess {
  readonly model: string;
  /** Resolves when the process is gone and its pipes are closed. Never rejects. */
  readonly closed: Promise<void>;
  #state: ProcessState = "booting";
  #failure: BridgeError | undefined;
  #listener: ProcessListener | undefined;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #pipes: OutputPipes;
  readonly #exit: ChildExit;

  constructor(options: LaunchOptions) {
    this.model = options.model;
    const child = startChild(options);
    this.#child = child;
    this.#pipes = new OutputPipes(child);
    this.#exit = new ChildExit(child, () => {
      // What the CLI started may outlive it and hold its pipes open.
      signalGroup(child, "SIGKILL");
      this.#pipes.closeSoon();
    });
    this.closed = new Promise((resolve) => {
      child.on("error", (cause) => {
        // Of one that runs: a signal that did not reach it (Windows, when it is ending already). 'close' comes all the
        // same.
        if (child.pid !== undefined) return;
        this.#fail(
          new BridgeError("cli_unavailable", `The claude process could not be started: ${cause.message}.`, { cause })
        );
        // A process that never started has no 'close' of its own.
        this.#close(resolve);
      });
      child.once("close", () => {
        const { lastWords } = this.#pipes;
        const words = lastWords === "" ? "." : `: ${lastWords}`;
        this.#fail(
          new BridgeError("cli_failed", `The claude process ended before it had answered (${this.ending})${words}`)
        );
        this.#close(resolve);
      });
    });
    // A broken pipe is how a death is seen first; 'close' follows with the exit code and the last words, which say
    // more.
    child.stdin.on("error", () => this.#descend());
    child.stdout.on("error", () => this.#descend());
    readLines(child.stdout, {
      takeInPlace: (read, start, end) => this.#listener?.takeInPlace?.(read, start, end) === true,
      onLine: (line, wasCut) => this.#listener?.onLine(line, wasCut),
      onReadEnd: () => this.#listener?.onReadEnd(),
      onOverflow: () => this.#fail(
        new BridgeError("cli_failed", `The claude process wrote a line that is longer than can be read.`)
      ),
      onFault: (cause) => this.#fail(asBridgeError(cause)),
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get state(): ProcessState {
    return this.#state;
  }

  /**
   * How it ended, in words of this server's own that may be logged: `exit code 3`, `signal SIGTERM`. Undefined while it
   * lives, or when it never did.
   */
  get ending(): string | undefined {
    return this.#exit.ending;
  }

  /** Resolves when the process is gone from the system; what it wrote may not all be read yet. Never rejects. */
  get exited(): Promise<void> {
    return this.#exit.happened;
  }

  /** Gives the process to a listener, one at a time. A failure that has been is told at once. */
  attach(listener: ProcessListener): void {
    this.#listener = listener;
    if (this.#failure !== undefined) listener.onFailure(this.#failure);
  }

  /** It is told something, or a turn runs. */
  work(): void {
    this.#move(["booting", "ready", "parked"], "busy");
  }

  /** The turn is over and the process may have another of the same conversation. */
  rest(): void {
    this.#move(["busy"], "ready");
  }

  /** The turn waits for the client. */
  park(): void {
    this.#move(["busy"], "parked");
  }

  /**
   * Writes a line to the CLI. Resolves when the pipe has room for more, or when the process ends: what failed is told
   * to the listener, so that a writer never waits for a reader that is gone.
   */
  async write(line: string): Promise<void> {
    const { stdin } = this.#child;
    if (!stdin.writable || stdin.write(line)) return;
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        stdin.off("drain", settle).off("close", settle);
        resolve();
      };
      stdin.on("drain", settle).on("close", settle);
    });
  }

  /** Stops reading stdout; the pipe fills and the CLI waits. */
  pause(): void {
    this.#pipes.pause();
  }

  resume(): void {
    this.#pipes.resume();
  }

  /**
   * Ends the process: stdin is closed, then SIGTERM, then SIGKILL, each after a named wait. Resolves when it is gone.
   */
  end(): Promise<void> {
    this.#listener = undefined;
    this.#descend();
    return this.closed;
  }

  /** Ends the process for a reason that its listener is told. Resolves when it is gone. */
  fail(error: BridgeError): Promise<void> {
    this.#fail(error);
    return this.closed;
  }

  /** Ends the process at once, without a ladder. Its listener still hears what it wrote, and of its end. */
  kill(): void {
    signalGroup(this.#child, "SIGKILL");
    if (this.#state !== "closed") this.#state = "closing";
  }

  /** Begins the shutdown: close stdin, SIGTERM, SIGKILL. Later calls do nothing. */
  #descend(): void {
    // A CLI that is blocked on a full pipe cannot see that its stdin ended; and one that was killed is closed when its
    // pipe is read.
    this.resume();
    if (this.#state === "closing" || this.#state === "closed") return;
    // At the end of its stdin a CLI that waits for a tool tells the model that the call failed: a request more, which
    // nobody reads.
    if (this.#state === "parked") return this.kill();
    const closeWaitMs = this.#state === "busy" ? interruptWaitMs : stdinCloseWaitMs;
    this.#state = "closing";
    this.#child.stdin.end();
    const toSigkill = setTimeout(() => signalGroup(this.#child, "SIGKILL"), closeWaitMs + sigtermWaitMs);
    const toSigterm = setTimeout(() => signalGroup(this.#child, "SIGTERM"), closeWaitMs);
    void this.closed.then(() => {
      clearTimeout(toSigterm);
      clearTimeout(toSigkill);
    });
  }

  /** Where every death meets: the first cause wins, the listener hears it once, and the process ends. */
  #fail(error: BridgeError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    const listener = this.#listener;
    this.#listener = undefined;
    this.#descend();
    listener?.onFailure(error);
  }

  #move(from: readonly ProcessState[], to: ProcessState): void {
    if (from.includes(this.#state)) this.#state = to;
  }

  #close(resolve: () => void): void {
    this.#state = "closed";
    this.#pipes.onClosed();
    resolve();
  }
}

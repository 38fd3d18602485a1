import type { ChildProcessWithoutNullStreams } from "node:child_process";
import type { Socket } from "node:net";
import { asBridgeError, BridgeError } from "../errors.ts";
import { ChildExit, type LaunchOptions, OutputPipes, signalGroup, startChild } from "./child.ts";
import { readLines } from "./lines.ts";

/** The wait between closing stdin and SIGTERM, in milliseconds. An idle CLI exits within 100 ms. */
export const stdinCloseWaitMs = 500;
/**
 * The wait between closing stdin and SIGTERM during a turn, in milliseconds: long enough for the CLI to read an
 * interrupt, too short for it to finish the turn.
 */
export const interruptWaitMs = 150;
/** The wait between SIGTERM and SIGKILL, in milliseconds. */
export const sigtermWaitMs = 1_500;

/**
 * `booting`: started, and told nothing yet. `busy`: it is told the system prompt and tools of a conversation that is
 * likely to come, is told a history, or runs a turn. `ready`: between two turns. `parked`: in a turn that waits for the
 * client's tools. `closing`: the process was asked to exit, or killed. `closed`: it has exited, and its pipes are
 * closed. They were read to their ends, unless another process held them open.
 */
export type ProcessState = "booting" | "ready" | "busy" | "parked" | "closing" | "closed";

/** Receives what a process writes: the conversation or the probe that uses it. */
export interface ProcessListener {
  /** Offered a line of stdout by its position in a read. True when it has handled the line; else `onLine` gets it. */
  readonly takeInPlace?: (read: string, start: number, end: number) => boolean;
  /** Called with a line of stdout, latin1-held. `wasCut`: a very long string in it was truncated. */
  readonly onLine: (line: string, wasCut: boolean) => void;
  /** Called when all lines of one read have been handed over. */
  readonly onReadEnd: () => void;
  /** Called once, with the reason, when no more output will come. */
  readonly onFailure: (error: BridgeError) => void;
}

/** A process as its conversation and the engine see it. Only its owner may end it (`engine/processes.ts`). */
export type LiveProcess = Omit<ClaudeProcess, "end" | "fail" | "kill">;

/** One `claude` process: its pipes, its state and its end. It splits output into lines without interpreting them. */
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
      // Kill what the CLI started, which may outlive the CLI and hold its pipes open.
      signalGroup(child, "SIGKILL");
      this.#pipes.closeSoon();
    });
    this.closed = new Promise((resolve) => {
      child.on("error", (cause) => {
        // The error of a child that runs is a signal that did not reach it (on Windows, when it is exiting already).
        // 'close' follows all the same.
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
    // A broken pipe is the first sign of a death. Only the shutdown begins here: 'close' follows with the exit code and
    // the last words, which make the better error.
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

  /** Whether the process has come up: it has written something to stdout. */
  get isUp(): boolean {
    // In Node a child's pipes are sockets, which count the bytes that they have read.
    return (this.#child.stdout as Partial<Socket>).bytesRead !== 0;
  }

  /**
   * How the process ended, in this server's own words, which may be logged: `exit code 3`, `signal SIGTERM`. Undefined
   * while it runs, or when it could not be started.
   */
  get ending(): string | undefined {
    return this.#exit.ending;
  }

  /** Resolves when the process has exited or could not be started. Its output may be partly unread. Never rejects. */
  get exited(): Promise<void> {
    return this.#exit.happened;
  }

  /** Makes `listener` the only listener. A failure that has already happened is reported to it at once. */
  attach(listener: ProcessListener): void {
    this.#listener = listener;
    if (this.#failure !== undefined) listener.onFailure(this.#failure);
  }

  /** Marks the process `busy`. Called before it is told a rehearsal, a history, a question or results of calls. */
  work(): void {
    this.#move(["booting", "ready", "parked"], "busy");
  }

  /** Marks the process `ready`: the turn is over, and another one of the same conversation may follow. */
  rest(): void {
    this.#move(["busy"], "ready");
  }

  /** Marks the process `parked`: the turn waits for the results of the client's tools. */
  park(): void {
    this.#move(["busy"], "parked");
  }

  /**
   * Writes a line to the CLI. Resolves when the pipe has room for more, or when it is closed, so that a writer never
   * waits for a process that is gone. Never rejects: a failure is reported to the listener.
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

  /** Stops reading stdout. The pipe then fills, and the CLI blocks. */
  pause(): void {
    this.#pipes.pause();
  }

  resume(): void {
    this.#pipes.resume();
  }

  /**
   * Ends the process: closes stdin, then sends SIGTERM, then SIGKILL, each after a named wait. Its listener hears
   * nothing more. Resolves when the process is gone and its pipes are closed.
   */
  end(): Promise<void> {
    this.#listener = undefined;
    this.#descend();
    return this.closed;
  }

  /** Ends the process, and reports `error` to its listener. Resolves when it is gone and its pipes are closed. */
  fail(error: BridgeError): Promise<void> {
    this.#fail(error);
    return this.closed;
  }

  /** Ends the process with SIGKILL at once. Its listener still gets what it wrote before, and the failure. */
  kill(): void {
    signalGroup(this.#child, "SIGKILL");
    if (this.#state !== "closed") this.#state = "closing";
  }

  /** Begins the shutdown: close stdin, SIGTERM, SIGKILL. Later calls do nothing. */
  #descend(): void {
    // Read on from stdout. A CLI that is blocked on a full pipe would not see that its stdin ended, and a killed
    // process counts as closed only when its pipe has been read.
    this.resume();
    if (this.#state === "closing" || this.#state === "closed") return;
    // At the end of its stdin a CLI that waits for a tool tells the model that the call failed: one more request,
    // whose answer nobody reads.
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

  /** Every failure comes here. The first cause wins: the listener is told once, and the shutdown begins. */
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

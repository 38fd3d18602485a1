/** A process as pools and tables see it: a state and an end. Nothing runs behind it. */
import type { ClaudeProcess, ProcessState } from "../../src/claude/process.ts";
import type { BridgeError } from "../../src/errors.ts";

export class StandInProcess {
  state: ProcessState;
  readonly closed: Promise<void>;
  readonly exited: Promise<void>;
  readonly ending = "exit code 3";
  readonly model: string;
  readonly pid = 1;
  /** Whether it has written anything. */
  isUp = false;
  /** How often its end was asked for, and how often it was killed. */
  ends = 0;
  kills = 0;
  /** Whether it takes its time to end: until it is let die. */
  lingers = false;
  #close: () => void = () => {};

  constructor(model = "opus", state: ProcessState = "booting") {
    this.model = model;
    this.state = state;
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
    this.exited = this.closed;
  }

  end(): Promise<void> {
    this.ends++;
    if (this.lingers) this.state = "closing";
    else this.die();
    return this.closed;
  }

  /** The error with which its end was asked for, if any. */
  failure: BridgeError | undefined;

  fail(error: BridgeError): Promise<void> {
    this.failure = error;
    return this.end();
  }

  kill(): void {
    this.kills++;
    this.die();
  }

  /** As when somebody kills it. */
  die(): void {
    this.state = "closed";
    this.#close();
  }

  get asProcess(): ClaudeProcess {
    return this as unknown as ClaudeProcess;
  }
}

/** A process without one: a test says what it writes, and sees what it is told. Nothing of it takes time. */
import type { ClaudeProcess, ProcessListener, ProcessState } from "../../src/claude/process.ts";
import type { BridgeError } from "../../src/errors.ts";

/** The CLI's own JSON. */
type Line = any;

export class ScriptedProcess {
  state: ProcessState = "booting";
  readonly closed = new Promise<void>(() => {});
  readonly model = "fake";
  readonly ending = undefined;
  /** What it was told, in its order. */
  readonly told: Line[] = [];
  isPaused = false;
  #listener: ProcessListener | undefined;

  get asProcess(): ClaudeProcess {
    return this as unknown as ClaudeProcess;
  }

  attach(listener: ProcessListener): void {
    this.#listener = listener;
  }

  /** One read of its output. */
  say(...lines: readonly object[]): void {
    for (const line of lines.map((line) => JSON.stringify(line))) {
      if (this.#listener?.takeInPlace?.(line, 0, line.length) !== true) this.#listener?.onLine(line, false);
    }
    this.#listener?.onReadEnd();
  }

  /** Answers every control request that it has not answered yet. */
  accept(response: object = { models: [], account: { tokenSource: "fake" } }): void {
    const requests = this.told.filter((line) => line.type === "control_request" && line.isAnswered !== true);
    for (const line of requests) line.isAnswered = true;
    this.say(...requests.map(({ request_id }) => ({ type: "control_response", response: { subtype: "success", request_id, response } })));
  }

  die(error: BridgeError): void {
    this.state = "closed";
    this.#listener?.onFailure(error);
  }

  write(text: string): Promise<void> {
    for (const line of text.split("\n").filter(Boolean)) this.told.push(JSON.parse(line));
    return Promise.resolve();
  }

  work(): void { this.state = "busy"; }
  rest(): void { this.state = "ready"; }
  park(): void { this.state = "parked"; }
  kill(): void { this.state = "closing"; }
  pause(): void { this.isPaused = true; }
  resume(): void { this.isPaused = false; }
  end(): Promise<void> {
    this.kill();
    return this.closed;
  }
}

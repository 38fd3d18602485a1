import type { MadeCall } from "./tool-calls.ts";

export interface AnswerCallsOptions {
  /** How many calls the client is told of. */
  readonly callsMax: number;
  /** Whether the tool server has such a tool; to a call of any other the CLI writes a result of its own. */
  readonly isServed: (toolName: string) => boolean;
  /** Told of every call that the model makes, also of those beyond `callsMax`. */
  readonly onCall: (call: MadeCall) => void;
}

/** The tool calls of one answer, counted against how many the client allows. */
export class AnswerCalls {
  /** The ids of the calls that the client is told of, in the model's order. */
  readonly ids: string[] = [];
  #hasForbidden = false;
  #areAllServed = true;
  readonly #options: AnswerCallsOptions;

  constructor(options: AnswerCallsOptions) {
    this.#options = options;
  }

  /** The model made no call beyond those that the client is told of. */
  get isWhole(): boolean {
    return !this.#hasForbidden;
  }

  /** The CLI waits for the client's result of every call. */
  get isParkable(): boolean {
    return this.isWhole && this.#areAllServed;
  }

  /** Notes a call of the model's. False when the client is not to be told of it. */
  admit(id: string, name: string): boolean {
    const isForbidden = this.ids.length >= this.#options.callsMax;
    this.#options.onCall({ id, name, isForbidden });
    if (isForbidden) {
      this.#hasForbidden = true;
      return false;
    }
    this.#areAllServed &&= this.#options.isServed(name);
    this.ids.push(id);
    return true;
  }
}

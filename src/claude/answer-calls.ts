import type { MadeCall } from "./tool-calls.ts";

export interface AnswerCallsOptions {
  /** How many calls the client is told of. Any further call is forbidden. */
  readonly callsMax: number;
  /** Whether the tool server has a tool of this name. For a call of any other tool the CLI writes the result itself. */
  readonly isServed: (toolName: string) => boolean;
  /** Called for every call that the model makes, also for those beyond `callsMax`. */
  readonly onCall: (call: MadeCall) => void;
}

/** The tool calls of one answer, counted against the number that the client allows. */
export class AnswerCalls {
  /** The ids of the calls that the client is told of, in the model's order. */
  readonly ids: string[] = [];
  #hasForbidden = false;
  #areAllServed = true;
  readonly #options: AnswerCallsOptions;

  constructor(options: AnswerCallsOptions) {
    this.#options = options;
  }

  /** Whether the client was told of every call that the model made. */
  get hasToldAllCalls(): boolean {
    return !this.#hasForbidden;
  }

  /** Whether the CLI waits for a result of the client's for every call that the model made. */
  get areAllServed(): boolean {
    return this.#areAllServed;
  }

  /** Records a call that the model made. Returns false when the client must not be told of it. */
  admit(id: string, name: string): boolean {
    const isForbidden = this.ids.length >= this.#options.callsMax;
    this.#options.onCall({ id, name, isForbidden });
    this.#areAllServed &&= this.#options.isServed(name);
    if (isForbidden) {
      this.#hasForbidden = true;
      return false;
    }
    this.ids.push(id);
    return true;
  }
}

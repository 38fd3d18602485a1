import { forbiddenCallText } from "../own-words.ts";
import type { ToolResultBlock } from "../turn/message.ts";
import { controlErrorLine, controlSuccessLine } from "./protocol.ts";
import { callAnswer, type ToolCall } from "./tool-server.ts";

/** A tool call that the model made in its answer. */
export interface MadeCall {
  /** The id of its `tool_use` block. */
  readonly id: string;
  readonly name: string;
  /** The client does not allow the call and is not told of it. The CLI gets an error as its result. */
  readonly isForbidden: boolean;
}

/** A call whose result the CLI has asked for, and which has none yet. */
interface OpenCall {
  readonly requestId: string;
  readonly call: ToolCall;
}

/**
 * The calls of one process: those that its model made, the CLI's requests for their results, and the client's results.
 * Results may come before the CLI asks for them, because it asks for one call after the other.
 */
export class ToolCalls {
  /** Calls that the CLI has not asked for yet, in the model's order. */
  #made: MadeCall[] = [];
  readonly #open = new Map<string, OpenCall>();
  readonly #results = new Map<string, ToolResultBlock>();
  readonly #write: (line: string) => void;

  /** `write` writes a line to the CLI. */
  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  /** Whether a call that the client was told of has not been asked for by the CLI yet, or not been answered. */
  get isPending(): boolean {
    return this.#open.size > 0 || this.#results.size > 0 || this.#made.some(({ isForbidden }) => !isForbidden);
  }

  /** Records a call that the model made. */
  note(call: MadeCall): void {
    this.#made.push(call);
  }

  /** Handles the CLI's request for the result of a call: answers it now, or when the result comes. */
  ask(requestId: string, call: ToolCall): void {
    const made = this.#takeMade(call);
    if (made === undefined) return this.#write(controlErrorLine(requestId, "The model did not make this call."));
    if (made.isForbidden) {
      return this.#answer(
        { requestId, call }, { type: "tool_result", tool_use_id: made.id, content: forbiddenCallText, is_error: true },
      );
    }
    this.#open.set(made.id, { requestId, call });
    this.#answerOpen();
  }

  /**
   * Leaves the CLI's request for a result without an answer: nobody waits for the turn any more, and with an answer of
   * whatever kind the CLI would ask the model once more before it reads the interrupt.
   */
  hold(requestId: string, call: ToolCall): void {
    this.#open.set(call.toolUseId ?? requestId, { requestId, call });
  }

  /** Accepts the client's results, by the ids that the model gave the calls, and answers the requests they are for. */
  answer(results: ReadonlyMap<string, ToolResultBlock>): void {
    for (const [id, result] of results) this.#results.set(id, result);
    this.#answerOpen();
  }

  /** Forgets all calls and results. A request of the CLI's that is open stays without an answer. */
  forget(): void {
    this.#made = [];
    this.#open.clear();
    this.#results.clear();
  }

  /**
   * Finds the model's call that the CLI asks for, and removes it from the list. CLI 2.1.197 leaves out the id if the
   * answer was not streamed, but keeps the order: the first call of that tool is meant.
   */
  #takeMade({ toolUseId, name }: ToolCall): MadeCall | undefined {
    const at = this.#made.findIndex((made) => (toolUseId === undefined ? made.name === name : made.id === toolUseId));
    return at === -1 ? undefined : this.#made.splice(at, 1)[0];
  }

  #answerOpen(): void {
    for (const [id, open] of this.#open) {
      const result = this.#results.get(id);
      if (result === undefined) continue;
      this.#open.delete(id);
      this.#results.delete(id);
      this.#answer(open, result);
    }
  }

  #answer({ requestId, call }: OpenCall, result: ToolResultBlock): void {
    this.#write(controlSuccessLine(requestId, { mcp_response: callAnswer(call, result) }));
  }
}

import { forbiddenCallText } from "../own-words.ts";
import type { ToolResultBlock } from "../turn/message.ts";
import { controlErrorLine, controlSuccessLine } from "./protocol.ts";
import { callAnswer, type ToolCall } from "./tool-server.ts";

/** A call in the model's answer. */
export interface MadeCall {
  /** The id of its `tool_use` block. */
  readonly id: string;
  readonly name: string;
  /** The client is never told of it. */
  readonly isForbidden: boolean;
}

/** A call that the CLI has asked for and that has no result yet. */
interface OpenCall {
  readonly requestId: string;
  readonly call: ToolCall;
}

/**
 * The calls of one process: what its model called, what the CLI asks the tool server for, and what the client's tools
 * answered. Results may come before the CLI asks for them: it calls one tool after the other.
 */
export class ToolCalls {
  /** Not asked for yet, in the model's order. */
  #made: MadeCall[] = [];
  readonly #open = new Map<string, OpenCall>();
  readonly #results = new Map<string, ToolResultBlock>();
  readonly #write: (line: string) => void;

  /** `write` takes a line for the CLI. */
  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  /** Not every call that the client is told of has been asked for and answered. */
  get isPending(): boolean {
    return this.#open.size > 0 || this.#results.size > 0 || this.#made.some(({ isForbidden }) => !isForbidden);
  }

  /** The model made a call. */
  note(call: MadeCall): void {
    this.#made.push(call);
  }

  /** The CLI asks for a call: it is answered now, or when its result comes. */
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

  /** The client's results, by the ids that the model gave the calls. */
  answer(results: ReadonlyMap<string, ToolResultBlock>): void {
    for (const [id, result] of results) this.#results.set(id, result);
    this.#answerOpen();
  }

  /**
   * Which of the model's calls is asked for. 2.1.197 leaves out the id where the answer was not streamed, but keeps the
   * order.
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

import type { Message } from "../turn/message.ts";
import { isThinkingOff, type ToldTurn } from "./parameters.ts";

/**
 * How the model is asked. `goesOn`: to go on with a tool loop that the process has. `hasSchema`: to give its answer by
 * the CLI's schema tool.
 */
export interface Asked { readonly goesOn: boolean; readonly hasSchema: boolean }

/**
 * Knows whether the tool loop in a process's history lacks the thinking with which it began: its client did not send it
 * back, or the model was asked without thinking. The API refuses to continue such a loop with a thinking budget, so its
 * turns are asked without thinking. A tool loop is an answer with calls, their results, and what follows up to the next
 * message of the user's own. An answer by the CLI's schema tool is such a call in its process, and the next question
 * goes up in one message with its result.
 */
export class ToolLoop {
  /** The index of the answer that begins the loop without thinking; undefined where there is none. */
  #loopAt: number | undefined;
  /** The indexes of answers without thinking that the CLI's schema tool gave. For the API each is a call. */
  readonly #bySchemaTool = new Set<number>();

  /**
   * To be called before the messages from index `seen` on are told. Returns whether the loop in which the messages end
   * lacks its thinking.
   */
  noteTold(messages: readonly Message[], seen: number): boolean {
    if (this.#loopAt !== undefined && seen <= this.#loopAt) this.#loopAt = undefined;
    for (const index of this.#bySchemaTool) if (index >= seen) this.#bySchemaTool.delete(index);
    const start = thoughtlessStart(messages, this.#bySchemaTool);
    if (start === undefined || start < seen) return this.isThoughtless(messages);
    this.#loopAt = start;
    return true;
  }

  /**
   * To be called when the model is asked without thinking: its answer may begin a loop, unless it goes on with the one
   * that `noteTold` told of.
   */
  noteAsked(messages: readonly Message[], { goesOn, hasSchema }: Asked): void {
    if (!goesOn && !hasResults(messages.at(-1))) this.#loopAt = messages.length;
    if (hasSchema) this.#bySchemaTool.add(messages.length);
  }

  /** Whether these messages end in a tool loop that the process has without its thinking. */
  isThoughtless(messages: readonly Message[]): boolean {
    return this.#loopAt !== undefined && thoughtlessStart(messages, this.#bySchemaTool) === this.#loopAt;
  }

  /**
   * To be called when the CLI says that the model thinks adaptively: the API then goes on with a tool loop that lacks
   * thinking.
   */
  forget(): void {
    this.#loopAt = undefined;
  }
}

/**
 * The turn without thinking; unchanged if it has none. Its sampling is left out too, as it was beside thinking: some
 * models refuse part of it.
 */
export function withoutThinking(turn: ToldTurn): ToldTurn {
  if (isThinkingOff(turn)) return turn;
  const { sampling: _sampling, ...rest } = turn;
  return { ...rest, thinking: { type: "disabled" } };
}

/**
 * The index of the answer that begins the tool loop in which the messages end, if neither that answer nor the loop's
 * last one begins with thinking: one of the two is enough for the API. Undefined otherwise.
 */
function thoughtlessStart(messages: readonly Message[], bySchemaTool: ReadonlySet<number>): number | undefined {
  // Text behind results is part of the loop, also where it is a message of its own.
  const asked = messages.findLastIndex((message, at) => message.role === "user" && !hasResults(message)
    && !hasResults(messages[at - 1]) && !bySchemaTool.has(at - 1));
  const start = messages.findIndex(({ role }, at) => at > asked && role === "assistant");
  const last = messages.findLast(({ role }) => role === "assistant");
  if (start === -1 || [messages[start], last].some(beginsWithThinking)) return undefined;
  return start;
}

function hasResults(message: Message | undefined): boolean {
  return message?.content.some(({ type }) => type === "tool_result") === true;
}

function beginsWithThinking(message: Message | undefined): boolean {
  const type = message?.content[0]?.type;
  return type === "thinking" || type === "redacted_thinking";
}

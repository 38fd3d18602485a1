import type { Message } from "../turn/message.ts";
import { isThinkingOff, type ToldTurn } from "./parameters.ts";

/**
 * Knows whether a process was told a tool loop without its thoughts, or began one without thinking. The API refuses to
 * go on with such a loop where the model thinks with a budget, so for these turns thinking is off. Any other loop that
 * the process itself was in has them.
 */
export class ToolLoop {
  /** Which of the conversation's messages begins the loop without thoughts. */
  #toldAt: number | undefined;

  /** To be called before the messages behind the first `seen` are told. Returns whether they lack a loop's thoughts. */
  tell(messages: readonly Message[], seen: number): boolean {
    if (this.#toldAt !== undefined && seen <= this.#toldAt) this.#toldAt = undefined;
    const start = thoughtlessStart(messages);
    if (start === undefined || start < seen) return this.isThoughtless(messages);
    this.#toldAt = start;
    return true;
  }

  /** To be called when the model is asked without thinking: its answer may begin a loop. */
  ask(messages: readonly Message[]): void {
    if (!hasResults(messages.at(-1))) this.#toldAt = messages.length;
  }

  /** Whether the process has the loop in which these messages end, and without its thoughts. */
  isThoughtless(messages: readonly Message[]): boolean {
    return this.#toldAt !== undefined && thoughtlessStart(messages) === this.#toldAt;
  }

  /** To be called when the model turns out to need no thoughts: it thinks adaptively. */
  forget(): void {
    this.#toldAt = undefined;
  }
}

/**
 * The turn, without thinking, and without the sampling that was left out beside it: some models take only a part of it.
 * The same turn, where it has no thinking.
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
function thoughtlessStart(messages: readonly Message[]): number | undefined {
  // What the user says behind results is one message with them.
  const asked = messages.findLastIndex((message, at) => message.role === "user" && !hasResults(message)
    && !hasResults(messages[at - 1]));
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

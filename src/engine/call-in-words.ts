import type { ToldTurn } from "../claude/parameters.ts";
import { isCallForbidden, isCallForced, isChoiceRefused, maySearchAsCall, mustCall } from "../claude/tool-choice.ts";
import { anyCallText, callNowText, namedCallTexts, noCallText, oneCallText } from "../own-words.ts";
import type { TurnEvent } from "../turn/event.ts";
import type { Message } from "../turn/message.ts";
import { noUsage, sumOfUsage } from "../turn/usage.ts";

/**
 * Adds to the system prompt, in words, the part of the turn's tool choice that the API request does not carry. Where a
 * call is required the turn loses its answer's schema: the CLI would add a schema tool, and the model might call that.
 */
export function withToolChoice(request: ToldTurn): ToldTurn {
  const { responseSchema: _schema, outputFormat: _format, ...free } = request;
  const turn = mustCall(request) ? free : request;
  const instructions = choiceInWords(turn);
  return instructions.length === 0
    ? turn
    : { ...turn, system: [...turn.system, ...instructions.map((text) => ({ type: "text", text }) as const)] };
}

function choiceInWords(turn: ToldTurn): string[] {
  const { toolChoice, tools, webSearch } = turn;
  if (tools.length === 0 && webSearch === undefined) return [];
  // `noCallText` forbids every tool, and so would forbid the web search too.
  if (toolChoice.type === "none") return isCallForbidden(turn) || webSearch !== undefined ? [] : [noCallText];
  return [
    ...(mustCallInWords(turn) ? [toolChoice.type === "tool" ? namedCallTexts.join(toolChoice.name) : anyCallText] : []),
    ...(turn.disableParallelToolUse && tools.length > 0 && isChoiceRefused(turn) ? [oneCallText] : []),
  ];
}

/**
 * Whether words alone ask for the call that the answer must have: the turn asks the model to think, or the model takes
 * no tool choice. `Attempts` handles an answer without the call.
 */
export function mustCallInWords(turn: ToldTurn): boolean {
  return mustCall(turn) && !isCallForced(turn);
}

/** The message that asks the model once more, after it answered without the required tool call. */
export const callNow: Message = { role: "user", content: [{ type: "text", text: callNowText }] };

/**
 * An answer that must have a tool call for which only words ask, as its client gets it. Its text is held back until the
 * first call. If none comes, the text is discarded and the model asked again: the client gets the second answer, with
 * the thinking of the first before it, and with the tokens of both.
 */
export class AnswerWithCall {
  /** Whether the client was given the answer's `message_start`. */
  #hasStart = false;
  /** How many blocks the client was given; those of a further run are numbered from here on. */
  #blocks = 0;
  /** The tokens that the runs without a call have used. */
  #usage = noUsage;
  /** The types of content blocks that count as the required call. */
  readonly #calls: ReadonlySet<string>;

  constructor(turn: ToldTurn) {
    this.#calls = new Set(maySearchAsCall(turn) ? ["tool_use", "server_tool_use"] : ["tool_use"]);
  }

  /**
   * Gives the events of one run. Returns whether it had a call. If it had none, neither its text nor anything behind it
   * was given, and the answer has no end yet: another run may follow.
   */
  async *untilFirstCall(batches: AsyncIterable<TurnEvent[]>): AsyncGenerator<TurnEvent[], boolean, undefined> {
    const renumbered = this.#hasStart ? this.#renumberer() : undefined;
    const held: TurnEvent[] = [];
    let hasCall = false;
    for await (const told of batches) {
      const batch = renumbered === undefined ? told : told.flatMap(renumbered);
      if (!hasCall && batch.some((event) => event.type === "block_start" && this.#calls.has(event.block.type))) {
        hasCall = true;
        yield [...held, ...batch];
        continue;
      }
      const out = hasCall ? batch : this.#hold(batch, held);
      if (out.length > 0) yield out;
    }
    return hasCall;
  }

  /** Appends the first text and all that follows it to `held`. Returns the events that may be given at once. */
  #hold(batch: readonly TurnEvent[], held: TurnEvent[]): TurnEvent[] {
    return batch.filter((event) => {
      if (event.type === "message_stop") {
        this.#usage = event.usage;
        return false;
      }
      if (!isBeforeAnswer(event) && (held.length > 0 || isText(event))) {
        held.push(event);
        return false;
      }
      this.#hasStart ||= event.type === "message_start";
      if (event.type === "block_start") this.#blocks = event.index + 1;
      return true;
    });
  }

  /** Makes the events of a further run continue those that were given. */
  #renumberer(): (event: TurnEvent) => TurnEvent[] {
    const blocks = this.#blocks;
    const usage = this.#usage;
    return (event) => {
      if (event.type === "message_start" || (isBeforeAnswer(event) && blocks > 0)) return [];
      if (event.type === "message_stop") return [{ ...event, usage: sumOfUsage(usage, event.usage) }];
      return ["index" in event ? { ...event, index: event.index + blocks } : event];
    };
  }
}

/** True for events that say nothing of the answer. */
function isBeforeAnswer(event: TurnEvent): boolean {
  return event.type === "accepted" || event.type === "retry";
}

function isText(event: TurnEvent): boolean {
  return event.type === "text" || (event.type === "block_start" && event.block.type === "text");
}

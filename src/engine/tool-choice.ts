import { anyCallText, callNowText, namedCallTexts, noCallText, oneCallText } from "../own-words.ts";
import type { TurnEvent } from "../turn/event.ts";
import type { Message } from "../turn/message.ts";
import type { Turn } from "../turn/turn.ts";
import { noUsage, sumOfUsage } from "../turn/usage.ts";

/**
 * Adds the turn's tool_choice to its system prompt, because the CLI has no such setting. `TurnRunner` handles an answer
 * without the required call. Where a call is required the turn loses its schema: the CLI has the model answer by a tool
 * of the schema's own, which the model would take for the call that it must make.
 */
export function withToolChoice(request: Turn): Turn {
  const { responseSchema: _schema, responseFormat: _format, ...free } = request;
  const turn = mustCall(request) && request.tools.length > 0 ? free : request;
  const mayCall = turn.tools.length > 0 && turn.toolChoice.type !== "none";
  const instructions = [
    ...choiceInstruction(turn),
    ...(turn.disableParallelToolUse && mayCall ? [oneCallText] : []),
  ];
  return instructions.length === 0
    ? turn
    : { ...turn, system: [...turn.system, ...instructions.map((text) => ({ type: "text", text }) as const)] };
}

function choiceInstruction({ toolChoice, tools }: Turn): string[] {
  if (tools.length === 0) return [];
  switch (toolChoice.type) {
    case "auto": return [];
    case "none": return [noCallText];
    case "any": return [anyCallText];
    case "tool": return [namedCallTexts.join(toolChoice.name)];
  }
}

/** Whether the turn's answer must have a tool call; a client cannot use one without. */
export function mustCall({ toolChoice }: Turn): boolean {
  return toolChoice.type === "any" || toolChoice.type === "tool";
}

/** The message that asks the model once more, after it answered without the required tool call. */
export const callNow: Message = { role: "user", content: [{ type: "text", text: callNowText }] };

/**
 * An answer that must have a tool call, as its client gets it. Its text is held back until the first call. If none
 * comes, the text is discarded and the model asked again: the client gets the second answer, with the thinking of the
 * first before it, and with the tokens of both.
 */
export class AnswerWithCall {
  /** Whether the client was given the answer's `message_start`. */
  #hasStart = false;
  /** How many blocks the client was given; those of a further run are numbered from here on. */
  #blocks = 0;
  /** What the runs without a call used. */
  #usage = noUsage;

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
      if (!hasCall && batch.some(isCall)) {
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

/** Events that tell nothing of the answer. */
function isBeforeAnswer(event: TurnEvent): boolean {
  return event.type === "accepted" || event.type === "retry";
}

function isText(event: TurnEvent): boolean {
  return event.type === "text" || (event.type === "block_start" && event.block.type === "text");
}

function isCall(event: TurnEvent): boolean {
  return event.type === "block_start" && event.block.type === "tool_use";
}

import { anyCallText, callNowText, namedCallTexts, noCallText, oneCallText } from "../own-words.ts";
import type { TurnEvent } from "../turn/event.ts";
import type { Message } from "../turn/message.ts";
import type { Turn } from "../turn/turn.ts";

/**
 * Adds the turn's tool_choice to its system prompt, because the CLI has no such setting. `TurnRunner` handles an answer
 * without the required call.
 */
export function withToolChoice(turn: Turn): Turn {
  const mayCall = turn.tools.length > 0 && turn.toolChoice.type !== "none";
  const instructions = [
    ...choiceInstruction(turn),
    ...(turn.disableParallelToolUse && mayCall ? [oneCallText] : []),
  ];
  return instructions.length === 0
    ? turn
    : { ...turn, system: [turn.system, ...instructions].filter((part) => part !== "").join("\n\n") };
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
 * Holds an answer's text back until its first tool call, so that an answer without one can be discarded and the model
 * asked again. Returns whether there was a call. If there was none, no text has been yielded.
 */
export async function* untilFirstCall(
  batches: AsyncIterable<TurnEvent[]>
): AsyncGenerator<TurnEvent[], boolean, undefined> {
  const held: TurnEvent[] = [];
  const textBlocks = new Set<number>();
  let hasCall = false;
  for await (const batch of batches) {
    if (hasCall) {
      yield batch;
      continue;
    }
    hasCall = batch.some(isCall);
    const isHeld = (event: TurnEvent): boolean => {
      if (event.type === "text" || (event.type === "block_start" && event.block.type === "text")) {
        textBlocks.add(event.index);
      }
      return event.type === "message_stop" || ("index" in event && textBlocks.has(event.index));
    };
    const out = hasCall ? [...held, ...batch] : batch.filter((event) => !isHeld(event));
    if (!hasCall) for (const event of batch) if (isHeld(event) && event.type !== "message_stop") held.push(event);
    if (out.length > 0) yield out;
  }
  return hasCall;
}

function isCall(event: TurnEvent): boolean {
  return event.type === "block_start" && event.block.type === "tool_use";
}

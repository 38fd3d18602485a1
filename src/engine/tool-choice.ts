import { anyCallText, callNowText, namedCallTexts, noCallText, oneCallText } from "../own-words.ts";
import type { Message, Turn, TurnEvent } from "../turn.ts";

/** The CLI knows no tool_choice, so it is told to the model; what it does all the same is dealt with in the engine. */
export function withToolChoice(turn: Turn): Turn {
  const instructions = [
    ...choiceInstruction(turn),
    ...(turn.parallelToolCalls || turn.tools.length === 0 || turn.toolChoice.type === "none" ? [] : [oneCallText]),
  ];
  return instructions.length === 0 ? turn : { ...turn, system: [turn.system, ...instructions].filter((part) => part !== "").join("\n\n") };
}

function choiceInstruction({ toolChoice, tools }: Turn): string[] {
  if (tools.length === 0) return [];
  switch (toolChoice.type) {
    case "auto": return [];
    case "none": return [noCallText];
    case "required": return [anyCallText];
    case "tool": return [namedCallTexts.join(toolChoice.name)];
  }
}

/** An answer without a call is not one that the client can use. */
export function mustCall({ toolChoice }: Turn): boolean {
  return toolChoice.type === "required" || toolChoice.type === "tool";
}

/** What the model is asked once, when it answered without the call that it was to make. */
export const callNow: Message = { role: "user", content: [{ type: "text", text: callNowText }] };

/**
 * Holds an answer's text back until its first call, so that an answer without one can still be turned round. Returns
 * whether there was a call; without one nothing but thinking has gone out.
 */
export async function* untilFirstCall(batches: AsyncIterable<TurnEvent[]>): AsyncGenerator<TurnEvent[], boolean, undefined> {
  const held: TurnEvent[] = [];
  let hasCall = false;
  for await (const batch of batches) {
    if (hasCall) {
      yield batch;
      continue;
    }
    hasCall = batch.some(({ type }) => type === "tool_call");
    const out = hasCall ? [...held, ...batch] : batch.filter(({ type }) => type === "start" || type === "retry" || type === "thinking");
    if (!hasCall) for (const event of batch) if (event.type === "text") held.push(event);
    if (out.length > 0) yield out;
  }
  return hasCall;
}

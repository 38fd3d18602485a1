import { decodeJsonText, encodeJsonText } from "../json-text.ts";
import type { TurnEvent, Usage } from "../turn.ts";

/** A token is about this many characters: what a cut answer cost is never told, so it is estimated. */
const charsPerToken = 4;

/**
 * Ends an answer before the first stop sequence in its text. What may be the beginning of one is held back until more has
 * come, so that no part of a stop sequence ever goes out, wherever the borders between deltas fall.
 */
export async function* endAtStop(batches: AsyncIterable<TurnEvent[]>, stop: readonly string[]): AsyncGenerator<TurnEvent[], void, undefined> {
  let held = "";
  let sentChars = 0;
  let usage: Usage = { promptTokens: 0, cachedTokens: 0, cacheWriteTokens: 0, completionTokens: 0, reasoningTokens: 0 };
  const said = (text: string): TurnEvent[] => {
    sentChars += text.length;
    return text === "" ? [] : [{ type: "text", text: encodeJsonText(text) }];
  };
  for await (const batch of batches) {
    const events: TurnEvent[] = [];
    for (const event of batch) {
      if (event.type === "start") ({ usage } = event);
      if (event.type !== "text") {
        // Nothing more can complete it: text goes on in a block of its own.
        if (event.type !== "thinking") {
          events.push(...said(held));
          held = "";
        }
        events.push(event);
        continue;
      }
      held += decodeJsonText(event.text);
      const at = firstStop(held, stop);
      if (at !== undefined) {
        events.push(...said(held.slice(0, at)));
        events.push({ type: "finish", reason: "stop", usage: { ...usage, completionTokens: Math.ceil(sentChars / charsPerToken) } });
        yield events;
        return;
      }
      const keep = possibleBeginning(held, stop);
      events.push(...said(held.slice(0, held.length - keep)));
      held = held.slice(held.length - keep);
    }
    if (events.length > 0) yield events;
  }
}

function firstStop(text: string, stop: readonly string[]): number | undefined {
  const found = stop.map((sequence) => text.indexOf(sequence)).filter((at) => at !== -1);
  return found.length === 0 ? undefined : Math.min(...found);
}

/** How many characters at the text's end may be the beginning of a stop sequence. */
function possibleBeginning(text: string, stop: readonly string[]): number {
  let longest = 0;
  for (const sequence of stop) {
    for (let length = Math.min(sequence.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(sequence.slice(0, length))) longest = length;
    }
  }
  return longest;
}

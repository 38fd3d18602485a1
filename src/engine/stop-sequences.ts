import { decodeJsonText } from "../json-text.ts";
import type { TurnEvent } from "../turn/event.ts";
import { noUsage } from "../turn/usage.ts";
import { AnswerTail } from "./answer-tail.ts";

/**
 * How many characters a token has on average. The cost of an answer that is ended here is estimated with it, because
 * the API reports none.
 */
const charsPerToken = 4;

/**
 * Events that may come between two text blocks: a stop sequence may begin before them and end after them. No text is
 * held when the input of a client's tool comes: the start of its block has released it.
 */
const amongText: ReadonlySet<TurnEvent["type"]> = new Set(
  ["thinking", "signature", "citation", "input_json", "other_delta", "block_start", "block_stop"]
);

/**
 * Ends an answer before the first stop sequence in its text. Text that may be the beginning of a stop sequence is held
 * back until more has come, so that no part of a stop sequence is ever sent, however the text is split into deltas.
 */
export async function* endAtStop(
  batches: AsyncIterable<TurnEvent[]>, stop: readonly string[],
): AsyncGenerator<TurnEvent[], void, undefined> {
  const held = new AnswerTail();
  let saidChars = 0;
  let usage = noUsage;
  /** The index of the content block that has begun and not ended. */
  let open: number | undefined;
  let events: TurnEvent[] = [];
  const give = (given: readonly TurnEvent[]): void => {
    for (const event of given) {
      if (event.type === "block_start") open = event.index;
      else if (event.type === "block_stop") open = undefined;
      events.push(event);
    }
  };
  const say = (chars: number): void => {
    saidChars += chars;
    give(held.release(chars));
  };
  for await (const batch of batches) {
    events = [];
    for (const event of batch) {
      if (event.type === "message_start") ({ usage } = event);
      if (event.type !== "text") {
        held.add(event);
        // A tool call, or the answer's end. Text after it cannot complete a stop sequence: release the held text.
        const isBorder = !amongText.has(event.type)
          || (event.type === "block_start" && event.block.type === "tool_use");
        if (isBorder || held.text === "") say(held.text.length);
        continue;
      }
      held.addText(event.index, decodeJsonText(event.text));
      const found = firstStop(held.text, stop);
      if (found !== undefined) {
        say(found.at);
        give(held.releaseWithoutText());
        if (open !== undefined) events.push({ type: "block_stop", index: open });
        const outputTokens = Math.ceil(saidChars / charsPerToken);
        events.push(
          {
            type: "message_stop", stopReason: "stop_sequence", stopSequence: found.sequence,
            stopDetails: undefined,
            usage: { ...usage, outputTokens },
          }
        );
        yield events;
        return;
      }
      say(held.text.length - possibleBeginning(held.text, stop));
    }
    if (events.length > 0) yield events;
  }
}

/**
 * Finds the first stop sequence in a text and its index. If several begin there, returns the first of the list.
 */
function firstStop(
  text: string, stop: readonly string[],
): { readonly at: number; readonly sequence: string } | undefined {
  let first: { readonly at: number; readonly sequence: string } | undefined;
  for (const sequence of stop) {
    const at = text.indexOf(sequence);
    if (at !== -1 && (first === undefined || at < first.at)) first = { at, sequence };
  }
  return first;
}

/** How many characters at the end of a text may be the beginning of a stop sequence. */
function possibleBeginning(text: string, stop: readonly string[]): number {
  let longest = 0;
  for (const sequence of stop) {
    for (let length = Math.min(sequence.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(sequence.slice(0, length))) longest = length;
    }
  }
  return longest;
}

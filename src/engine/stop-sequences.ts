import { decodeJsonText, encodeJsonText } from "../json-text.ts";
import type { TurnEvent, TurnSink, Usage } from "../turn.ts";

/** A token is about this many characters: what a cut answer cost is never told, so it is estimated. */
const charsPerToken = 4;

/**
 * Ends an answer before the first stop sequence in its text. What may be the beginning of one is held back until more has
 * come, so that no part of a stop sequence ever goes out, wherever the borders between deltas fall.
 */
export class StopSequences implements TurnSink {
  readonly #sink: TurnSink;
  readonly #stop: readonly string[];
  readonly #onStop: () => void;
  #held = "";
  #sentChars = 0;
  #usage: Usage = { promptTokens: 0, cachedTokens: 0, completionTokens: 0, reasoningTokens: 0 };
  #hasStopped = false;

  /** `onStop`: nothing more is wanted of the answer. */
  constructor(sink: TurnSink, stop: readonly string[], onStop: () => void) {
    this.#sink = sink;
    this.#stop = stop;
    this.#onStop = onStop;
  }

  take(batch: readonly TurnEvent[]): Promise<void> | undefined {
    const events: TurnEvent[] = [];
    for (const event of batch) {
      if (this.#hasStopped) break;
      if (event.type === "start") this.#usage = event.usage;
      if (event.type === "text") {
        this.#takeText(decodeJsonText(event.text), events);
        continue;
      }
      // Nothing more can complete what is held: text goes on in a block of its own.
      if (event.type !== "thinking") {
        this.#say(this.#held, events);
        this.#held = "";
      }
      events.push(event);
    }
    return events.length === 0 ? undefined : this.#sink.take(events);
  }

  #takeText(text: string, events: TurnEvent[]): void {
    const held = this.#held + text;
    const at = firstStop(held, this.#stop);
    const sayable = at ?? held.length - possibleBeginning(held, this.#stop);
    this.#say(held.slice(0, sayable), events);
    this.#held = held.slice(sayable);
    if (at === undefined) return;
    events.push({ type: "finish", reason: "stop", usage: { ...this.#usage, completionTokens: Math.ceil(this.#sentChars / charsPerToken) } });
    this.#hasStopped = true;
    this.#onStop();
  }

  #say(text: string, events: TurnEvent[]): void {
    this.#sentChars += text.length;
    if (text !== "") events.push({ type: "text", text: encodeJsonText(text) });
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

import { decodeJsonText } from "../json-text.ts";
import type { JsonText, TurnEvent } from "../turn/event.ts";
import type { AssistantBlock } from "../turn/message.ts";

/** The longest answer whose conversation is kept alive, in bytes: remembering more would cost more than a replay. */
export const recordedBytesMax = 4 * 1024 * 1024;

interface RecordedCall {
  readonly id: string;
  readonly name: string;
  readonly input: Buffer[];
}

/**
 * What the model said and called in a turn, gathered a batch at a time, so that the client's next request can be held
 * against it.
 */
export class AnswerRecord {
  // Copies: a slice of a line would keep the whole read alive.
  readonly #text: Buffer[] = [];
  /** By the numbers of their blocks, in the model's order. */
  readonly #calls = new Map<number, RecordedCall>();
  #bytes = 0;

  /** Takes a batch. What passes the bound is forgotten, and the record with it. */
  take(events: readonly TurnEvent[]): void {
    let text = "";
    for (const event of events) {
      if (event.type === "text") text += event.text;
      else if (event.type === "block_start" && event.block.type === "tool_use") {
        this.#calls.set(event.index, { id: event.block.id, name: event.block.name, input: [] });
      } else if (event.type === "input_json") this.#keep(this.#calls.get(event.index)?.input, event.text);
    }
    if (text !== "") this.#keep(this.#text, text);
  }

  /**
   * The answer as blocks of an assistant message, or undefined when it was too long to record, or not the JSON it
   * claimed to be.
   */
  blocks(): readonly AssistantBlock[] | undefined {
    if (this.#bytes > recordedBytesMax) return undefined;
    try {
      return [
        { type: "text", text: decoded(this.#text) },
        ...[...this.#calls.values()].map(({ id, name, input }) => (
          { type: "tool_use" as const, id, name, input: JSON.parse(decoded(input)) as Record<string, unknown> })),
      ];
    } catch {
      return undefined;
    }
  }

  #keep(parts: Buffer[] | undefined, text: string): void {
    this.#bytes += text.length;
    if (this.#bytes <= recordedBytesMax) parts?.push(Buffer.from(text, "latin1"));
    else this.#text.length = 0;
  }
}

function decoded(parts: readonly Buffer[]): string {
  return decodeJsonText(Buffer.concat(parts).toString("latin1") as JsonText);
}

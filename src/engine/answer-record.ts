import { decodeJsonText } from "../json-text.ts";
import type { AssistantBlock, JsonText, TurnEvent } from "../turn.ts";

/** The longest answer whose conversation is kept alive, in bytes: remembering more would cost more than a replay. */
export const recordedBytesMax = 4 * 1024 * 1024;

/** What the model said in a turn, gathered a batch at a time, so that the client's next request can be held against it. */
export class AnswerRecord {
  // Copies: a slice of a line would keep the whole read alive.
  readonly #text: Buffer[] = [];
  #bytes = 0;

  /** Takes a batch. What passes the bound is forgotten, and the record with it. */
  take(events: readonly TurnEvent[]): void {
    if (this.#bytes > recordedBytesMax) return;
    let text = "";
    for (const event of events) if (event.type === "text") text += event.text;
    if (text === "") return;
    this.#bytes += text.length;
    if (this.#bytes > recordedBytesMax) this.#text.length = 0;
    else this.#text.push(Buffer.from(text, "latin1"));
  }

  /** The answer as blocks of an assistant message, or undefined when it was too long to record, or not the text it claimed to be. */
  blocks(): readonly AssistantBlock[] | undefined {
    if (this.#bytes > recordedBytesMax) return undefined;
    try {
      return [{ type: "text", text: decodeJsonText(Buffer.concat(this.#text).toString("latin1") as JsonText) }];
    } catch {
      return undefined;
    }
  }
}

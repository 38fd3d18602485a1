import { encodeJsonText } from "../json-text.ts";
import type { TurnEvent } from "../turn/event.ts";

/** A part of a text block, decoded from `JsonText`. */
interface Piece {
  readonly type: "piece";
  readonly index: number;
  readonly text: string;
}

/**
 * The end of an answer, held back because its text may be the beginning of a stop sequence: pieces of text and the
 * events between them, in their order.
 */
export class AnswerTail {
  #items: (Piece | TurnEvent)[] = [];
  #text = "";

  /** All text that is held back. */
  get text(): string {
    return this.#text;
  }

  addText(index: number, text: string): void {
    this.#text += text;
    const last = this.#items.at(-1);
    if (last?.type !== "piece" || last.index !== index) this.#items.push({ type: "piece", index, text });
    else this.#items[this.#items.length - 1] = { ...last, text: last.text + text };
  }

  add(event: TurnEvent): void {
    this.#items.push(event);
  }

  /** Removes and returns the first `chars` characters of the text, and every event before the first remaining one. */
  release(chars: number): TurnEvent[] {
    const released: TurnEvent[] = [];
    let left = chars;
    for (let item = this.#items[0]; item !== undefined; item = this.#items[0]) {
      if (item.type !== "piece") {
        released.push(item);
        this.#items.shift();
        continue;
      }
      const out = item.text.slice(0, left);
      if (out !== "") released.push({ type: "text", index: item.index, text: encodeJsonText(out) });
      left -= out.length;
      if (out.length < item.text.length) {
        this.#items[0] = { ...item, text: item.text.slice(out.length) };
        break;
      }
      this.#items.shift();
    }
    this.#text = this.#text.slice(chars);
    return released;
  }

  /** Removes everything and returns the events; the text is discarded. */
  releaseWithoutText(): TurnEvent[] {
    const released = this.#items.filter((item) => item.type !== "piece");
    this.#items = [];
    this.#text = "";
    return released;
  }
}

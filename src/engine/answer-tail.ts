import { encodeJsonText } from "../json-text.ts";
import type { TurnEvent } from "../turn/event.ts";

/** A piece of a text block, decoded. */
interface Piece {
  readonly type: "piece";
  readonly index: number;
  readonly text: string;
}

/** The end of an answer that is not given out yet: pieces of text, and the other events among them, in their order. */
export class AnswerTail {
  #items: (Piece | TurnEvent)[] = [];
  #text = "";

  /** All of the text that is held. */
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

  /** Takes out the first `chars` characters of the text, with every event that stands before what stays. */
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

  /** Takes out everything, the text thrown away. */
  releaseWithoutText(): TurnEvent[] {
    const released = this.#items.filter((item) => item.type !== "piece");
    this.#items = [];
    this.#text = "";
    return released;
  }
}

import { HeldText } from "../held-text.ts";
import { decodeJsonText } from "../json-text.ts";
import type { JsonText, StartedBlock, TurnEvent } from "../turn/event.ts";
import { sizeOf } from "../turn/event-size.ts";
import type { AssistantBlock, ServerToolBlock } from "../turn/message.ts";

/**
 * The longest answer that is recorded, in bytes. The turn of a longer one is rewound out of its process, and told anew
 * with the client's next request: that costs less than the memory.
 */
export const recordedBytesMax = 4 * 1024 * 1024;

interface RecordedCall {
  readonly block: ServerToolBlock | Extract<StartedBlock, { type: "tool_use" }>;
  readonly input: HeldText;
}

/**
 * The text and tool calls of an answer, and the blocks of the API's own tools, gathered batch by batch. The next
 * request of the client is compared with it: text and calls by their hash, thinking and blocks of the API's own tools
 * by `Timeline.asides`.
 */
export class AnswerRecord {
  readonly #text = new HeldText();
  /** Tool calls, and results that the API gave itself, by the index of their content block, in the model's order. */
  readonly #toolBlocks = new Map<number, RecordedCall>();
  /** The signatures of thinking blocks and the data of redacted ones, in the model's order. */
  readonly #proofs: { readonly type: "thinking" | "redacted_thinking"; readonly held: Buffer }[] = [];
  #bytes = 0;
  #hasUnknown = false;

  /**
   * Adds a batch to the record. An answer longer than `recordedBytesMax` is not recorded: `blocks` then gives nothing.
   */
  take(events: readonly TurnEvent[]): void {
    let text = "";
    for (const event of events) {
      if (event.type === "text") text += event.text;
      else if (event.type === "block_start") this.#begin(event);
      else if (event.type === "signature") this.#prove("thinking", event.signature);
      else if (event.type === "other_delta") this.#hasUnknown = true;
      else if (event.type === "input_json") this.#keep(this.#toolBlocks.get(event.index)?.input, event.text);
    }
    if (text !== "") this.#keep(this.#text, text);
  }

  /**
   * Returns the answer as blocks of an assistant message; of a thinking block only the signature. Returns undefined if
   * the answer was too long, if the input of a tool call is not valid JSON, or if a block or a delta had a type that
   * this server does not know.
   */
  blocks(): readonly AssistantBlock[] | undefined {
    if (this.#bytes > recordedBytesMax || this.#hasUnknown) return undefined;
    try {
      return [
        ...this.#proofs.map(({ type, held }) => (type === "thinking"
          ? { type, thinking: "", signature: decodeJsonText(held.toString("latin1") as JsonText) }
          : { type, data: held.toString("utf8") })),
        { type: "text", text: decoded(this.#text) },
        ...[...this.#toolBlocks.values()].map(({ block, input }) => (
          block.type !== "tool_use" && input.text === ""
            ? block
            : { ...block, input: JSON.parse(decoded(input)) as Record<string, unknown> })),
      ];
    } catch {
      return undefined;
    }
  }

  #begin(event: Extract<TurnEvent, { type: "block_start" }>): void {
    const { block } = event;
    switch (block.type) {
      case "text": case "thinking": return;
      case "redacted_thinking": return this.#prove(block.type, Buffer.from(block.data).toString("latin1"));
      case "other":
        this.#hasUnknown = true;
        return;
      default:
        if (block.type !== "tool_use") this.#bytes += sizeOf(event);
        this.#toolBlocks.set(event.index, { block, input: new HeldText() });
    }
  }

  #prove(type: "thinking" | "redacted_thinking", latin1: string): void {
    this.#bytes += latin1.length;
    this.#proofs.push({ type, held: Buffer.from(latin1, "latin1") });
  }

  #keep(held: HeldText | undefined, text: string): void {
    this.#bytes += text.length;
    if (this.#bytes <= recordedBytesMax) held?.append(text);
    else this.#text.release();
  }
}

function decoded(held: HeldText): string {
  return decodeJsonText(held.text as JsonText);
}

/** Writes an answer as the assistant's message of a chat request, by which a later request gives it back. */

import { HeldText } from "../../../held-text.ts";
import { decodeJsonText } from "../../../json-text.ts";
import type { JsonText, TurnEvent } from "../../../turn/event.ts";
import type { Fields } from "../../check.ts";
import type { AnswerFold, WireStream } from "../../dialect.ts";
import type { ToolNames } from "../../tool-names.ts";

/** How the request wants calls written. */
export interface CallStyle {
  readonly names: ToolNames;
  /** True: as the deprecated `function_call`. */
  readonly isLegacy: boolean;
}

/** A content block of the answer. */
interface Block {
  readonly type: "text" | "thinking" | "tool_use";
  readonly text: HeldText;
  /** A call's id and name. */
  readonly call?: { readonly id: string; readonly name: string };
  signature?: string;
}

/** Collects an answer's events, and gives the message when the answer is complete. */
class AnswerMessage {
  readonly #style: CallStyle;
  readonly #onFinish: (message: Fields) => void;
  /** By their indexes. Thinking that the API gives only encrypted is there as it will be sent back. */
  readonly #blocks = new Map<number, Block | Fields>();

  constructor(style: CallStyle, onFinish: (message: Fields) => void) {
    this.#style = style;
    this.#onFinish = onFinish;
  }

  take(events: readonly TurnEvent[]): void {
    for (const event of events) {
      switch (event.type) {
        case "block_start": {
          const { index, block } = event;
          if (block.type === "redacted_thinking") this.#blocks.set(index, block);
          if (block.type === "text" || block.type === "thinking") this.#begin(index, { type: block.type });
          if (block.type === "tool_use") {
            this.#begin(index, { type: "tool_use", call: { id: block.id, name: block.name } });
          }
          break;
        }
        case "text": case "thinking": case "input_json": this.#blockAt(event.index)?.text.append(event.text); break;
        case "signature": {
          const block = this.#blockAt(event.index);
          if (block !== undefined) block.signature = decodeJsonText(event.signature);
          break;
        }
        case "message_stop": this.#onFinish(this.#message()); break;
      }
    }
  }

  #begin(index: number, block: Pick<Block, "type" | "call">): void {
    this.#blocks.set(index, { ...block, text: new HeldText() });
  }

  #blockAt(index: number): Block | undefined {
    const block = this.#blocks.get(index);
    return block !== undefined && isBlock(block) ? block : undefined;
  }

  /**
   * Signed thinking stands in the content, in its place among the texts. What was thought after the first call is left
   * out: calls stand beside the content.
   */
  #message(): Fields {
    const blocks = [...this.#blocks.values()];
    const firstCall = blocks.findIndex((block) => isBlock(block) && block.type === "tool_use");
    const parts = blocks.flatMap((block, at) => partsOf(block, firstCall !== -1 && at > firstCall));
    const calls = blocks.filter(isBlock).flatMap(({ call, text }) => (call === undefined ? [] : [{ call, text }]));
    const isPlain = parts.every(({ type }) => type === "text");
    const plain = parts.map(({ text }) => text).join("");
    const content = isPlain ? (plain === "" && calls.length > 0 ? null : plain) : parts;
    return { role: "assistant", content, ...this.#written(calls) };
  }

  #written(calls: readonly { readonly call: { id: string; name: string }; readonly text: HeldText }[]): Fields {
    const { names, isLegacy } = this.#style;
    const written = calls.map(({ call: { id, name }, text }) =>
      ({ id, type: "function", function: { name: names.toClient(name), arguments: decoded(text) } }));
    if (written.length === 0) return {};
    return isLegacy ? { function_call: written[0]?.function } : { tool_calls: written };
  }
}

function isBlock(block: Block | Fields): block is Block {
  return block["text"] instanceof HeldText;
}

function partsOf(block: Block | Fields, isAfterCall: boolean): Fields[] {
  if (!isBlock(block)) return isAfterCall ? [] : [block];
  const text = block.type === "tool_use" ? "" : decoded(block.text);
  if (block.type === "text") return text === "" ? [] : [{ type: "text", text }];
  if (block.type === "tool_use" || isAfterCall || block.signature === undefined) return [];
  return [{ type: "thinking", thinking: text, signature: block.signature }];
}

function decoded(text: HeldText): string {
  return decodeJsonText(text.text as JsonText);
}

/** The stream, whose answer is also written as a message: `onFinish` gets it before the last event is returned. */
export function streamWithMessage(
  stream: WireStream, style: CallStyle, onFinish: (message: Fields) => void,
): WireStream {
  const message = new AnswerMessage(style, onFinish);
  return {
    open: () => stream.open(),
    heartbeat: () => stream.heartbeat(),
    encode: (events) => {
      const text = stream.encode(events);
      message.take(events);
      return text;
    },
    fail: (error) => stream.fail(error),
  };
}

/** Does as `streamWithMessage` for an answer that is sent in one piece. */
export function answerWithMessage(
  answer: AnswerFold, style: CallStyle, onFinish: (message: Fields) => void,
): AnswerFold {
  const message = new AnswerMessage(style, onFinish);
  return {
    take: (events) => {
      answer.take(events);
      message.take(events);
    },
    release: () => answer.release(),
  };
}

import type { BridgeError } from "../../../errors.ts";
import { encodeWireText, joinWireText, jsonLatin1, noText, type WireText, wireText } from "../../../json-text.ts";
import type { TurnEvent } from "../../../turn/event.ts";
import type { Usage } from "../../../turn/usage.ts";
import type { WireStream } from "../../dialect.ts";
import { anthropicError } from "../errors.ts";
import { type AnswerStyle, blockHead, ending, finalUsage, messageHead, messageUsage, noEnding } from "./wire.ts";

/** How deltas of text are written: the delta's type, and the field that has the text. */
const deltaForms = {
  text: ["text_delta", "text"],
  thinking: ["thinking_delta", "thinking"],
  input_json: ["input_json_delta", "partial_json"],
  signature: ["signature_delta", "signature"],
} as const;
type DeltaKind = keyof typeof deltaForms;

const deltaTail = wireText`"}}\n\n`;
const ping = wireText`event: ping\ndata: {"type":"ping"}\n\n`;

/**
 * Encodes an answer as the Messages API's events. It does no I/O. A delta is spliced between two constant strings
 * without being parsed or escaped again.
 */
export class MessageStream implements WireStream {
  readonly #style: AnswerStyle;
  readonly #requestId: string;
  /** The usage that `message_start` told; undefined before that. */
  #begun: Usage | undefined;
  /** The constant text before a delta's own, for deltas of this kind in the block with this index. */
  #delta: { readonly kind: DeltaKind; readonly index: number; readonly head: WireText } = deltaOf("text", 0);

  constructor(style: AnswerStyle, requestId: string) {
    this.#style = style;
    this.#requestId = requestId;
  }

  /**
   * The stream's first text. It is empty if `message_start` has been encoded, which `http` sends right behind it. If
   * not, it is a ping, which shows that an answer is under way.
   */
  open(): WireText {
    return this.#begun === undefined ? ping : noText;
  }

  /** The API sends pings too, but the CLI does not pass them on. */
  heartbeat(): WireText {
    return ping;
  }

  encode(events: readonly TurnEvent[]): WireText {
    let text = noText;
    for (const each of events) text = joinWireText(text, this.#encoded(each));
    return text;
  }

  /** The last event of a stream that fails; no `message_stop` follows. */
  fail(error: BridgeError): WireText {
    return wireText`event: error\ndata: ${jsonLatin1(anthropicError(error, this.#requestId))}\n\n`;
  }

  #encoded(told: TurnEvent): WireText {
    switch (told.type) {
      case "accepted": case "retry": return noText;
      case "message_start": return this.#start(told);
      case "block_start":
        return event("content_block_start", { index: told.index, content_block: blockHead(told.block, this.#style) });
      case "text": case "thinking": case "input_json":
        return joinWireText(this.#head(told.type, told.index), told.text, deltaTail);
      case "signature": return joinWireText(this.#head(told.type, told.index), told.signature, deltaTail);
      case "citation": return otherDelta(told.index, { type: "citations_delta", citation: told.citation });
      case "other_delta": return otherDelta(told.index, told.delta);
      case "block_stop": return event("content_block_stop", { index: told.index });
      case "message_stop": {
        const usage = finalUsage(told.usage, this.#begun ?? told.usage);
        const last = event("message_delta", { delta: ending(told), usage });
        return joinWireText(last, event("message_stop", {}));
      }
    }
  }

  #start(start: Extract<TurnEvent, { type: "message_start" }>): WireText {
    this.#begun = start.usage;
    const message = {
      ...messageHead(start, this.#style), content: [], ...noEnding,
      usage: messageUsage(start.usage),
    };
    return event("message_start", { message });
  }

  #head(kind: DeltaKind, index: number): WireText {
    if (this.#delta.kind !== kind || this.#delta.index !== index) this.#delta = deltaOf(kind, index);
    return this.#delta.head;
  }
}

function deltaOf(kind: DeltaKind, index: number) {
  const [type, field] = deltaForms[kind];
  const start = `{"type":"content_block_delta","index":${index},"delta":{"type":"${type}","${field}":"`;
  return { kind, index, head: encodeWireText(`event: content_block_delta\ndata: ${start}`) };
}

function otherDelta(index: number, delta: object): WireText {
  return event("content_block_delta", { index, delta });
}

function event(type: string, fields: object): WireText {
  return wireText`event: ${encodeWireText(type)}\ndata: ${jsonLatin1({ type, ...fields })}\n\n`;
}

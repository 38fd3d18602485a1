import type { BridgeError } from "../../../errors.ts";
import {
  flatWireText, joinWireText, jsonLatin1, jsonMembers, noText, type WireText, wireText,
} from "../../../json-text.ts";
import type { StopReason, TurnEvent } from "../../../turn/event.ts";
import type { WireStream } from "../../dialect.ts";
import { openAiError } from "../errors.ts";
import type { ToolNames } from "../../tool-names.ts";
import { Citations, type UrlCitation } from "../citations.ts";
import { finishReasons } from "../finish-reason.ts";
import { chatUsage } from "../usage.ts";

/** The fields that are the same in every chunk of an answer. */
export interface ChatIdentity {
  /** The answer's id: `chatcmpl-` and a random token. */
  readonly id: string;
  /** When the turn was begun, in seconds since the epoch. */
  readonly created: number;
  /** The model's name as the client wrote it. */
  readonly model: string;
  readonly systemFingerprint: string;
}

/** How a request wants its answer written, streamed or not. */
export interface AnswerStyle {
  readonly names: ToolNames;
  /** True: calls are written as the deprecated `function_call` instead of `tool_calls`. */
  readonly isLegacy: boolean;
  /** Whether the model may search the web, so that the answer may cite pages. */
  readonly hasSources: boolean;
}

/** How a request wants its answer streamed. */
export interface StreamStyle extends AnswerStyle {
  /** True: the stream ends with a chunk that has the usage. */
  readonly includeUsage: boolean;
}

const choiceTail = wireText`,"logprobs":null,"finish_reason":null}]}\n\n`;
/** The end of every chunk of text or thinking, and of those with a piece of a call's arguments. */
const deltaTail = flatWireText(wireText`"}${choiceTail}`);
const inputTail = flatWireText(wireText`"}}]}${choiceTail}`);
const legacyInputTail = flatWireText(wireText`"}}${choiceTail}`);

/**
 * Encodes an answer as OpenAI's `chat.completion.chunk` events. It does no I/O. A delta is spliced between two
 * constant strings without being parsed or escaped again.
 */
export class ChatStream implements WireStream {
  readonly #style: StreamStyle;
  /** The start of every chunk, up to the first entry of `choices`. */
  readonly #head: WireText;
  readonly #usageHead: WireText;
  readonly #textHead: WireText;
  readonly #thinkingHead: WireText;
  /** The start of the chunks with each call's arguments, by the index of its content block. */
  readonly #inputHeads = new Map<number, WireText>();
  readonly #citations: Citations | undefined;

  constructor(identity: ChatIdentity, style: StreamStyle) {
    const chunk = wireText`data: {${identityMembers("chat.completion.chunk", identity)}`;
    this.#style = style;
    this.#citations = style.hasSources ? new Citations() : undefined;
    // With `include_usage`, OpenAI writes `usage: null` into every chunk but the last.
    this.#head = flatWireText(wireText`${chunk}${style.includeUsage ? wireText`,"usage":null` : noText},"choices":[`);
    this.#usageHead = flatWireText(wireText`${chunk},"choices":[],"usage":`);
    this.#textHead = flatWireText(wireText`${this.#head}{"index":0,"delta":{"content":"`);
    this.#thinkingHead = flatWireText(wireText`${this.#head}{"index":0,"delta":{"reasoning_content":"`);
  }

  /** The first chunk of the stream. It has the role `assistant` and no text. */
  open(): WireText {
    return this.#chunk(wireText`"role":"assistant","content":"","refusal":null`);
  }

  /** A chunk with an empty delta. An SSE comment would not reset a client's own idle timer. */
  heartbeat(): WireText {
    return this.#chunk(noText);
  }

  /** Encodes one batch, a chunk per delta. At the end it adds the usage chunk, if the client asked, and `[DONE]`. */
  encode(events: readonly TurnEvent[]): WireText {
    let text = noText;
    for (const event of events) text = joinWireText(text, this.#written(event));
    return text;
  }

  #written(event: TurnEvent): WireText {
    const cited = this.#citations?.take(event);
    if (cited !== undefined && cited.length > 0) {
      return this.#chunk(wireText`"annotations":${jsonLatin1(cited.map(annotation))}`);
    }
    switch (event.type) {
      case "text": return joinWireText(this.#textHead, event.text, deltaTail);
      case "thinking": return joinWireText(this.#thinkingHead, event.text, deltaTail);
      case "block_start":
        return event.block.type === "tool_use"
          ? this.#callStart(event.index, event.block.id, event.block.name)
          : noText;
      case "input_json": {
        const head = this.#inputHeads.get(event.index);
        // The input of a tool that the API runs itself is not written.
        if (head === undefined) return noText;
        return joinWireText(head, event.text, this.#style.isLegacy ? legacyInputTail : inputTail);
      }
      case "message_stop": {
        const reason = jsonLatin1(finishWord(event.stopReason, this.#style));
        const usage = this.#style.includeUsage
          ? wireText`${this.#usageHead}${jsonLatin1(chatUsage(event.usage))}}\n\n`
          : noText;
        const last = wireText`{"index":0,"delta":{},"logprobs":null,"finish_reason":${reason}}]}\n\n`;
        return wireText`${this.#head}${last}${usage}data: [DONE]\n\n`;
      }
      default: return noText;
    }
  }

  /** Encodes a failure that occurs after the headers were sent: the error is the last event; no `[DONE]` follows. */
  fail(error: BridgeError): WireText {
    return wireText`data: ${jsonLatin1({ error: openAiError(error) })}\n\n`;
  }

  #callStart(index: number, id: string, modelName: string): WireText {
    // The call's `index` in `tool_calls`.
    const call = this.#inputHeads.size;
    const inputHead = this.#style.isLegacy
      ? wireText`"function_call":{"arguments":"`
      : wireText`"tool_calls":[{"index":${call},"function":{"arguments":"`;
    this.#inputHeads.set(index, flatWireText(wireText`${this.#head}{"index":0,"delta":{${inputHead}`));
    const name = jsonLatin1(this.#style.names.toClient(modelName));
    if (this.#style.isLegacy) return this.#chunk(wireText`"function_call":{"name":${name},"arguments":""}`);
    const definition = wireText`{"name":${name},"arguments":""}`;
    return this.#chunk(
      wireText`"tool_calls":[{"index":${call},"id":${jsonLatin1(id)},"type":"function","function":${definition}}]`,
    );
  }

  #chunk(delta: WireText): WireText {
    return wireText`${this.#head}{"index":0,"delta":{${delta}}${choiceTail}`;
  }
}

/** A source of an answer's words, as a chat message has it. */
export function annotation(citation: UrlCitation): object {
  return { type: "url_citation", url_citation: citation };
}

/** Serializes an answer's common fields as JSON without braces, so that further fields can be added. */
export function identityMembers(object: string, { id, created, model, systemFingerprint }: ChatIdentity): WireText {
  return jsonMembers({ id, object, created, model, service_tier: "default", system_fingerprint: systemFingerprint });
}

/** The `finish_reason` of an answer. */
export function finishWord(stopReason: StopReason, { isLegacy }: AnswerStyle): string {
  return isLegacy && stopReason === "tool_use" ? "function_call" : finishReasons[stopReason];
}

import type { BridgeError } from "../../../errors.ts";
import { jsonBytes } from "../../../json-text.ts";
import type { StopReason, TurnEvent } from "../../../turn/event.ts";
import type { Usage } from "../../../turn/usage.ts";
import type { WireStream } from "../../dialect.ts";
import { openAiError } from "../errors.ts";
import type { ToolNames } from "../tool-names.ts";
import { promptTokens } from "../usage.ts";

/** The fields that are the same in every chunk of an answer. */
export interface ChatIdentity {
  /** `chatcmpl-…` */
  readonly id: string;
  /** Epoch seconds. */
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
}

/** How a request wants its answer streamed. */
export interface StreamStyle extends AnswerStyle {
  /** True: the stream ends with a chunk that has the usage. */
  readonly includeUsage: boolean;
}

/** Maps stop reasons to `finish_reason`. A paused answer is incomplete, so it is `length`, like a truncated one. */
const finishReasons = {
  end_turn: "stop",
  stop_sequence: "stop",
  max_tokens: "length",
  model_context_window_exceeded: "length",
  pause_turn: "length",
  tool_use: "tool_calls",
  refusal: "content_filter",
} as const satisfies Record<StopReason, string>;

const choiceTail = ',"logprobs":null,"finish_reason":null}]}\n\n';

/**
 * Encodes an answer as OpenAI's `chat.completion.chunk` events: latin1-held UTF-8, to be written as latin1. It does no
 * I/O. A delta is spliced between two constant strings without being parsed or escaped again.
 */
export class ChatStream implements WireStream {
  readonly #style: StreamStyle;
  /** The start of every chunk, up to the first entry of `choices`. */
  readonly #head: string;
  readonly #usageHead: string;
  readonly #textHead: string;
  readonly #thinkingHead: string;
  readonly #deltaTail = `"}${choiceTail}`;
  /** Each call's `index` in `tool_calls`, counted from 0, by the index of its content block. */
  readonly #calls = new Map<number, number>();

  constructor(identity: ChatIdentity, style: StreamStyle) {
    const chunk = `data: ${identityBytes("chat.completion.chunk", identity)}`;
    this.#style = style;
    // With `include_usage`, OpenAI writes `usage: null` into every chunk but the last.
    this.#head = `${chunk}${style.includeUsage ? ',"usage":null' : ""},"choices":[`;
    this.#usageHead = `${chunk},"choices":[],"usage":`;
    this.#textHead = `${this.#head}{"index":0,"delta":{"content":"`;
    this.#thinkingHead = `${this.#head}{"index":0,"delta":{"reasoning_content":"`;
  }

  /** The first chunk, which has the role. */
  open(): string {
    return this.#chunk('"role":"assistant","content":"","refusal":null');
  }

  /** A chunk with an empty delta. An SSE comment would not reset a client's own idle timer. */
  heartbeat(): string {
    return this.#chunk("");
  }

  /** Encodes one batch, a chunk per delta. At the end it adds the usage chunk, if the client asked, and `[DONE]`. */
  encode(events: readonly TurnEvent[]): string {
    let bytes = "";
    for (const event of events) {
      switch (event.type) {
        case "text":
          bytes += this.#textHead + event.text + this.#deltaTail;
          break;
        case "thinking":
          bytes += this.#thinkingHead + event.text + this.#deltaTail;
          break;
        case "block_start":
          if (event.block.type === "tool_use") bytes += this.#callStart(event.index, event.block.id, event.block.name);
          break;
        case "input_json":
          bytes += this.#chunk(this.#style.isLegacy
            ? `"function_call":{"arguments":"${event.text}"}`
            : `"tool_calls":[{"index":${this.#calls.get(event.index)},"function":{"arguments":"${event.text}"}}]`);
          break;
        case "message_stop": {
          const reason = finishWord(event.stopReason, this.#style);
          bytes += `${this.#head}{"index":0,"delta":{},"logprobs":null,"finish_reason":"${reason}"}]}\n\n`;
          if (this.#style.includeUsage) bytes += `${this.#usageHead}${JSON.stringify(openAiUsage(event.usage))}}\n\n`;
          bytes += "data: [DONE]\n\n";
          break;
        }
      }
    }
    return bytes;
  }

  /** Encodes a failure that occurs after the headers were sent: the error is the last event; no `[DONE]` follows. */
  fail(error: BridgeError): string {
    return `data: ${jsonBytes({ error: openAiError(error) })}\n\n`;
  }

  #callStart(index: number, id: string, modelName: string): string {
    const call = this.#calls.size;
    this.#calls.set(index, call);
    const name = jsonBytes(this.#style.names.toClient(modelName));
    return this.#chunk(this.#style.isLegacy
      ? `"function_call":{"name":${name},"arguments":""}`
      : `"tool_calls":[{"index":${call},"id":${jsonBytes(id)},"type":"function",`
        + `"function":{"name":${name},"arguments":""}}]`);
  }

  #chunk(delta: string): string {
    return `${this.#head}{"index":0,"delta":{${delta}}${choiceTail}`;
  }
}

/** Serializes an answer's common fields as JSON without the closing brace, so that further fields can be added. */
export function identityBytes(object: string, { id, created, model, systemFingerprint }: ChatIdentity): string {
  return jsonBytes(
    { id, object, created, model, service_tier: "default", system_fingerprint: systemFingerprint }
  ).slice(0, -1);
}

/** The `finish_reason` of an answer. */
export function finishWord(stopReason: StopReason, { isLegacy }: AnswerStyle): string {
  return isLegacy && stopReason === "tool_use" ? "function_call" : finishReasons[stopReason];
}

/** A turn's token counts as a chat completion's `usage`. */
export function openAiUsage(usage: Usage): object {
  const prompt = promptTokens(usage);
  return {
    prompt_tokens: prompt,
    completion_tokens: usage.outputTokens,
    total_tokens: prompt + usage.outputTokens,
    prompt_tokens_details: { cached_tokens: usage.cacheReadInputTokens, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: usage.thinkingTokens, audio_tokens: 0, accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

import type { BridgeError } from "../../../errors.ts";
import { jsonBytes } from "../../../json-text.ts";
import type { StopReason, TurnEvent } from "../../../turn/event.ts";
import type { Usage } from "../../../turn/usage.ts";
import type { WireStream } from "../../dialect.ts";
import { openAiError } from "../errors.ts";
import type { ToolNames } from "../tool-names.ts";
import { promptTokens } from "../usage.ts";

/** What is the same in every chunk of an answer. */
export interface ChatIdentity {
  /** `chatcmpl-…` */
  readonly id: string;
  /** Epoch seconds. */
  readonly created: number;
  /** As the client named it. */
  readonly model: string;
  readonly systemFingerprint: string;
}

export interface AnswerStyle {
  readonly names: ToolNames;
  /** The deprecated `function_call` in place of `tool_calls`. */
  readonly isLegacy: boolean;
}

export interface StreamStyle extends AnswerStyle {
  readonly includeUsage: boolean;
}

/** OpenAI's reasons for the Messages API's. An answer that was paused lacks its end, like one that was cut. */
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
 * An answer as OpenAI's chunks. Pure: events in, wire bytes out (latin1-held UTF-8, to be written as latin1).
 * A delta is spliced between two constant parts; nothing of it is parsed or escaped again.
 */
export class ChatStream implements WireStream {
  readonly #style: StreamStyle;
  /** All of a chunk before `choices`' entries. */
  readonly #head: string;
  readonly #usageHead: string;
  readonly #textHead: string;
  readonly #thinkingHead: string;
  readonly #deltaTail = `"}${choiceTail}`;
  /** The calls' numbers, from 0, by those of their blocks. */
  readonly #calls = new Map<number, number>();

  constructor(identity: ChatIdentity, style: StreamStyle) {
    const chunk = `data: ${identityBytes("chat.completion.chunk", identity)}`;
    this.#style = style;
    // With include_usage OpenAI puts a null usage into every chunk but the last.
    this.#head = `${chunk}${style.includeUsage ? ',"usage":null' : ""},"choices":[`;
    this.#usageHead = `${chunk},"choices":[],"usage":`;
    this.#textHead = `${this.#head}{"index":0,"delta":{"content":"`;
    this.#thinkingHead = `${this.#head}{"index":0,"delta":{"reasoning_content":"`;
  }

  /** The first chunk: the role, once. */
  open(): string {
    return this.#chunk('"role":"assistant","content":"","refusal":null');
  }

  /** A chunk that says nothing: unlike a comment, it keeps a client's own watchdog quiet. */
  heartbeat(): string {
    return this.#chunk("");
  }

  /** The chunks of one batch: one a delta; at the finish also the usage, if asked for, and the end mark. */
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

  /** A failure after the head went out: the error as the last event, and never an end mark. */
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

/** The identity's JSON without its closing brace. */
export function identityBytes(object: string, { id, created, model, systemFingerprint }: ChatIdentity): string {
  return jsonBytes(
    { id, object, created, model, service_tier: "default", system_fingerprint: systemFingerprint }
  ).slice(0, -1);
}

/** OpenAI's word for why an answer ended. */
export function finishWord(stopReason: StopReason, { isLegacy }: AnswerStyle): string {
  return isLegacy && stopReason === "tool_use" ? "function_call" : finishReasons[stopReason];
}

/** What a turn has cost, as OpenAI counts it. */
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

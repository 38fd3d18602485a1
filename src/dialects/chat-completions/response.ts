import type { BridgeError } from "../../errors.ts";
import { jsonBytes } from "../../json-text.ts";
import type { FinishReason, TurnEvent, Usage } from "../../turn.ts";
import type { ToolNames } from "../tool-names.ts";

/** What is the same in every chunk of an answer. */
export interface AnswerIdentity {
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

const choiceTail = ',"logprobs":null,"finish_reason":null}]}\n\n';

/**
 * An answer as OpenAI's chunks. Pure: events in, wire bytes out (latin1-held UTF-8, to be written as latin1).
 * A delta is spliced between two constant parts; nothing of it is parsed or escaped again.
 */
export class ChatStream {
  readonly #style: StreamStyle;
  /** All of a chunk before `choices`' entries. */
  readonly #head: string;
  readonly #usageHead: string;
  readonly #textHead: string;
  readonly #thinkingHead: string;
  readonly #deltaTail = `"}${choiceTail}`;

  constructor(identity: AnswerIdentity, style: StreamStyle) {
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
        case "tool_call": {
          const name = jsonBytes(this.#style.names.toClient(event.name));
          bytes += this.#chunk(this.#style.isLegacy
            ? `"function_call":{"name":${name},"arguments":""}`
            : `"tool_calls":[{"index":${event.call},"id":${jsonBytes(event.id)},"type":"function","function":{"name":${name},"arguments":""}}]`);
          break;
        }
        case "tool_arguments":
          bytes += this.#chunk(this.#style.isLegacy
            ? `"function_call":{"arguments":"${event.text}"}`
            : `"tool_calls":[{"index":${event.call},"function":{"arguments":"${event.text}"}}]`);
          break;
        case "finish":
          bytes += `${this.#head}{"index":0,"delta":{},"logprobs":null,"finish_reason":"${finishWord(event.reason, this.#style)}"}]}\n\n`;
          if (this.#style.includeUsage) bytes += `${this.#usageHead}${JSON.stringify(openAiUsage(event.usage))}}\n\n`;
          bytes += "data: [DONE]\n\n";
          break;
      }
    }
    return bytes;
  }

  /** A failure after the head went out: the error as the last event, and never an end mark. */
  fail(error: BridgeError): string {
    return `data: ${jsonBytes(error.toOpenAi())}\n\n`;
  }

  #chunk(delta: string): string {
    return `${this.#head}{"index":0,"delta":{${delta}}${choiceTail}`;
  }
}

/** The identity's JSON without its closing brace. */
export function identityBytes(object: string, { id, created, model, systemFingerprint }: AnswerIdentity): string {
  return jsonBytes({ id, object, created, model, service_tier: "default", system_fingerprint: systemFingerprint }).slice(0, -1);
}

/** OpenAI's word for why an answer ended. */
export function finishWord(reason: FinishReason, { isLegacy }: AnswerStyle): string {
  return isLegacy && reason === "tool_calls" ? "function_call" : reason;
}

/** What a turn has cost, as OpenAI counts it. */
export function openAiUsage({ promptTokens, cachedTokens, completionTokens, reasoningTokens }: Usage): object {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: reasoningTokens, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
  };
}

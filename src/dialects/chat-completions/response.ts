import type { BridgeError } from "../../errors.ts";
import { jsonBytes } from "../../json-text.ts";
import type { JsonText, TurnEvent, Usage } from "../../turn.ts";

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

export interface StreamOptions {
  readonly includeUsage: boolean;
}

/**
 * An answer as OpenAI's chunks. Pure: events in, wire bytes out (latin1-held UTF-8, to be written as latin1).
 * A text delta is spliced between two constant parts; nothing of it is parsed or escaped again.
 */
export class ChatStream {
  readonly #head: string;
  readonly #textHead: string;
  readonly #thinkingHead: string;
  readonly #deltaTail: string;
  readonly #includeUsage: boolean;

  constructor({ id, created, model, systemFingerprint }: AnswerIdentity, { includeUsage }: StreamOptions) {
    const identity = jsonBytes({ id, object: "chat.completion.chunk", created, model, service_tier: "default", system_fingerprint: systemFingerprint });
    // With include_usage OpenAI puts a null usage into every chunk but the last.
    this.#head = `data: ${identity.slice(0, -1)}${includeUsage ? ',"usage":null' : ""},"choices":[`;
    this.#textHead = `${this.#head}{"index":0,"delta":{"content":"`;
    this.#thinkingHead = `${this.#head}{"index":0,"delta":{"reasoning_content":"`;
    this.#deltaTail = '"},"logprobs":null,"finish_reason":null}]}\n\n';
    this.#includeUsage = includeUsage;
  }

  /** The first chunk: the role, once. */
  open(): string {
    return `${this.#head}{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}]}\n\n`;
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
        case "finish":
          bytes += `${this.#head}{"index":0,"delta":{},"logprobs":null,"finish_reason":"${event.reason}"}]}\n\n`;
          if (this.#includeUsage) bytes += `${this.#head.replace('"usage":null', `"usage":${JSON.stringify(openAiUsage(event.usage))}`)}]}\n\n`;
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
}

/** The whole answer as OpenAI's one `chat.completion`, from all events of a finished turn. Latin1-held UTF-8. */
export function chatCompletion({ id, created, model, systemFingerprint }: AnswerIdentity, events: readonly TurnEvent[]): string {
  const text: JsonText[] = [];
  const thinking: JsonText[] = [];
  let reason = "stop";
  let usage: Usage = { promptTokens: 0, cachedTokens: 0, completionTokens: 0, reasoningTokens: 0 };
  for (const event of events) {
    if (event.type === "text") text.push(event.text);
    else if (event.type === "thinking") thinking.push(event.text);
    else if (event.type === "finish") ({ reason, usage } = event);
  }
  const identity = jsonBytes({ id, object: "chat.completion", created, model, service_tier: "default", system_fingerprint: systemFingerprint });
  const reasoning = thinking.length === 0 ? "" : `,"reasoning_content":"${thinking.join("")}"`;
  return `${identity.slice(0, -1)},"choices":[{"index":0,"message":{"role":"assistant","content":"${text.join("")}","refusal":null,"annotations":[]${reasoning}}`
    + `,"logprobs":null,"finish_reason":"${reason}"}],"usage":${JSON.stringify(openAiUsage(usage))}}`;
}

function openAiUsage({ promptTokens, cachedTokens, completionTokens, reasoningTokens }: Usage): object {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: reasoningTokens, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
  };
}

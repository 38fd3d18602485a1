import { randomBytes } from "node:crypto";
import { decodeJsonText, encodeJsonText } from "../../../json-text.ts";
import type { JsonText, StopReason } from "../../../turn/event.ts";
import type { Usage } from "../../../turn/usage.ts";
import type { Fields } from "../../check.ts";
import { promptTokens } from "../usage.ts";
import { customInput } from "./items.ts";

/** How far a response, or an item of it, is. */
export type Status = "in_progress" | "completed" | "incomplete" | "failed";

/** An output item that grows. */
export interface OpenItem {
  readonly kind: "message" | "reasoning" | "function_call" | "custom_tool_call";
  readonly id: string;
  /** All of a delta's event but the text. */
  readonly deltaHead: string;
  readonly pieces: Buffer[];
  /** Of a call, as JSON. */
  readonly callId: string;
  /** Of a call, as JSON, with its namespace where it has one. */
  readonly name: string;
}

/** What a response has at its end, as far as it came. */
export interface ResponseEnd {
  /** Its items, as JSON. */
  readonly output?: string;
  readonly error?: object;
  readonly incomplete?: object;
  readonly usage?: object;
}

/** The first two events of every stream. */
export const openingEvents = ["response.created", "response.in_progress"] as const;

/** Why a response has less than the model meant to say. */
export const incompleteReasons: Readonly<Partial<Record<StopReason, string>>> = {
  max_tokens: "max_output_tokens",
  model_context_window_exceeded: "max_output_tokens",
  pause_turn: "max_output_tokens",
  refusal: "content_filter",
};

/** One event of the stream. */
export function eventBytes(type: string, sequence: number, fields?: string): string {
  return `event: ${type}\ndata: `
    + `{"type":"${type}","sequence_number":${sequence}${fields === undefined ? "" : `,${fields}`}}\n\n`;
}

/** A call as an item; `text` is what stands in it already. */
export function callItem({ kind, id, callId, name }: OpenItem, status: Status, text: string): string {
  const field = kind === "function_call" ? "arguments" : "input";
  return `{"id":"${id}","type":"${kind}","status":"${status}","call_id":${callId},"name":${name},"${field}":"${text}"}`;
}

/** A message as an item, with its one part. */
export function messageItem(id: string, status: Status, part: string): string {
  return `{"id":"${id}","type":"message","status":"${status}","role":"assistant","content":[${part}]}`;
}

/** A reasoning as an item, with its one part. */
export function reasoningItem(id: string, status: Status, part: string): string {
  return `{"id":"${id}","type":"reasoning","status":"${status}","summary":[${part}],"encrypted_content":null}`;
}

/** The content part of a message. */
export function textPart(text: string): string {
  return `{"type":"output_text","text":"${text}","annotations":[],"logprobs":[]}`;
}

/** The part of a reasoning item. */
export function summaryPart(text: string): string {
  return `{"type":"summary_text","text":"${text}"}`;
}

/** The text in a custom tool's JSON; undefined where there is none. */
export function customText(json: JsonText): JsonText | undefined {
  try {
    const input = (JSON.parse(decodeJsonText(json)) as Fields)[customInput];
    return typeof input === "string" ? encodeJsonText(input) : undefined;
  } catch {
    return undefined;
  }
}

/** An id for a new item, or for a response. */
export function newId(prefix: string): string {
  return `${prefix}_${randomBytes(18).toString("base64url")}`;
}

/** What a turn has cost, as the Responses API counts it. */
export function openAiUsage(usage: Usage): object {
  const prompt = promptTokens(usage);
  return {
    input_tokens: prompt,
    input_tokens_details: {
      cached_tokens: usage.cacheReadInputTokens, cache_write_tokens: usage.cacheCreationInputTokens,
    },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.thinkingTokens },
    total_tokens: prompt + usage.outputTokens,
  };
}

import { randomBytes } from "node:crypto";
import { decodeJsonText, encodeJsonText } from "../../../json-text.ts";
import type { JsonText, StopReason } from "../../../turn/event.ts";
import type { Usage } from "../../../turn/usage.ts";
import type { Fields } from "../../check.ts";
import { promptTokens } from "../usage.ts";
import { customInput } from "./items.ts";

/** The `status` of a response, or of one of its items. */
export type Status = "in_progress" | "completed" | "incomplete" | "failed";

/** An output item that still receives deltas. */
export interface OpenItem {
  readonly kind: "message" | "reasoning" | "function_call" | "custom_tool_call";
  readonly id: string;
  /** The fields of a delta event up to the delta's text, as JSON. */
  readonly deltaHead: string;
  /** The text of earlier batches, copied. */
  readonly pieces: Buffer[];
  /** A call's id, as JSON; empty for other kinds. */
  readonly callId: string;
  /** A call's name, as JSON, followed by its `namespace` field if it has one; empty for other kinds. */
  readonly name: string;
}

/** The fields of a response that depend on its state. */
export interface ResponseEnd {
  /** The output items as JSON, separated by commas. Default: the finished ones. */
  readonly output?: string;
  readonly error?: object;
  readonly incomplete?: object;
  readonly usage?: object;
}

/** The first two events of every stream. */
export const openingEvents = ["response.created", "response.in_progress"] as const;

/** Maps the stop reasons of an incomplete answer to `incomplete_details.reason`. */
export const incompleteReasons: Readonly<Partial<Record<StopReason, string>>> = {
  max_tokens: "max_output_tokens",
  model_context_window_exceeded: "max_output_tokens",
  pause_turn: "max_output_tokens",
  refusal: "content_filter",
};

/** Formats one server-sent event; `fields` is JSON without braces. */
export function eventBytes(type: string, sequence: number, fields?: string): string {
  return `event: ${type}\ndata: `
    + `{"type":"${type}","sequence_number":${sequence}${fields === undefined ? "" : `,${fields}`}}\n\n`;
}

/** Formats a call as an output item; `text` is its arguments or input so far. */
export function callItem({ kind, id, callId, name }: OpenItem, status: Status, text: string): string {
  const field = kind === "function_call" ? "arguments" : "input";
  return `{"id":"${id}","type":"${kind}","status":"${status}","call_id":${callId},"name":${name},"${field}":"${text}"}`;
}

/** Formats a message as an output item; `part` is empty, or its only content part. */
export function messageItem(id: string, status: Status, part: string): string {
  return `{"id":"${id}","type":"message","status":"${status}","role":"assistant","content":[${part}]}`;
}

/** Formats reasoning as an output item; `part` is empty, or its only summary part. */
export function reasoningItem(id: string, status: Status, part: string): string {
  return `{"id":"${id}","type":"reasoning","status":"${status}","summary":[${part}],"encrypted_content":null}`;
}

/** Formats a message's content part. */
export function textPart(text: string): string {
  return `{"type":"output_text","text":"${text}","annotations":[],"logprobs":[]}`;
}

/** Formats a reasoning item's summary part. */
export function summaryPart(text: string): string {
  return `{"type":"summary_text","text":"${text}"}`;
}

/** Extracts the free text from a custom tool's JSON input. Undefined if the JSON is incomplete or has no such text. */
export function customText(json: JsonText): JsonText | undefined {
  try {
    const input = (JSON.parse(decodeJsonText(json)) as Fields)[customInput];
    return typeof input === "string" ? encodeJsonText(input) : undefined;
  } catch {
    return undefined;
  }
}

/** Makes a random id for an output item. */
export function newId(prefix: string): string {
  return `${prefix}_${randomBytes(18).toString("base64url")}`;
}

/** A turn's token counts as a response's `usage`. */
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

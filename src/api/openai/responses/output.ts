import { createHash } from "node:crypto";
import type { HeldText } from "../../../held-text.ts";
import {
  encodeWireText, flatWireText, joinedWireText, jsonLatin1, noText, type WireText, wireText,
} from "../../../json-text.ts";
import type { JsonText, StopReason } from "../../../turn/event.ts";
import type { Usage } from "../../../turn/usage.ts";
import { promptTokens } from "../usage.ts";

/** The `status` of a response, or of one of its items. */
export type Status = "in_progress" | "completed" | "incomplete" | "failed";

/** An output item that still receives deltas. */
export interface OpenItem {
  readonly kind: "message" | "reasoning" | "function_call" | "custom_tool_call" | "tool_search_call";
  readonly id: WireText;
  /** A call's block in the answer; undefined for other kinds, which may have several. */
  readonly block?: number;
  /** The JSON in each of the item's delta events between `sequence_number` and the delta's text. */
  readonly deltaHead: WireText;
  /** The item's text up to the last batch. */
  readonly text: HeldText;
  /** The message's citations so far, each as JSON. */
  readonly annotations: WireText[];
  /** A call's id, as JSON; empty for other kinds. */
  readonly callId: WireText;
  /** A call's name, as JSON, followed by its `namespace` field if it has one; empty for other kinds. */
  readonly name: WireText;
}

/** The fields of a response that depend on its state. */
export interface ResponseEnd {
  /** The output items as JSON, separated by commas. Default: the finished ones. */
  readonly output?: WireText;
  readonly error?: object;
  readonly incomplete?: object;
  readonly usage?: object;
}

/** The types of the first two events of every stream. */
export const openingEvents = [wireText`response.created`, wireText`response.in_progress`] as const;

/** Maps the stop reasons of an incomplete answer to `incomplete_details.reason`. */
export const incompleteReasons: Readonly<Partial<Record<StopReason, string>>> = {
  max_tokens: "max_output_tokens",
  model_context_window_exceeded: "max_output_tokens",
  pause_turn: "max_output_tokens",
  refusal: "content_filter",
};

/** The start of a server-sent event of a type, up to the event's number. */
export function eventHead(type: WireText): WireText {
  return wireText`event: ${type}\ndata: {"type":"${type}","sequence_number":`;
}

/** Formats one server-sent event; `fields` is JSON without braces. */
export function eventText(type: WireText, sequence: number, fields?: WireText): WireText {
  const rest = fields === undefined ? noText : wireText`,${fields}`;
  return wireText`${eventHead(type)}${sequence}${rest}}\n\n`;
}

/** The beginning of a delta's event, up to its number, by the kind of the item that the delta belongs to. */
export const deltaEventHeads = {
  message: flatWireText(eventHead(wireText`response.output_text.delta`)),
  reasoning: flatWireText(eventHead(wireText`response.reasoning_summary_text.delta`)),
  function_call: flatWireText(eventHead(wireText`response.function_call_arguments.delta`)),
} as const;
/** The end of a delta's event, behind the delta's text. */
export const deltaEventTail = wireText`"}\n\n`;

/** Joins items as the members of a JSON array. */
export function listed(items: readonly WireText[]): WireText {
  return joinedWireText(items.flatMap((item, index) => (index === 0 ? [item] : [wireText`,`, item])));
}

/**
 * Formats a call as an output item; `text` is its arguments or input so far. The arguments of a `tool_search_call` are
 * an object, all others text.
 */
export function callItem({ kind, id, callId, name }: OpenItem, status: Status, text: WireText | JsonText): WireText {
  const head = wireText`${itemHead(id, kind, status)},"call_id":${callId}`;
  switch (kind) {
    case "tool_search_call":
      return wireText`${head},"execution":"client","arguments":${text === noText ? wireText`{}` : text}}`;
    case "function_call":
      return wireText`${head},"name":${name},"arguments":"${text}"}`;
    default:
      return wireText`${head},"name":${name},"input":"${text}"}`;
  }
}

/** Formats a message as an output item; `part` is empty, or its only content part. */
export function messageItem(id: WireText, status: Status, part: WireText): WireText {
  return wireText`${itemHead(id, "message", status)},"role":"assistant","content":[${part}]}`;
}

/** Formats reasoning as an output item; `part` is empty, or its only summary part. */
export function reasoningItem(id: WireText, status: Status, part: WireText, sealed?: string): WireText {
  const encrypted = jsonLatin1(sealed ?? null);
  return wireText`${itemHead(id, "reasoning", status)},"summary":[${part}],"encrypted_content":${encrypted}}`;
}

function itemHead(id: WireText, type: OpenItem["kind"], status: Status): WireText {
  return wireText`{"id":"${id}","type":"${encodeWireText(type)}","status":"${encodeWireText(status)}"`;
}

/** Formats a message's content part. */
export function textPart(text: WireText | JsonText, annotations: readonly WireText[] = []): WireText {
  return wireText`{"type":"output_text","text":"${text}","annotations":[${listed(annotations)}],"logprobs":[]}`;
}

/** Formats a reasoning item's summary part. */
export function summaryPart(text: WireText | JsonText): WireText {
  return wireText`{"type":"summary_text","text":"${text}"}`;
}

/** How many characters an item's id has behind its prefix: as many as OpenAI's. */
const itemIdChars = 24;

/** Makes the id of a response's output item from the item's place in the output: no other item has the same. */
export function itemId(prefix: string, responseId: string, place: number): WireText {
  const hash = createHash("sha256").update(`${responseId} ${place}`).digest("base64url");
  return encodeWireText(`${prefix}_${hash.slice(0, itemIdChars)}`);
}

/** A turn's token counts as a response's `usage`. */
export function responseUsage(usage: Usage): object {
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

/** The events of a response, as they must be on the wire. */
import assert from "node:assert/strict";
import type { FinishedResponse, ResponseStyle } from "../../src/api/openai/responses/response-style.ts";
import { ResponseStream } from "../../src/api/openai/responses/response.ts";
import { ToolNames } from "../../src/api/tool-names.ts";
import type { StopReason, TurnEvent } from "../../src/turn/event.ts";
import { judgeResponseStream } from "./responses-wire.ts";
import { messageStart, messageStop, noUsage } from "./turn-events.ts";

export const identity = { id: "resp_1", createdAt: 1_700_000_000 };
export const echo = { instructions: "é", model: "opus", tools: [] };
const constant = { id: "resp_1", object: "response", created_at: 1_700_000_000, background: false, ...echo };
export const usage = { ...noUsage, inputTokens: 19, cacheReadInputTokens: 7, cacheCreationInputTokens: 6, outputTokens: 9, thinkingTokens: 4 };
export const openAiUsage = { input_tokens: 32, input_tokens_details: { cached_tokens: 7, cache_write_tokens: 6 }, output_tokens: 9, output_tokens_details: { reasoning_tokens: 4 }, total_tokens: 41 };

export const start = messageStart({ ...usage, outputTokens: 1 });
export const finish = (reason: StopReason = "end_turn"): TurnEvent => messageStop(reason, usage);

export const utf8 = (latin1: string): string => Buffer.from(latin1, "latin1").toString("utf8");

interface Wire { readonly stream: ResponseStream; readonly finished: FinishedResponse[] }

export function wireOf(style: Partial<ResponseStyle> = {}): Wire {
  const finished: FinishedResponse[] = [];
  return { stream: new ResponseStream(identity, { names: new ToolNames(), customTools: new Set(), hasSources: false, includesThoughts: false, isStored: false, echo, ...style }, (whole) => finished.push(whole)), finished };
}

/** One batch more behind the bytes that were written, as `sendEventStream` does it: the first that gives any is encoded before the opening. */
export function withBatch({ stream }: Wire, written: string, batch: readonly TurnEvent[]): string {
  const encoded = stream.encode(batch);
  return encoded !== "" && written === "" ? stream.open() + encoded : written + encoded;
}

export function relayed(wire: Wire, ...batches: readonly (readonly TurnEvent[])[]): string {
  return batches.reduce((written, batch) => withBatch(wire, written, batch), "");
}

/** The events of a stream, each under its own name. */
export function eventsIn(bytes: string): any[] {
  assert.ok(bytes.endsWith("\n\n"), "the last event is whole");
  return utf8(bytes).slice(0, -2).split("\n\n").map((block) => {
    const [, name, data] = /^event: (\S+)\ndata: ([^\n\r]+)$/u.exec(block) ?? assert.fail(block);
    const event = JSON.parse(data ?? "");
    assert.equal(event.type, name);
    return event;
  });
}

/** The events of a turn, with each item's id, which is made up, by its place: `msg#0`. Asserts their numbers and the rules of the wire. */
export function eventsOf(events: readonly TurnEvent[], style?: Partial<ResponseStyle>): any[] {
  const bytes = relayed(wireOf(style), events);
  judgeResponseStream(Buffer.from(bytes, "latin1"));
  const ids = new Map<string, string>();
  for (const { type, item, output_index: place } of eventsIn(bytes)) if (type === "response.output_item.added") ids.set(item.id, `${/^([a-z]+)_[\w-]{24}$/u.exec(item.id)?.[1]}#${place}`);
  const renamed = (value: unknown): any => JSON.parse(JSON.stringify(value), (_key, inner) => (typeof inner === "string" ? ids.get(inner) ?? inner : inner));
  return renamed(eventsIn(bytes)).map(({ sequence_number: number, ...event }: any, index: number) => {
    assert.equal(number, index);
    return event;
  });
}

export const inState = (status: string, more: object = {}): object => ({ ...constant, status, error: null, incomplete_details: null, output: [], usage: null, ...more });

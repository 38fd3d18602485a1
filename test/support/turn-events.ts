/** A turn's events as a test wants to compare them: neighbouring deltas joined and decoded. */
import { decodeJsonText, encodeJsonText } from "../../src/json-text.ts";
import type { JsonText, StopReason, TurnEvent } from "../../src/turn/event.ts";
import type { Usage } from "../../src/turn/usage.ts";

export interface TurnSummary {
  readonly model: string | undefined;
  readonly thinking: string;
  readonly text: string;
  readonly stopReason: StopReason | undefined;
  readonly usage: Usage | undefined;
  /** The events' types in their order, repetitions left out, and the borders of blocks but for the start of a call: `tool_use`. */
  readonly order: string;
}

export function summaryOf(events: readonly TurnEvent[]): TurnSummary {
  const joined = (type: "text" | "thinking"): string =>
    decodeJsonText(events.flatMap((event) => (event.type === type ? [event.text] : [])).join("") as JsonText);
  const start = events.find((event) => event.type === "message_start");
  const stop = events.find((event) => event.type === "message_stop");
  return {
    model: start?.model, thinking: joined("thinking"), text: joined("text"), stopReason: stop?.stopReason, usage: stop?.usage,
    order: events.flatMap(orderName).filter((type, index, types) => type !== types[index - 1]).join(" "),
  };
}

function orderName(event: TurnEvent): string[] {
  if (event.type === "block_start" && event.block.type === "tool_use") return ["tool_use"];
  return event.type === "block_start" || event.type === "block_stop" ? [] : [event.type];
}

/** Events as short as a test wants to write them; the blocks that the deltas belong to need not have begun. */
export const noUsage: Usage = {
  inputTokens: 0, cacheReadInputTokens: 0, cacheCreationInputTokens: 0, ephemeral5mInputTokens: 0, ephemeral1hInputTokens: 0, outputTokens: 0, thinkingTokens: 0,
};
export const messageStart = (usage: Usage = noUsage, model = "claude-x"): TurnEvent => ({ type: "message_start", id: "msg_1", model, usage });
export const text = (plain: string, index = 0): TurnEvent => ({ type: "text", index, text: encodeJsonText(plain) });
export const thinking = (plain: string, index = 0): TurnEvent => ({ type: "thinking", index, text: encodeJsonText(plain) });
export const textStart = (index = 0): TurnEvent => ({ type: "block_start", index, block: { type: "text" } });
export const thinkingStart = (index = 0): TurnEvent => ({ type: "block_start", index, block: { type: "thinking" } });
export const toolUse = (index: number, id: string, name: string): TurnEvent => ({ type: "block_start", index, block: { type: "tool_use", id, name } });
export const inputJson = (index: number, plain: string): TurnEvent => ({ type: "input_json", index, text: encodeJsonText(plain) });
export const blockStop = (index = 0): TurnEvent => ({ type: "block_stop", index });
export const messageStop = (stopReason: StopReason, usage: Usage = noUsage, stopSequence?: string): TurnEvent => ({ type: "message_stop", stopReason, stopSequence, usage });

/** All that a turn gives until it ends, and the error if it ends in one. */
export async function collect(batches: AsyncIterable<readonly TurnEvent[]>): Promise<{ readonly events: TurnEvent[]; readonly error: unknown }> {
  const events: TurnEvent[] = [];
  try {
    for await (const batch of batches) events.push(...batch);
    return { events, error: undefined };
  } catch (error) {
    return { events, error };
  }
}

export interface CallSummary {
  readonly id: string;
  readonly name: string;
  /** The JSON as it streamed, joined and decoded. */
  readonly json: string;
}

/** The calls of an answer in their order; throws on pieces for a call that was not announced, or announced out of turn. */
export function callsIn(events: readonly TurnEvent[]): CallSummary[] {
  const calls = new Map<number, { readonly id: string; readonly name: string; escaped: string }>();
  for (const event of events) {
    if (event.type === "block_start" && event.block.type === "tool_use") {
      const { id, name } = event.block;
      if (event.index < Math.max(-1, ...calls.keys())) throw new Error(`block ${event.index} begins out of turn`);
      calls.set(event.index, { id, name, escaped: "" });
    } else if (event.type === "input_json") {
      const call = calls.get(event.index);
      if (call === undefined) throw new Error(`input for block ${event.index}, which has not begun`);
      call.escaped += event.text;
    }
  }
  return [...calls.values()].map(({ escaped, ...call }) => ({ ...call, json: decodeJsonText(escaped as JsonText) }));
}

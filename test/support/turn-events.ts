/** A turn's events as a test wants to compare them: neighbouring deltas joined and decoded. */
import type { BridgeError } from "../../src/errors.ts";
import { decodeJsonText, encodeJsonText } from "../../src/json-text.ts";
import type { JsonText, StopReason, TurnEvent } from "../../src/turn/event.ts";
import { noUsage, type Usage } from "../../src/turn/usage.ts";

export interface TurnSummary {
  readonly model: string | undefined;
  readonly thinking: string;
  readonly text: string;
  readonly stopReason: StopReason | undefined;
  readonly usage: Usage | undefined;
  /**
   * The events' types in their order, repetitions left out, and `accepted`, and the borders of blocks but for the start of
   * a call: `tool_use`.
   */
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
  return event.type === "accepted" || event.type === "block_start" || event.type === "block_stop" ? [] : [event.type];
}

export { noUsage };

/** Events as short as a test wants to write them; the blocks that the deltas belong to need not have begun. */
export const messageStart = (usage: Usage = noUsage, model = "claude-x"): TurnEvent => ({ type: "message_start", id: "msg_1", model, usage });
export const text = (plain: string, index = 0): TurnEvent => ({ type: "text", index, text: encodeJsonText(plain) });
export const thinking = (plain: string, index = 0): TurnEvent => ({ type: "thinking", index, text: encodeJsonText(plain) });
export const textStart = (index = 0): TurnEvent => ({ type: "block_start", index, block: { type: "text" } });
export const thinkingStart = (index = 0): TurnEvent => ({ type: "block_start", index, block: { type: "thinking" } });
export const toolUse = (index: number, id: string, name: string): TurnEvent => ({ type: "block_start", index, block: { type: "tool_use", id, name } });
/** What a tool that the API runs itself leaves in an answer, and a block that is not known here: three blocks from `first` on. */
export const apiToolEvents = (first: number): TurnEvent[] => [
  { type: "block_start", index: first, block: { type: "server_tool_use", id: "srv_1", name: "web_search", input: {} } },
  inputJson(first, '{"query":"END"}'), blockStop(first),
  { type: "block_start", index: first + 1, block: { type: "web_search_tool_result", tool_use_id: "srv_1", content: [] } }, blockStop(first + 1),
  { type: "block_start", index: first + 2, block: { type: "other", block: { type: "novelty" } } },
  { type: "other_delta", index: first + 2, delta: { type: "novelty_delta" } }, blockStop(first + 2),
];
export const inputJson = (index: number, plain: string): TurnEvent => ({ type: "input_json", index, text: encodeJsonText(plain) });
export const blockStop = (index = 0): TurnEvent => ({ type: "block_stop", index });
export const messageStop = (stopReason: StopReason, usage: Usage = noUsage, stopSequence?: string): TurnEvent => ({ type: "message_stop", stopReason, stopSequence, stopDetails: undefined, usage });

/** The kind of block that each delta belongs to. */
const blockOfDelta = { text: "text", citation: "text", thinking: "thinking", signature: "thinking" } as const;
const withoutInput: readonly (string | undefined)[] = ["text", "thinking", "redacted_thinking"];

/**
 * Throws where events break the grammar of `TurnEvent`: one `message_start`, before which nothing of the answer comes; blocks one
 * after the other, numbered from 0, each with deltas of its kind; one `message_stop`, behind which there is nothing.
 * `isWhole`: the turn has ended without an error, so all of this must be there.
 */
export function checkGrammar(events: readonly TurnEvent[], isWhole: boolean): void {
  let state: "before" | "between" | "within" | "after" = "before";
  let blocks = 0;
  let kind: string | undefined;
  for (const [position, event] of events.entries()) {
    const demand = (isMet: boolean): void => {
      if (!isMet) throw new Error(`event ${position} breaks the grammar: ${JSON.stringify(events.slice(0, position + 1).map(shortForm))}`);
    };
    switch (event.type) {
      case "accepted": case "retry":
        demand(state === "before" || (state === "between" && blocks === 0));
        break;
      case "message_start":
        demand(state === "before");
        state = "between";
        break;
      case "block_start":
        demand(state === "between" && event.index === blocks);
        state = "within";
        blocks++;
        kind = event.block.type;
        break;
      case "block_stop":
        demand(state === "within" && event.index === blocks - 1);
        state = "between";
        break;
      case "message_stop":
        demand(state === "between");
        state = "after";
        break;
      case "input_json":
        demand(state === "within" && event.index === blocks - 1 && !withoutInput.includes(kind));
        break;
      case "other_delta":
        demand(state === "within" && event.index === blocks - 1);
        break;
      default:
        demand(state === "within" && event.index === blocks - 1 && kind === blockOfDelta[event.type]);
    }
  }
  if (isWhole && state !== "after") throw new Error(`the turn has no end: ${JSON.stringify(events.map(shortForm))}`);
}

function shortForm(event: TurnEvent): string {
  return `${event.type}${"index" in event ? ` ${event.index}` : ""}`;
}

export interface Collected {
  readonly events: TurnEvent[];
  readonly error: unknown;
}

/** All that a turn gives until it ends, and the error if it ends in one. Throws where the events break the grammar. */
export async function collect(batches: AsyncIterable<readonly TurnEvent[]>): Promise<Collected> {
  const collected = await collectUnchecked(batches);
  checkGrammar(collected.events, collected.error === undefined);
  return collected;
}

/** The error of a turn that ends in one. */
export async function errorOf(batches: AsyncIterable<readonly TurnEvent[]>): Promise<BridgeError> {
  const { error } = await collect(batches);
  return error as BridgeError;
}

/** `collect` without the grammar. */
export async function collectUnchecked(batches: AsyncIterable<readonly TurnEvent[]>): Promise<Collected> {
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
  const servedByApi = new Set(events.flatMap((event) => (event.type === "block_start" && event.block.type !== "tool_use" ? [event.index] : [])));
  for (const event of events) {
    if (event.type === "block_start" && event.block.type === "tool_use") {
      const { id, name } = event.block;
      if (event.index < Math.max(-1, ...calls.keys())) throw new Error(`block ${event.index} begins out of turn`);
      calls.set(event.index, { id, name, escaped: "" });
    } else if (event.type === "input_json" && !servedByApi.has(event.index)) {
      const call = calls.get(event.index);
      if (call === undefined) throw new Error(`input for block ${event.index}, which has not begun`);
      call.escaped += event.text;
    }
  }
  return [...calls.values()].map(({ escaped, ...call }) => ({ ...call, json: decodeJsonText(escaped as JsonText) }));
}

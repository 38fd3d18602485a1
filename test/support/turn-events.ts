/** A turn's events as a test wants to compare them: neighbouring deltas joined and decoded. */
import { decodeJsonText } from "../../src/json-text.ts";
import type { FinishReason, JsonText, TurnEvent, Usage } from "../../src/turn.ts";

export interface TurnSummary {
  readonly model: string | undefined;
  readonly thinking: string;
  readonly text: string;
  readonly finish: FinishReason | undefined;
  readonly usage: Usage | undefined;
  /** The events' types, repetitions left out: shows the order. */
  readonly order: string;
}

export function summaryOf(events: readonly TurnEvent[]): TurnSummary {
  const joined = (type: "text" | "thinking"): string =>
    decodeJsonText(events.flatMap((event) => (event.type === type ? [event.text] : [])).join("") as JsonText);
  const start = events.find((event) => event.type === "start");
  const finish = events.find((event) => event.type === "finish");
  return {
    model: start?.model, thinking: joined("thinking"), text: joined("text"), finish: finish?.reason, usage: finish?.usage,
    order: events.map(({ type }) => type).filter((type, index, types) => type !== types[index - 1]).join(" "),
  };
}

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
  const calls: { id: string; name: string; escaped: string }[] = [];
  for (const event of events) {
    if (event.type === "tool_call") {
      if (event.call !== calls.length) throw new Error(`call ${event.call} is announced as number ${calls.length}`);
      calls.push({ id: event.id, name: event.name, escaped: "" });
    } else if (event.type === "tool_arguments") {
      const call = calls[event.call];
      if (call === undefined) throw new Error(`arguments for call ${event.call}, which was not announced`);
      call.escaped += event.text;
    }
  }
  return calls.map(({ escaped, ...call }) => ({ ...call, json: decodeJsonText(escaped as JsonText) }));
}

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

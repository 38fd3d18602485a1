import type { Message, Turn, TurnEvent, TurnSink } from "../turn.ts";

/** The CLI knows no tool_choice, so it is told to the model; what it does all the same is dealt with in the engine. */
export function withToolChoice(turn: Turn): Turn {
  const instructions = [
    ...choiceInstruction(turn),
    ...(turn.parallelToolCalls || turn.tools.length === 0 || turn.toolChoice.type === "none" ? [] : ["Call at most one tool in an answer."]),
  ];
  return instructions.length === 0 ? turn : { ...turn, system: [turn.system, ...instructions].filter((part) => part !== "").join("\n\n") };
}

function choiceInstruction({ toolChoice, tools }: Turn): string[] {
  if (tools.length === 0) return [];
  switch (toolChoice.type) {
    case "auto": return [];
    case "none": return ["Do not call any tool. Answer in text."];
    case "required": return ["Your answer must be a call of one of your tools."];
    case "tool": return [`Your answer must be a call of the tool ${toolChoice.name}.`];
  }
}

/** An answer without a call is not one that the client can use. */
export function mustCall({ toolChoice }: Turn): boolean {
  return toolChoice.type === "required" || toolChoice.type === "tool";
}

/** What the model is asked once, when it answered without the call that it was to make. */
export const callNow: Message = { role: "user", content: [{ type: "text", text: "Make the tool call now, without any other words." }] };

/** Holds an answer's text back until its first call, so that an answer without one can still be turned round: without a call nothing but thinking has gone out. */
export class HeldUntilCall implements TurnSink {
  readonly #sink: TurnSink;
  readonly #held: TurnEvent[] = [];
  #hasCall = false;

  constructor(sink: TurnSink) {
    this.#sink = sink;
  }

  /** There was a call. */
  get hasCall(): boolean {
    return this.#hasCall;
  }

  take(batch: readonly TurnEvent[]): Promise<void> | undefined {
    if (this.#hasCall) return this.#sink.take(batch);
    this.#hasCall = batch.some(({ type }) => type === "tool_call");
    if (this.#hasCall) return this.#sink.take([...this.#held, ...batch]);
    for (const event of batch) if (event.type === "text") this.#held.push(event);
    const out = batch.filter(({ type }) => type === "start" || type === "retry" || type === "thinking");
    return out.length === 0 ? undefined : this.#sink.take(out);
  }
}

import type { StopReason } from "../../turn/event.ts";

/** Maps stop reasons to `finish_reason`. A paused answer is incomplete, so it is `length`, like a truncated one. */
export const finishReasons = {
  end_turn: "stop",
  stop_sequence: "stop",
  max_tokens: "length",
  model_context_window_exceeded: "length",
  pause_turn: "length",
  tool_use: "tool_calls",
  refusal: "content_filter",
} as const satisfies Record<StopReason, string>;

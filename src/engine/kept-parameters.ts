/**
 * Whether an answer shows that the API was told a parameter. A CLI that dropped `CLAUDE_CODE_EXTRA_BODY` would say
 * nothing of it, and the answer would be to another request than the client's.
 */

import { parametersOf, type ToldTurn } from "../claude/parameters.ts";
import { isCallForced } from "../claude/tool-choice.ts";
import type { StopReason } from "../turn/event.ts";
import type { AssistantBlock } from "../turn/message.ts";

/** A parameter whose effect shows in an answer. */
type ShownParameter = "tool_choice" | "output_config";

/** What an answer shows of the parameters that its turn depends on: that all were kept, or one that was not. */
export type Kept = "all" | { readonly lost: ShownParameter };

/**
 * What a whole answer shows; undefined where it shows nothing. The API forces a call, and holds an answer to its
 * format, unless the answer ends early or the model refuses.
 */
export function keptParameters(
  turn: ToldTurn, blocks: readonly AssistantBlock[] | undefined, stopReason: StopReason,
): Kept | undefined {
  if (blocks === undefined || (stopReason !== "end_turn" && stopReason !== "tool_use")) return undefined;
  if (isCallForced(turn)) return blocks.some(isCall) ? "all" : { lost: "tool_choice" };
  if (turn.outputFormat === undefined || !("output_config" in parametersOf(turn)) || blocks.some(isCall)) {
    return undefined;
  }
  return isJson(blocks) ? "all" : { lost: "output_config" };
}

/** Whether an answer to this turn can show anything. */
export function showsParameters(turn: ToldTurn): boolean {
  return isCallForced(turn) || turn.outputFormat !== undefined;
}

/** Also a search of the web, which the API's own tool makes. */
function isCall({ type }: AssistantBlock): boolean {
  return type !== "text" && type !== "thinking" && type !== "redacted_thinking";
}

function isJson(blocks: readonly AssistantBlock[]): boolean {
  const text = blocks.map((block) => (block.type === "text" ? block.text : "")).join("");
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

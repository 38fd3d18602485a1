import type { Turn } from "../turn/turn.ts";
import type { JsonObject } from "./protocol.ts";
import { asksToThink } from "./thinking.ts";
import { webSearchName } from "./tool-definitions.ts";

/** The parts of a turn that decide how its tool choice is told. */
type Choosing = Partial<Pick<
  Turn, "tools" | "toolChoice" | "webSearch" | "disableParallelToolUse" | "responseSchema" | "maxTokens" | "thinking"
>> & { readonly refusedParameters?: ReadonlySet<string> };

/**
 * Whether the client demands a call (`tool_choice` is a tool or `any`): of one of its own tools, or of the API's web
 * search. An answer without one is of no use to it.
 */
export function mustCall({ tools = [], webSearch, toolChoice }: Choosing): boolean {
  const hasTools = tools.length > 0 || webSearch !== undefined;
  return hasTools && (toolChoice?.type === "any" || toolChoice?.type === "tool");
}

/** Whether a web search counts as the call that the client demands (`mustCall`). */
export function maySearchAsCall({ webSearch, toolChoice }: Choosing): boolean {
  return webSearch !== undefined && (toolChoice?.type !== "tool" || toolChoice.name === webSearchName);
}

/**
 * Whether the API forces the model to call a tool. The API refuses that for a model that thinks. So a turn that does
 * not ask for thinking gets none, and its call is forced. A turn that asks for thinking keeps it, and the system prompt
 * asks for the call instead.
 */
export function isCallForced(turn: Choosing): boolean {
  return mustCall(turn) && !isChoiceRefused(turn) && !asksToThink(turn);
}

/**
 * Whether the API is sent the tool choice `none`, and so keeps the model from calling. It is not where the model
 * answers by a call of the CLI's schema tool, nor where it may search the web, which is a tool of the API's: calls of
 * the client's tools are refused one by one then.
 */
export function isCallForbidden({ webSearch, ...turn }: Choosing): boolean {
  const isFree = turn.responseSchema !== undefined || webSearch !== undefined;
  return turn.toolChoice?.type === "none" && !isChoiceRefused(turn) && !isFree;
}

/** Whether the model has refused `tool_choice`: then the system prompt has the whole choice in words. */
export function isChoiceRefused({ refusedParameters }: Choosing): boolean {
  return refusedParameters?.has("tool_choice") === true;
}

/** The turn's `tool_choice` in the Messages API. Undefined where the model is free to call, or is told in words. */
export function toolChoiceParameter(turn: Choosing): JsonObject | undefined {
  const { tools = [], toolChoice = { type: "auto" }, disableParallelToolUse = false } = turn;
  if (!(tools.length > 0 || isCallForced(turn)) || isChoiceRefused(turn)) return undefined;
  if (toolChoice.type === "none") return isCallForbidden(turn) ? { type: "none" } : undefined;
  const choice = isCallForced(turn) ? toolChoice : { type: "auto" };
  // The client means its own tools, not how often the model searches.
  if (disableParallelToolUse && tools.length > 0) return { ...choice, disable_parallel_tool_use: true };
  return choice.type === "auto" ? undefined : { ...choice };
}

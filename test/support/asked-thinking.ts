/** Whether the model is to think, by what README says of a chat request. */
import type { Sent } from "./chat-transcript.ts";
import { choiceOf } from "./raw-body-tools.ts";

/** The smallest budget that the API takes, in tokens. */
export const budgetMin = 1_024;

/** Of the answer, in tokens. */
export function boundOf(request: Sent): number | undefined {
  return request["max_completion_tokens"] ?? request["max_tokens"] ?? undefined;
}

export function effortWord(request: Sent): string | undefined {
  return request["reasoning_effort"] ?? request["reasoning"]?.effort ?? undefined;
}

/** Then no call is forced: the API does not take the two together. */
export function asksToThink(request: Sent): boolean {
  return ["enabled", "adaptive"].includes(request["thinking"]?.type) && !isSwitchedOff(request);
}

/** That is asked for, or no budget has room below the bound, or the API is to force a call. */
export function isThinkingOff(request: Sent): boolean {
  return isSwitchedOff(request) || (choiceOf(request).mustCall && !asksToThink(request));
}

function isSwitchedOff(request: Sent): boolean {
  return request["thinking"]?.type === "disabled" || effortWord(request) === "none" || (boundOf(request) ?? Infinity) <= budgetMin;
}

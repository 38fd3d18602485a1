import { BridgeError } from "../errors.ts";
import type { ToldTurn } from "./parameters.ts";
import { resultsOfLastCalls } from "./tool-results.ts";
import type { TurnTranslator } from "./translate.ts";

/**
 * The state of a conversation between two runs. `known`: the CLI's history is exactly what was asked and answered.
 * `parked`: the CLI waits for the results of these calls. `unknown`: an answer was cut, failed or abandoned, so the
 * process can only be rewound. `dead`: the process has ended, by this error.
 */
export type Standing =
  | { readonly name: "known" }
  | { readonly name: "parked"; readonly callIds: readonly string[] }
  | { readonly name: "unknown" }
  | { readonly name: "dead"; readonly error: BridgeError };

/** Whether another run of the same conversation is possible. */
export function isReusable({ name }: Standing): boolean {
  return name === "known" || name === "parked";
}

/** Why no further run is possible; undefined if one is. */
export function faultOf(standing: Standing): BridgeError | undefined {
  if (standing.name === "dead") return standing.error;
  if (isReusable(standing)) return undefined;
  return new BridgeError("cli_failed", "The claude process has no further use.");
}

/**
 * Whether a conversation that was told a turn's first `seen` messages can continue with the other messages. A parked
 * one cannot if the turn changes some settings, such as the effort: 2.1.330 would make its next request with the old
 * ones.
 */
export function canContinue(
  { name }: Standing, turn: ToldTurn, seen: number, settings: { suits(turn: ToldTurn): boolean },
): boolean {
  if (name !== "parked") return name === "known";
  const { messages } = turn;
  return seen === messages.length - 1 && resultsOfLastCalls(messages) !== undefined && settings.suits(turn);
}

/**
 * The state in which a run leaves its conversation. Undefined if the client was told less than the process has in its
 * history: the conversation then stays `unknown`.
 */
export function standingAfter(
  { outcome, callIds, hasToldAllCalls }: Pick<TurnTranslator, "outcome" | "callIds" | "hasToldAllCalls">,
): Extract<Standing, { readonly name: "known" | "parked" }> | undefined {
  if (!hasToldAllCalls) return undefined;
  if (outcome.name === "finished") return { name: "known" };
  return outcome.name === "parked" ? { name: "parked", callIds } : undefined;
}

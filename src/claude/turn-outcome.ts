import type { BridgeError } from "../errors.ts";
import type { StopReason } from "../turn/event.ts";

/**
 * How far a turn is. `finished`: the CLI is done and waits for the next message. `parked`: it waits for the results of
 * the calls that the answer ended with. `cut`: the answer is whole for the client, but the CLI would go on by itself,
 * so its process must end. `failed`: there is no answer.
 */
export type TurnOutcome =
  | { readonly name: "running" }
  | { readonly name: "finished" }
  | { readonly name: "parked" }
  | { readonly name: "cut" }
  | { readonly name: "failed"; readonly error: BridgeError };

/** Where the CLI goes on by itself after these (a resume prompt, a note of its own), so the answer is cut there. */
const cuttingReasons = [
  "max_tokens", "model_context_window_exceeded", "refusal",
] as const satisfies readonly StopReason[];
const endingReasons = ["end_turn", "stop_sequence", ...cuttingReasons] as const satisfies readonly StopReason[];

/** Whether an answer that the API stopped for this reason is cut. */
export function isCutting(stopReason: string | undefined): boolean {
  return cuttingReasons.some((reason) => reason === stopReason);
}

/** A reason that ends an answer of text, as the vocabulary has it; undefined for one that is not known. */
export function endingReason(stopReason: string | undefined): StopReason | undefined {
  return endingReasons.find((reason) => reason === stopReason);
}

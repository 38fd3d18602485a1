import type { BridgeError } from "../errors.ts";
import type { StopReason } from "../turn/event.ts";

/**
 * How far a turn is. `finished`: the CLI is done and waits for the next message. `parked`: the CLI waits for the
 * results of the calls that the answer ended with. `cut`: the answer is whole for the client, but the CLI would
 * continue by itself, so its process must end. `stopped`: the answer is whole for the client, and the CLI waits for the
 * results of calls that the client was not told of, so its process can only be rewound. `failed`: there is no answer.
 */
export type TurnOutcome =
  | { readonly name: "running" }
  | { readonly name: "finished" }
  | { readonly name: "parked" }
  | { readonly name: "cut" }
  | { readonly name: "stopped" }
  | { readonly name: "failed"; readonly error: BridgeError };

/** After these stop reasons the CLI asks the model to go on, in words of its own, so the turn ends as `cut`. */
const cuttingReasons = [
  "max_tokens", "model_context_window_exceeded", "refusal",
] as const satisfies readonly StopReason[];
const endingReasons = [
  "end_turn", "stop_sequence", "pause_turn", ...cuttingReasons,
] as const satisfies readonly StopReason[];

/** Whether an answer is cut when the API stopped it for this reason. */
export function isCutting(stopReason: string | undefined): boolean {
  return cuttingReasons.some((reason) => reason === stopReason);
}

/** Returns the reason if it is one that ends an answer in text, and undefined if it is unknown. */
export function endingReason(stopReason: string | undefined): StopReason | undefined {
  return endingReasons.find((reason) => reason === stopReason);
}

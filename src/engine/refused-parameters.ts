import { isThinkingOff, type RefusableName, refusableOf, type ToldTurn } from "../claude/parameters.ts";
import { BridgeError } from "../errors.ts";
import type { Turn } from "../turn/turn.ts";

/** By which words the API names a parameter that it refuses. */
const names: Readonly<Record<RefusableName, RegExp>> = {
  // The first that is named is left out, so of two that do not go together it is the second of these.
  top_p: /\btop_p\b/u,
  top_k: /\btop_k\b/u,
  temperature: /\btemperature\b/u,
  stop_sequences: /\bstop[ _]sequences?\b/u,
  // The CLI itself asks once more without it, from 2.1.330 on.
  "thinking.display": /\bthinking\b.*\bdisplay\b/u,
};

/**
 * The parameters that models have refused, learnt from the API's words: which model takes which is in no list. They are
 * remembered by model, and by whether it thinks, until the server ends.
 */
export class RefusedParameters {
  readonly #refused = new Map<string, ReadonlySet<RefusableName>>();

  /** The turn, without the parameters that its model refuses. */
  without(turn: Turn): ToldTurn {
    const refusedParameters = this.#refused.get(keyOf(turn));
    return refusedParameters === undefined ? turn : { ...turn, refusedParameters };
  }

  /** Notes the failure of a turn. Returns whether a parameter was refused, so that the turn can be asked without it. */
  note(turn: ToldTurn, error: unknown): boolean {
    if (!(error instanceof BridgeError) || error.code !== "invalid_request") return false;
    const sent = refusableOf(turn);
    const inOrder = Object.keys(names) as RefusableName[];
    const name = inOrder.find((one) => sent.includes(one) && names[one].test(error.message));
    if (name === undefined) return false;
    this.#refused.set(keyOf(turn), new Set([...turn.refusedParameters ?? [], name]));
    return true;
  }
}

function keyOf(turn: Turn): string {
  return `${turn.model} ${isThinkingOff(turn) ? "without" : "with"} thinking`;
}

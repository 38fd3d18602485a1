import { createHash } from "node:crypto";
import { isThinkingOff, type RefusableName, refusableOf, type ToldTurn } from "../claude/parameters.ts";
import { BridgeError } from "../errors.ts";
import type { Turn } from "../turn/turn.ts";

/** By which words the API names a parameter that it refuses. */
const names: Readonly<Record<RefusableName, RegExp>> = {
  // The format in it, by its name of before too; a schema that is too much for the API has words of its own. It comes
  // before the others: such words may name properties.
  output_config: /\boutput_(?:config(?!\.effort)|format)\b|\b[Ss]chemas? (?:is too|contains)\b|\bcompiled grammar\b/u,
  // The first that is named is left out, so of two that do not go together it is the second of these.
  top_p: /\btop_p\b/u,
  top_k: /\btop_k\b/u,
  temperature: /\btemperature\b/u,
  stop_sequences: /\bstop[ _]sequences?\b/u,
  // The CLI itself asks once more without it, from 2.1.330 on.
  "thinking.display": /\bthinking\b.*\bdisplay\b/u,
};
const formatName: RefusableName = "output_config";
const none: ReadonlySet<RefusableName> = new Set();
/** By which words the API refuses a format whatever its schema is. */
const refusesFormats = /\bmodel\b|\bExtra inputs\b/u;
/** How many refused schemas are remembered. */
const schemasMax = 1_000;

/**
 * The parameters that models have refused, learnt from the API's words: which model takes which is in no list. They are
 * remembered by model, and by whether it thinks, until the server ends. Of a format that is refused for its schema only
 * that schema is remembered.
 */
export class RefusedParameters {
  readonly #refused = new Map<string, ReadonlySet<RefusableName>>();
  /** Hashes of schemas and what they were refused for, the oldest first. */
  readonly #schemas = new Set<string>();

  /** The turn, without the parameters that its model refuses. */
  without(turn: Turn): ToldTurn {
    const refused = this.#refused.get(keyOf(turn)) ?? none;
    const refusedParameters = this.#isSchemaRefused(turn) ? new Set([...refused, formatName]) : refused;
    return refusedParameters.size === 0 ? turn : { ...turn, refusedParameters };
  }

  /** Notes the failure of a turn. Returns whether a parameter was refused, so that the turn can be asked without it. */
  note(turn: ToldTurn, error: unknown): boolean {
    if (!(error instanceof BridgeError) || error.code !== "invalid_request") return false;
    const sent = refusableOf(turn);
    const inOrder = Object.keys(names) as RefusableName[];
    const name = inOrder.find((one) => sent.includes(one) && names[one].test(error.message));
    if (name === undefined) return false;
    if (name === formatName && !refusesFormats.test(error.message)) this.#noteSchema(turn);
    else this.#refused.set(keyOf(turn), new Set([...this.#refused.get(keyOf(turn)) ?? none, name]));
    return true;
  }

  #isSchemaRefused(turn: Turn): boolean {
    return this.#schemas.size > 0 && turn.responseFormat !== undefined && this.#schemas.has(schemaKeyOf(turn));
  }

  #noteSchema(turn: Turn): void {
    const [oldest = ""] = this.#schemas;
    if (this.#schemas.size >= schemasMax) this.#schemas.delete(oldest);
    this.#schemas.add(schemaKeyOf(turn));
  }
}

function schemaKeyOf(turn: Turn): string {
  return createHash("sha256").update(`${keyOf(turn)} ${JSON.stringify(turn.responseFormat)}`).digest("base64");
}

function keyOf(turn: Turn): string {
  return `${turn.model} ${isThinkingOff(turn) ? "without" : "with"} thinking`;
}

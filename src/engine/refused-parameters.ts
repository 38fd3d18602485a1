import { createHash } from "node:crypto";
import { isThinkingOff, type RefusableName, refusableOf, type ToldTurn } from "../claude/parameters.ts";
import { BridgeError, type ErrorCode } from "../errors.ts";
import type { Turn } from "../turn/turn.ts";

/** By which words the API names a parameter that it refuses. */
const names: Readonly<Record<RefusableName, RegExp>> = {
  // Where all schemas together are too much for the API, its words fit this line and the next: strict tools are dropped
  // first, the answer's format only if it refuses again.
  "tools.strict": /\bstrict tools\b|\btools\.\d+\.custom: |\b[Ss]chemas? (?:is too|contains)\b|\bcompiled grammar\b/u,
  // `output_config.format`, which the API also calls by its former name, `output_format`.
  output_config: /\boutput_(?:config(?!\.effort)|format)\b|\b[Ss]chemas? (?:is too|contains)\b|\bcompiled grammar\b/u,
  "top_p beside temperature": /\b(?:temperature|top_p)\b.*\bcannot both be specified\b/u,
  top_p: /\btop_p\b/u,
  top_k: /\btop_k\b/u,
  temperature: /\btemperature\b/u,
  stop_sequences: /\bstop[ _]sequences?\b/u,
  tool_choice: /\btool_choice\b/u,
  // The CLI itself asks once more without it, from 2.1.330 on.
  "thinking.display": /\bthinking\b.*\bdisplay\b/u,
};
/** What the CLI puts before the API's words. Before that may be this server's, which name one of the client's tools. */
const beforeWords = /^.*?\bAPI Error: /su;
/**
 * The codes of a refused parameter. `invalid_request` becomes `invalid_value` where the API's words point at one of the
 * client's tools (`ServedTools.explain`).
 */
const refusals: ReadonlySet<ErrorCode> = new Set(["invalid_request", "invalid_value"]);
const none: ReadonlySet<RefusableName> = new Set();
/** The API's words for a model that takes no schemas at all. Any other refusal is about the schema that was sent. */
const refusesSchemas = /\bthis model\b|\bextra inputs\b/iu;
/** How many refused schemas are remembered. */
const schemasMax = 1_000;

/**
 * The parameters that models have refused, learnt from the API's words: which model takes which is in no list. They are
 * remembered by model, and by whether it thinks, until the server ends. Of what is refused for its schema only that
 * schema is remembered.
 */
export class RefusedParameters {
  readonly #refused = new Map<string, ReadonlySet<RefusableName>>();
  /** Hashes of schemas and what they were refused for, the oldest first. */
  readonly #schemas = new Set<string>();

  /** The turn, without the parameters that its model refuses. */
  without(turn: Turn): ToldTurn {
    const refused = this.#refused.get(keyOf(turn)) ?? none;
    const schemas = this.#schemas.size === 0 ? [] : schemaNames.filter((name) => this.#schemas.has(hashOf(turn, name)));
    const refusedParameters = schemas.length === 0 ? refused : new Set([...refused, ...schemas]);
    return refusedParameters.size === 0 ? turn : { ...turn, refusedParameters };
  }

  /** Notes the failure of a turn. Returns whether a parameter was refused, so that the turn can be asked without it. */
  note(turn: ToldTurn, error: unknown): boolean {
    if (!(error instanceof BridgeError) || !refusals.has(error.code)) return false;
    const name = firstNamed(error.message.replace(beforeWords, ""), refusableOf(turn));
    if (name === undefined) return false;
    if (isSchemaName(name) && !refusesSchemas.test(error.message)) this.#noteSchema(hashOf(turn, name));
    else this.#refused.set(keyOf(turn), new Set([...this.#refused.get(keyOf(turn)) ?? none, name]));
    return true;
  }

  #noteSchema(hash: string): void {
    const [oldest = ""] = this.#schemas;
    if (this.#schemas.size >= schemasMax) this.#schemas.delete(oldest);
    this.#schemas.add(hash);
  }
}

/**
 * Which of the parameters that were sent is at fault. The API begins with the one that it refuses; what it says of a
 * schema may then name properties such as `top_p`. Where two begin alike it is the first in `names`.
 */
function firstNamed(words: string, sent: readonly RefusableName[]): RefusableName | undefined {
  const inOrder = (Object.keys(names) as RefusableName[]).filter((name) => sent.includes(name));
  const found = inOrder.map((name) => ({ name, at: words.search(names[name]) })).filter(({ at }) => at !== -1);
  return found.sort((one, other) => one.at - other.at)[0]?.name;
}

/** Parameters that may be refused because of one schema: with another schema they are sent again. */
const schemaNames = ["output_config", "tools.strict"] as const;

function isSchemaName(name: RefusableName): name is (typeof schemaNames)[number] {
  return schemaNames.some((one) => one === name);
}

function hashOf(turn: Turn, name: (typeof schemaNames)[number]): string {
  const schema = name === "output_config"
    ? turn.responseFormat
    : turn.tools.map((tool) => [tool.name, tool.strictSchema]);
  return createHash("sha256").update(`${keyOf(turn)} ${name} ${JSON.stringify(schema)}`).digest("base64");
}

/**
 * Leaves out what was refused, so that the key stays the same: once `tool_choice` is refused no call is forced, and the
 * turn would count as one with thinking.
 */
function keyOf({ refusedParameters: _refused, ...turn }: ToldTurn): string {
  return `${turn.model} ${isThinkingOff(turn) ? "without" : "with"} thinking`;
}

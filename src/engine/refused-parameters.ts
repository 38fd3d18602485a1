import { createHash } from "node:crypto";
import { isThinkingOff, parametersOf, type RefusableName, refusableOf, type ToldTurn } from "../claude/parameters.ts";
import { BridgeError, type ErrorCode } from "../errors.ts";
import type { Turn } from "../turn/turn.ts";

/** By which words the API names a parameter that it refuses. */
const names: Readonly<Record<RefusableName, RegExp>> = {
  // Where all schemas together are too much for the API, its words fit this line and the next: strict tools are dropped
  // first, the answer's format only if it refuses again.
  "tools.strict": /\bstrict tools\b|\btools\.\d+\.custom: |\b[Ss]chemas? (?:is too|contains)\b|\bcompiled grammar\b/u,
  // `output_config.format`, which the API also calls by its former name, `output_format`.
  output_config: /\boutput_(?:config(?!\.effort)|format)\b|\b[Ss]chemas? (?:is too|contains)\b|\bcompiled grammar\b/u,
  // Only in backticks: in quotes it may be a name of the client's own, such as a property's.
  "top_p beside temperature": /`(?:temperature|top_p)`.*\bcannot both be specified\b/u,
  top_p: /^top_p\b|`top_p`/u,
  top_k: /^top_k\b|`top_k`/u,
  temperature: /^temperature\b|`temperature`/u,
  stop_sequences: /\bstop[ _]sequences?\b/u,
  tool_choice: /\btool_choice\b/u,
  // CLIs from 2.1.330 on ask again without this field by themselves.
  "thinking.display": /\bthinking\b.*\bdisplay\b/u,
};
/**
 * What the CLI puts before the API's words. Before it may stand this server's own, which name a tool of the client's.
 */
const beforeWords = /^.*?\bAPI Error: (?:\d{3} )?/su;
/** The request's field with which the API's words begin, where they name a place in it: `tools.0.custom: …`. */
const fieldInWords = /^([a-z_]+)(?:\.[\w.-]+)?: /u;
/** The request's fields for names of this table that are no field themselves, or that have two. */
const otherFields: Readonly<Partial<Record<RefusableName, readonly string[]>>> = {
  "tools.strict": ["tools"], output_config: ["output_config", "output_format"], "thinking.display": ["thinking"],
  "top_p beside temperature": ["temperature", "top_p"],
};
/**
 * The codes of a refused parameter. `invalid_request` becomes `invalid_value` where the API's words point at one of the
 * client's tools (`ServedTools.explain`).
 */
const refusals: ReadonlySet<ErrorCode> = new Set(["invalid_request", "invalid_value"]);
const none: ReadonlySet<RefusableName> = new Set();
/** The API's words for a model that takes no schemas at all. Any other refusal is about the schema that was sent. */
const refusesSchemas = /\bthis model\b|\bextra inputs\b/iu;
/**
 * The API's words for a model that takes a parameter with no value at all. Any other refusal is about the value sent.
 */
const refusesAnyValue = new RegExp([
  refusesSchemas.source, "\\bdeprecated\\b", "\\bthinking\\b", "\\bnot (?:supported|permitted|allowed)\\b",
].join("|"), "iu");
/** How many refused values are remembered. */
const valuesMax = 1_000;

/**
 * The parameters that models have refused, learnt from the API's words: which model takes which is in no list. They are
 * remembered by model, and by whether it thinks, until the server ends. Of what is refused for its value, such as a
 * schema, only that value is remembered.
 */
export class RefusedParameters {
  readonly #refused = new Map<string, ReadonlySet<RefusableName>>();
  /** Hashes of values and what they were refused for, the oldest first. */
  readonly #values = new Set<string>();

  /** The turn, without the parameters that its model refuses. */
  without(turn: Turn): ToldTurn {
    const refused = this.#refused.get(keyOf(turn)) ?? none;
    const values = this.#values.size === 0 ? [] : valuesOf(turn).filter((value) => this.#values.has(hashOf(value)));
    const refusedParameters = values.length === 0 ? refused : new Set([...refused, ...values.map(({ name }) => name)]);
    return refusedParameters.size === 0 ? turn : { ...turn, refusedParameters };
  }

  /** Notes the failure of a turn. Returns whether a parameter was refused, so that the turn can be asked without it. */
  note(turn: ToldTurn, error: unknown): boolean {
    if (!(error instanceof BridgeError) || !refusals.has(error.code)) return false;
    const words = error.message.replace(beforeWords, "");
    const name = firstNamed(words, refusableOf(turn));
    if (name === undefined) return false;
    const value = valuesOf(turn).find((sent) => sent.name === name);
    const refusesAny = schemaNames.has(name) ? refusesSchemas : refusesAnyValue;
    if (value !== undefined && !refusesAny.test(words)) this.#noteValue(hashOf(value));
    else this.#refused.set(keyOf(turn), new Set([...this.#refused.get(keyOf(turn)) ?? none, name]));
    return true;
  }

  #noteValue(hash: string): void {
    const [oldest = ""] = this.#values;
    if (this.#values.size >= valuesMax) this.#values.delete(oldest);
    this.#values.add(hash);
  }
}

/**
 * Which of the parameters that were sent is at fault. The API begins with the one that it refuses; what it says of a
 * schema may then name properties such as `top_p`. Where two match at the same place it is the first in `names`. Where
 * the words begin with a field of none of them it is none.
 */
function firstNamed(words: string, sent: readonly RefusableName[]): RefusableName | undefined {
  const field = fieldInWords.exec(words)?.[1];
  const isOfField = (name: RefusableName): boolean => (
    field === undefined || (otherFields[name] ?? [name]).includes(field));
  const inOrder = (Object.keys(names) as RefusableName[]).filter((name) => sent.includes(name) && isOfField(name));
  const found = inOrder.map((name) => ({ name, at: words.search(names[name]) })).filter(({ at }) => at !== -1);
  return found.sort((one, other) => one.at - other.at)[0]?.name;
}

/** The parameters that have a schema. */
const schemaNames: ReadonlySet<RefusableName> = new Set(["output_config", "tools.strict"]);

/** A parameter's value in one turn; the API may refuse it and take another. `key` is the turn's, of `keyOf`. */
interface AskedValue { readonly name: RefusableName; readonly value: unknown; readonly key: string }

/** The values of a turn's parameters, also of those that were refused. */
function valuesOf({ refusedParameters: _refused, ...turn }: ToldTurn): readonly AskedValue[] {
  const key = keyOf(turn);
  const { tools: _tools, ...parameters } = parametersOf(turn);
  const named = Object.entries(parameters).map(([name, value]) => ({ name: name as RefusableName, value, key }));
  const strict = turn.tools.map((tool) => [tool.name, tool.strictSchema]);
  return strict.every(([, schema]) => schema === undefined)
    ? named
    : [...named, { name: "tools.strict", value: strict, key }];
}

function hashOf({ name, value, key }: AskedValue): string {
  return createHash("sha256").update(`${key} ${name} ${JSON.stringify(value)}`).digest("base64");
}

/**
 * The key under which a turn's refused parameters are noted: its model, and whether it thinks. Computed as if nothing
 * had been refused: without `tool_choice` the model may think again, and the next turn would look under another key.
 */
function keyOf({ refusedParameters: _refused, ...turn }: ToldTurn): string {
  return `${turn.model} ${isThinkingOff(turn) ? "without" : "with"} thinking`;
}

import type { ThinkingDisplay, Turn } from "../turn/turn.ts";
import type { JsonObject } from "./protocol.ts";
import { hasRoomToThink } from "./thinking.ts";
import { isCallForced, toolChoiceParameter } from "./tool-choice.ts";
import { isCutByCli, toolDefinitions, webSearchTool } from "./tool-definitions.ts";

/**
 * The parameters of the Messages API that the server sets beside those which the CLI sets itself. The CLI merges them
 * over its request (`CLAUDE_CODE_EXTRA_BODY`).
 */
export type ParameterName =
  "temperature" | "top_p" | "top_k" | "stop_sequences" | "tool_choice" | "output_config" | "tools";

/**
 * What a model may refuse: one of these parameters but `tools`; `top_p beside temperature`, the two in one request;
 * `tools.strict`, that calls fit their schemas by construction; `thinking.display`, that thoughts are shown (set by a
 * control request, not as a parameter).
 */
export type RefusableName =
  Exclude<ParameterName, "tools"> | "top_p beside temperature" | "tools.strict" | "thinking.display";

/** A turn, and what the engine has decided about how the CLI is told it. */
export interface ToldTurn extends Turn {
  /** Whether the API is sent the client's own tool definitions (`tools`), in place of those that the CLI makes. */
  readonly tellsTools?: boolean;
  /** The parameters that the model has refused before, and is not sent again. */
  readonly refusedParameters?: ReadonlySet<RefusableName>;
}

/** The `display` of thinking with which the API shows the thoughts themselves. */
export const shownThoughts = "summarized" satisfies ThinkingDisplay;

/** A stop sequence that the API refuses: nothing but white space, be it Python's or JavaScript's. */
const whiteSpace = /^[\s\u001c-\u001f\u0085]*$/u;

/**
 * Whether the model does not think: the turn disables thinking, its output limit leaves no room for it, or the API
 * forces a tool call.
 */
export function isThinkingOff(turn: Partial<ToldTurn>): boolean {
  return turn.thinking?.type === "disabled" || !hasRoomToThink(turn) || isCallForced(turn);
}

/** The API parameters of a turn. Without sampling where the model thinks: the API then takes no other than its own. */
export function parametersOf(turn: Partial<ToldTurn>): JsonObject {
  const { sampling = {}, stopSequences = [], outputFormat, refusedParameters } = turn;
  const refused: ReadonlySet<string> = refusedParameters ?? new Set();
  const { temperature, topP, topK } = isThinkingOff(turn) ? sampling : {};
  const isTopPLeftOut = refused.has("top_p beside temperature") && temperature !== undefined;
  const upstream = stopSequences.filter(canStopUpstream);
  const wanted: Readonly<Record<ParameterName, unknown>> = {
    temperature, top_p: isTopPLeftOut ? undefined : topP, top_k: topK,
    stop_sequences: upstream.length === 0 ? undefined : upstream,
    tool_choice: toolChoiceParameter(turn),
    // The CLI adds its `effort` to the same object.
    output_config: outputFormat && { format: { type: "json_schema", schema: outputFormat } },
    tools: toolsParameter(turn),
  };
  const told = Object.entries(wanted).filter(([name, value]) => value !== undefined && !refused.has(name));
  return Object.fromEntries(told);
}

/**
 * The API's `tools`. The parameter replaces the CLI's whole list, so beside a web search it must have the client's
 * tools too.
 */
function toolsParameter(turn: Partial<ToldTurn>): readonly JsonObject[] | undefined {
  const { tools = [], tellsTools = false, webSearch } = turn;
  if (webSearch === undefined) return tellsTools ? toolDefinitions(tools, isStrict(turn)) : undefined;
  return [...toolDefinitions(tools, isStrict(turn)), webSearchTool(webSearch)];
}

/** Whether tools are sent as `strict` where the client asks for that: not once the model has refused it. */
function isStrict({ refusedParameters }: Partial<ToldTurn>): boolean {
  return refusedParameters?.has("tools.strict") !== true;
}

/**
 * Whether the CLI would pass on some tool of the turn incompletely. Then all tools are better sent as the API's
 * `tools`.
 */
export function hasCutTool(turn: ToldTurn): boolean {
  return turn.tools.some((tool) => isCutByCli(tool, isStrict(turn)));
}

/**
 * The `thinking.display` that the API is asked for, of a turn that may think: whether thoughts come as text. Null
 * leaves it to the CLI, once the model has refused the field.
 */
export function displayOf({ thinking, refusedParameters }: Partial<ToldTurn>): ThinkingDisplay | null {
  if (refusedParameters?.has("thinking.display") === true) return null;
  return (thinking?.type === "disabled" ? undefined : thinking?.display) ?? shownThoughts;
}

/** Those of a turn's parameters that are sent, and that its model may refuse. */
export function refusableOf(turn: ToldTurn): readonly RefusableName[] {
  const { tools, ...parameters } = parametersOf(turn);
  const hasStrict = isStrict(turn) && turn.tools.some(({ strictSchema }) => strictSchema !== undefined);
  const isShown = !isThinkingOff(turn) && displayOf(turn) !== null;
  return [
    ...Object.keys(parameters) as Exclude<ParameterName, "tools">[],
    ...("temperature" in parameters && "top_p" in parameters ? ["top_p beside temperature" as const] : []),
    ...(tools !== undefined && hasStrict ? ["tools.strict" as const] : []),
    ...(isShown ? ["thinking.display" as const] : []),
  ];
}

/**
 * How many bytes of JSON a turn's API parameters may have in all, if one of them is a long one, such as a schema. They
 * are an environment variable of every program that the CLI starts, such as a keychain's helper. With one above 128 KiB
 * such a program does not start, without an error; Windows takes 32,767 characters. A policy's hooks could read what
 * the client says in them, so under a policy no long one is sent.
 */
export function longParameterBytesMax(platform: NodeJS.Platform, hasPolicy: boolean): number {
  if (hasPolicy) return 0;
  return platform === "win32" ? 30_000 : 100_000;
}

/**
 * The stop sequences that this server looks for itself, as the API is not sent them: those of white space, which it
 * refuses, or all where the model has refused `stop_sequences`.
 */
export function stopsHere({ stopSequences, refusedParameters }: ToldTurn): readonly string[] {
  return refusedParameters?.has("stop_sequences") === true
    ? stopSequences
    : stopSequences.filter((sequence) => !canStopUpstream(sequence));
}

function canStopUpstream(sequence: string): boolean {
  return !whiteSpace.test(sequence);
}

import type { Turn } from "../turn/turn.ts";
import type { JsonObject } from "./protocol.ts";

/**
 * The parameters of the Messages API that the server sets beside those which the CLI sets itself. The CLI merges them
 * over its request (`CLAUDE_CODE_EXTRA_BODY`).
 */
export type ParameterName = "temperature" | "top_p" | "top_k" | "stop_sequences";

/** A turn, and which parameters may not go along with it. */
export interface ToldTurn extends Turn {
  /** Parameters that the model has refused. */
  readonly refusedParameters?: ReadonlySet<ParameterName>;
}

/** The smallest thinking budget that the Messages API accepts, in tokens. It must also be below the output limit. */
export const thinkingTokensMin = 1_024;

/** Whether the model does not think: that is asked for, or the output limit leaves no room for it. */
export function isThinkingOff({ maxTokens, thinking }: Pick<Turn, "maxTokens" | "thinking">): boolean {
  return thinking?.type === "disabled" || (maxTokens !== undefined && maxTokens <= thinkingTokensMin);
}

/** What a turn has of the API's parameters. Where the model thinks, it takes no sampling. */
export function parametersOf(turn: Partial<ToldTurn>): JsonObject {
  const { sampling = {}, stopSequences = [], refusedParameters } = turn;
  const { temperature, topP, topK } = isThinkingOff(turn) ? sampling : {};
  const upstream = stopSequences.filter(canStopUpstream);
  const wanted: Readonly<Record<ParameterName, unknown>> = {
    temperature, top_p: topP, top_k: topK, stop_sequences: upstream.length === 0 ? undefined : upstream,
  };
  return Object.fromEntries(Object.entries(wanted).filter(([name, value]) => (
    value !== undefined && refusedParameters?.has(name as ParameterName) !== true
  )));
}

/** The stop sequences that the API does not get: those of white space, which it refuses, or all. */
export function stopsHere({ stopSequences, refusedParameters }: ToldTurn): readonly string[] {
  return refusedParameters?.has("stop_sequences") === true
    ? stopSequences
    : stopSequences.filter((sequence) => !canStopUpstream(sequence));
}

function canStopUpstream(sequence: string): boolean {
  return sequence.trim() !== "";
}

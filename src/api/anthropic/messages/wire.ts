/** An answer's parts as Anthropic's API writes them: the message around it, its blocks' starts, its usage. */

import type { StartedBlock, TurnEvent } from "../../../turn/event.ts";
import type { Usage } from "../../../turn/usage.ts";
import type { ToolNames } from "../../tool-names.ts";

/** The parts of a request that decide how its answer is written. */
export interface AnswerStyle {
  readonly names: ToolNames;
  /** The model's name as the client wrote it: for an answer whose model the API did not tell. */
  readonly model: string;
}

type Start = Extract<TurnEvent, { type: "message_start" }>;
type Stop = Extract<TurnEvent, { type: "message_stop" }>;

/** The fields with which a message begins, before its content. */
export function messageHead({ id, model }: Start, style: AnswerStyle): object {
  return { id, type: "message", role: "assistant", model: model === "" ? style.model : model };
}

/** A block as `content_block_start` has it: empty, and a call with the client's name of the tool. */
export function blockHead(block: StartedBlock, { names }: AnswerStyle): object {
  switch (block.type) {
    case "text": return { type: "text", text: "" };
    case "thinking": return { type: "thinking", thinking: "", signature: "" };
    case "tool_use":
      return { type: "tool_use", id: block.id, name: names.toClient(block.name), input: {} };
    case "other": return block.block;
    default: return block;
  }
}

/** The `usage` of a whole message, and of a streamed one's `message_start`. */
export function messageUsage(usage: Usage): object {
  return {
    ...inputTokens(usage), cache_creation: cacheCreation(usage), ...outputTokens(usage), ...usage.others,
  };
}

/**
 * The `usage` at the end of a streamed message: without `service_tier`, `inference_geo` and `speed`, which
 * `message_start` has told. `cache_creation` is there only if it differs from that at the start (`begun`), because the
 * CLI has asked the model several times for the answer.
 */
export function finalUsage(usage: Usage, begun: Usage): object {
  const { service_tier: _tier, inference_geo: _place, speed: _speed, ...others } = usage.others;
  const [created, createdAtStart] = [cacheCreation(usage), cacheCreation(begun)];
  const isSame = JSON.stringify(created) === JSON.stringify(createdAtStart);
  return { ...inputTokens(usage), ...(isSame ? {} : { cache_creation: created }), ...outputTokens(usage), ...others };
}

/** The tokens written to the cache, by how long they live; null where the API has told only their sum. */
function cacheCreation(usage: Usage): object | null {
  const { cacheCreationInputTokens: all, ephemeral5mInputTokens: short, ephemeral1hInputTokens: long } = usage;
  return short + long === all ? { ephemeral_5m_input_tokens: short, ephemeral_1h_input_tokens: long } : null;
}

function inputTokens(usage: Usage): object {
  return {
    input_tokens: usage.inputTokens, cache_creation_input_tokens: usage.cacheCreationInputTokens,
    cache_read_input_tokens: usage.cacheReadInputTokens,
  };
}

function outputTokens({ outputTokens: all, thinkingTokens }: Usage): object {
  const details = thinkingTokens === 0 ? {} : { output_tokens_details: { thinking_tokens: thinkingTokens } };
  return { output_tokens: all, ...details };
}

/** The fields of `ending` in an answer that has not ended; and no `container`, as no code is run for the model here. */
export const noEnding = { container: null, stop_reason: null, stop_sequence: null, stop_details: null } as const;

/** Why an answer ended. `stop_details` is there where the API has told some. */
export function ending({ stopReason, stopSequence, stopDetails }: Stop): object {
  return {
    stop_reason: stopReason, stop_sequence: stopSequence ?? null,
    ...(stopDetails === undefined ? {} : { stop_details: stopDetails }),
  };
}

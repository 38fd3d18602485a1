import {
  arrayAt, type Fields, isAbsent, objectAt, optionalBoolean, optionalObject, optionalWholeNumber, refuseUnless,
  stringAt,
} from "../../check.ts";
import type { TurnRequest } from "../../dialect.ts";
import { withModelKeys } from "../../model-keys.ts";
import { modelName } from "../../model-name.ts";
import { samplingSettings } from "../../sampling.ts";
import { ToolNames } from "../../tool-names.ts";
import { webSearchName } from "../../web-search.ts";
import { effortSettings, effortWord, formatSettings, temperatureMax } from "../settings.ts";
import { endpoints } from "../shapes.ts";
import { allowsSearch, responsesForm } from "../tools.ts";
import { searchOfTools, searchSettings } from "../web-search.ts";
import { collectItems, parseItems } from "./items.ts";
import type { ResponseStyle } from "./response-style.ts";
import type { ResponseStore } from "./store.ts";
import { parseTools } from "./tools.ts";

/** A checked request for a response. */
export interface ResponsesRequest extends TurnRequest, ResponseStyle {
  /** The conversation up to this request as input items, without references: stored with the response. */
  readonly items: readonly Fields[];
}

/** Parses OpenAI's `CreateResponse`. Throws a BridgeError that names the field which cannot be honoured. */
export function parseResponsesRequest(
  body: unknown, defaultModel: string, stored: ResponseStore, allowsWebSearch = false,
): ResponsesRequest {
  const fields = objectAt(body, "body");
  const include = refuseUnsupported(fields);
  const names = new ToolNames();
  const search = allowsWebSearch ? searchOfTools(fields["tools"], fields["max_tool_calls"]) : undefined;
  // Reserved even where this turn may not search: the client's tools keep their names throughout a conversation.
  if (search !== undefined) names.reserve(webSearchName);
  const text = optionalObject(fields["text"], "text");
  const format = optionalObject(text?.["format"], "text.format");
  const answerForm = formatSettings(format, "text.format", names, endpoints.responses);
  const searching = searchSettings(search, allowsSearch(fields["tool_choice"], responsesForm), answerForm);
  const hasSearch = searching.webSearch !== undefined;
  const instructions = isAbsent(fields["instructions"]) ? "" : stringAt(fields["instructions"], "instructions");
  const placed = collectItems(fields, stored);
  const { system, messages } = parseItems(placed, instructions, names, hasSearch);
  const { customTools, searchTool, ...tools } = parseTools(fields, placed, messages, names, hasSearch);
  const maxTokens = optionalWholeNumber(fields["max_output_tokens"], "max_output_tokens", 1)
    ?? optionalWholeNumber(fields["max_completion_tokens"], "max_completion_tokens", 1)
    ?? optionalWholeNumber(fields["max_tokens"], "max_tokens", 1);
  const reasoning = optionalObject(fields["reasoning"], "reasoning");
  const model = modelName(fields["model"], defaultModel);
  const isStored = optionalBoolean(fields["store"], "store") ?? true;
  return {
    turn: {
      system, messages: withModelKeys(messages, names), ...tools, stopSequences: [],
      ...effortSettings(effortWord(reasoning?.["effort"], "reasoning.effort")),
      ...samplingSettings(fields, temperatureMax),
      ...(maxTokens === undefined ? {} : { maxTokens }),
      ...answerForm, ...searching,
    },
    model,
    stream: optionalBoolean(fields["stream"], "stream") ?? false,
    isStored,
    includesThoughts: include.includes("reasoning.encrypted_content"),
    items: placed.map(({ item }) => item),
    names,
    customTools,
    hasSources: hasSearch,
    ...(searchTool === undefined ? {} : { searchTool }),
    echo: {
      access_programs: null,
      instructions: fields["instructions"] ?? null,
      max_output_tokens: maxTokens ?? null,
      max_tool_calls: fields["max_tool_calls"] ?? null,
      metadata: fields["metadata"] ?? {},
      model,
      parallel_tool_calls: !tools.disableParallelToolUse,
      previous_response_id: fields["previous_response_id"] ?? null,
      prompt_cache_key: fields["prompt_cache_key"] ?? null,
      reasoning: { effort: reasoning?.["effort"] ?? null, summary: reasoning?.["summary"] ?? null },
      safety_identifier: fields["safety_identifier"] ?? null,
      service_tier: "default",
      store: isStored,
      temperature: fields["temperature"] ?? 1,
      text: { format: format ?? { type: "text" }, verbosity: text?.["verbosity"] ?? "medium" },
      tool_choice: fields["tool_choice"] ?? "auto",
      tools: fields["tools"] ?? [],
      top_logprobs: 0,
      top_p: fields["top_p"] ?? 1,
      truncation: fields["truncation"] ?? "disabled",
      ...(isAbsent(fields["user"]) ? {} : { user: fields["user"] }),
    },
  };
}

/**
 * Refuses unsupported fields that would change the answer's meaning if ignored. The README lists the ignored ones.
 * Returns what `include` asks for.
 */
function refuseUnsupported(fields: Fields): readonly unknown[] {
  refuseUnless(
    !optionalBoolean(fields["background"], "background"), "background", "a response is given to who waits for it.",
  );
  refuseUnless(
    isAbsent(fields["conversation"]), "conversation", "conversations are not kept here; send previous_response_id.",
  );
  refuseUnless(
    isAbsent(fields["prompt"]), "prompt", "prompt templates are not kept here; send instructions and input.",
  );
  refuseUnless(isAbsent(fields["moderation"]), "moderation", "answers are not moderated here.");
  refuseUnless(
    (optionalWholeNumber(fields["top_logprobs"], "top_logprobs", 0) ?? 0) === 0, "top_logprobs",
    "the Claude CLI gives no log probabilities.",
  );
  const include = isAbsent(fields["include"]) ? [] : arrayAt(fields["include"], "include");
  refuseUnless(
    !include.includes("message.output_text.logprobs"), "include", "the Claude CLI gives no log probabilities.",
  );
  return include;
}

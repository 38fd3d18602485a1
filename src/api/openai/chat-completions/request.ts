import type { Thinking, Turn } from "../../../turn/turn.ts";
import {
  arrayAt, type Fields, isAbsent, objectAt, optionalBoolean, optionalObject, optionalWholeNumber, refuseUnless,
  stringAt,
} from "../../check.ts";
import type { ParsedConversation } from "../../conversation-builder.ts";
import type { TurnRequest } from "../../dialect.ts";
import { withModelKeys } from "../../model-keys.ts";
import { modelName } from "../../model-name.ts";
import { samplingSettings } from "../../sampling.ts";
import { ToolNames } from "../../tool-names.ts";
import { webSearchName } from "../../web-search.ts";
import { systemContent } from "../content-parts.ts";
import { effortSettings, effortWord, formatSettings, temperatureMax } from "../settings.ts";
import { endpoints } from "../shapes.ts";
import { parseStop } from "../stop.ts";
import { allowsSearch } from "../tools.ts";
import { searchOfOptions, searchSettings } from "../web-search.ts";
import type { Growth } from "../sessions/entries.ts";
import type { ClaimedSession, FoundSession } from "../sessions/sessions.ts";
import { parseMessages } from "./messages.ts";
import { parseTools } from "./tools.ts";

/** A checked chat request. */
export interface ChatRequest extends TurnRequest {
  /** True: the stream ends with a chunk that has the usage. */
  readonly includeUsage: boolean;
  /** Maps the tool names in the answer back to the client's. */
  readonly names: ToolNames;
  /** True: calls are written as the deprecated `function_call`, because the client sent `functions`. */
  readonly isLegacy: boolean;
  /** Whether the model may search the web, so that the answer may cite pages. */
  readonly hasSources: boolean;
  /** The session that the answer is added to, where the request names one. */
  readonly session?: ClaimedSession;
}

/** A chat request, and what it makes of its session; nothing if it names none. */
export interface ParsedChatRequest extends ChatRequest {
  readonly growth: Growth;
}

/**
 * Parses OpenAI's `CreateChatCompletionRequest`. Throws a BridgeError that names the field which cannot be honoured.
 */
export function parseChatRequest(
  body: unknown, defaultModel: string, allowsWebSearch = false, session?: FoundSession,
): ParsedChatRequest {
  const fields = objectAt(body, "body");
  refuseUnsupported(fields, allowsWebSearch);
  const names = new ToolNames();
  const search = searchOfOptions(fields["web_search_options"]);
  // Reserved even where this turn may not search: the client's tools keep their names throughout a conversation.
  if (search !== undefined) names.reserve(webSearchName);
  const { system, messages, growth } = parseConversation(fields, names, session);
  const streamOptions = optionalObject(fields["stream_options"], "stream_options");
  const maxTokens = optionalWholeNumber(fields["max_completion_tokens"], "max_completion_tokens", 1)
    ?? optionalWholeNumber(fields["max_tokens"], "max_tokens", 1)
    ?? optionalWholeNumber(fields["max_output_tokens"], "max_output_tokens", 1);
  const format = optionalObject(fields["response_format"], "response_format");
  const answerForm = formatSettings(format, "response_format", names, endpoints.chat);
  const choices = [fields["tool_choice"], fields["function_call"]];
  const searching = searchSettings(search, choices.every((choice) => allowsSearch(choice)), answerForm);
  const hasSources = searching.webSearch !== undefined;
  const { isLegacy, ...tools } = parseTools(fields, messages, names, hasSources);
  return {
    turn: {
      system, messages: withModelKeys(messages, names), ...tools, ...parseReasoning(fields),
      ...samplingSettings(fields, temperatureMax),
      ...(maxTokens === undefined ? {} : { maxTokens }),
      ...answerForm, ...searching,
      stopSequences: parseStop(fields["stop"]),
    },
    model: modelName(fields["model"], defaultModel),
    stream: optionalBoolean(fields["stream"], "stream") ?? false,
    includeUsage: optionalBoolean(streamOptions?.["include_usage"], "stream_options.include_usage") ?? false,
    names,
    isLegacy,
    hasSources,
    growth,
  };
}

/**
 * Reads `messages`; some clients send the `input` and `instructions` of a Responses request instead, or the `system` of
 * Anthropic's.
 */
function parseConversation(
  fields: Fields, names: ToolNames, session: FoundSession | undefined,
): ParsedConversation & { readonly growth: Growth } {
  const written = isAbsent(fields["instructions"]) ? "" : stringAt(fields["instructions"], "instructions");
  const system: readonly unknown[] = Array.isArray(fields["system"]) ? fields["system"] : [fields["system"]];
  const blocks = system.flatMap((part, at) => systemContent(part, system.length > 1 ? `system[${at}]` : "system"));
  const instructions = [written, ...blocks.map(({ text }) => text)].filter((text) => text !== "").join("\n\n");
  return isAbsent(fields["messages"]) && !isAbsent(fields["input"])
    ? parseMessages(fields["input"], names, { field: "input", instructions, session })
    : parseMessages(fields["messages"], names, { instructions, session });
}

/** Refuses unsupported fields that would change the answer's meaning if ignored. The README lists the ignored ones. */
function refuseUnsupported(fields: Fields, allowsWebSearch: boolean): void {
  const n = optionalWholeNumber(fields["n"], "n", 1);
  refuseUnless(n === undefined || n === 1, "n", "one choice a request.");
  refuseUnless(
    !optionalBoolean(fields["logprobs"], "logprobs"), "logprobs", "the Claude CLI gives no log probabilities.",
  );
  refuseUnless(
    (optionalWholeNumber(fields["top_logprobs"], "top_logprobs", 0) ?? 0) === 0, "top_logprobs",
    "the Claude CLI gives no log probabilities.",
  );
  const modalities = isAbsent(fields["modalities"]) ? [] : arrayAt(fields["modalities"], "modalities");
  refuseUnless(modalities.every((modality) => modality === "text"), "modalities", "Claude answers in text.");
  refuseUnless(isAbsent(fields["audio"]), "audio", "Claude answers in text.");
  refuseUnless(isAbsent(fields["moderation"]), "moderation", "answers are not moderated here.");
  refuseUnless(
    allowsWebSearch || isAbsent(fields["web_search_options"]), "web_search_options",
    "this server was started without --allow-web-search.",
  );
}

/**
 * Reads `reasoning_effort`, OpenRouter's `reasoning`, and Anthropic's `thinking`. An unknown effort word is ignored:
 * the model then decides itself how hard it thinks. Where one of the fields turns thinking off, it is off.
 */
function parseReasoning(fields: Fields): Pick<Turn, "effort" | "thinking"> {
  const word = effortWord(fields["reasoning_effort"], "reasoning_effort") ?? effortWord(
    optionalObject(fields["reasoning"], "reasoning")?.["effort"], "reasoning.effort",
  );
  const thinking = isAbsent(fields["thinking"]) || typeof fields["thinking"] !== "object"
    ? undefined
    : objectAt(fields["thinking"], "thinking");
  const asked = thinkingAsked(thinking);
  if (asked?.type === "disabled") return { thinking: asked };
  return { ...(asked === undefined ? {} : { thinking: asked }), ...effortSettings(word) };
}

function thinkingAsked(thinking: Fields | undefined): Thinking | undefined {
  const type = thinking?.["type"];
  if (type === "disabled" || type === "adaptive") return { type };
  const budget = type === "enabled"
    ? optionalWholeNumber(thinking?.["budget_tokens"], "thinking.budget_tokens", 1)
    : undefined;
  return budget === undefined ? undefined : { type: "enabled", budgetTokens: budget };
}

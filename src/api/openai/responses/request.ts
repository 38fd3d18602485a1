import {
  arrayAt, type Fields, objectAt, optionalBoolean, optionalObject, optionalWholeNumber, refuseUnless, stringAt,
} from "../../check.ts";
import type { TurnRequest } from "../../dialect.ts";
import { effortSettings, effortWord, isAbsent, modelName, schemaOfFormat } from "../settings.ts";
import { ToolNames } from "../tool-names.ts";
import { collectItems, parseItems } from "./items.ts";
import type { ResponseStore } from "./store.ts";
import { parseTools } from "./tools.ts";

/** A request for a response, checked. */
export interface ResponsesRequest extends TurnRequest {
  /** The response is kept for requests that build on it. */
  readonly isStored: boolean;
  /** The conversation so far, as the client would send it again. */
  readonly items: readonly Fields[];
  /** The answer's tool names are the client's again. */
  readonly names: ToolNames;
  /** The model's names of the tools that take free text. */
  readonly customTools: ReadonlySet<string>;
  /** What the response repeats of its request. */
  readonly echo: Fields;
}

/** OpenAI's `CreateResponse` as a Turn. Throws a BridgeError that names the field which cannot be honoured. */
export function parseResponsesRequest(body: unknown, defaultModel: string, stored: ResponseStore): ResponsesRequest {
  const fields = objectAt(body, "body");
  refuseUnsupported(fields);
  const names = new ToolNames();
  const instructions = isAbsent(fields["instructions"]) ? "" : stringAt(fields["instructions"], "instructions");
  const placed = collectItems(fields, stored);
  const { system, messages } = parseItems(placed, instructions, names);
  const { customTools, ...tools } = parseTools(fields, placed, messages, names);
  const maxOutputTokens = optionalWholeNumber(fields["max_output_tokens"], "max_output_tokens", 1);
  const format = optionalObject(optionalObject(fields["text"], "text")?.["format"], "text.format");
  const responseSchema = schemaOfFormat(format, format, "text.format", "text.format");
  const reasoning = optionalObject(fields["reasoning"], "reasoning");
  const model = modelName(fields["model"], defaultModel);
  const isStored = optionalBoolean(fields["store"], "store") ?? true;
  return {
    turn: {
      system, messages, ...tools, ...effortSettings(effortWord(reasoning?.["effort"], "reasoning.effort")), stop: [],
      ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
      ...(responseSchema === undefined ? {} : { responseSchema }),
    },
    model,
    stream: optionalBoolean(fields["stream"], "stream") ?? false,
    isStored,
    items: placed.map(({ item }) => item),
    names,
    customTools,
    echo: {
      access_programs: null,
      instructions: fields["instructions"] ?? null,
      max_output_tokens: maxOutputTokens ?? null,
      max_tool_calls: fields["max_tool_calls"] ?? null,
      metadata: fields["metadata"] ?? {},
      model,
      parallel_tool_calls: tools.parallelToolCalls,
      previous_response_id: fields["previous_response_id"] ?? null,
      prompt_cache_key: fields["prompt_cache_key"] ?? null,
      reasoning: { effort: reasoning?.["effort"] ?? null, summary: reasoning?.["summary"] ?? null },
      safety_identifier: fields["safety_identifier"] ?? null,
      service_tier: "default",
      store: isStored,
      temperature: fields["temperature"] ?? 1,
      text: {
        format: format ?? { type: "text" }, verbosity: optionalObject(
          fields["text"], "text",
        )?.["verbosity"] ?? "medium",
      },
      tool_choice: fields["tool_choice"] ?? "auto",
      tools: fields["tools"] ?? [],
      top_logprobs: 0,
      top_p: fields["top_p"] ?? 1,
      truncation: fields["truncation"] ?? "disabled",
      ...(isAbsent(fields["user"]) ? {} : { user: fields["user"] }),
    },
  };
}

/** What would change the meaning of the request if it were ignored. The README lists what is ignored instead. */
function refuseUnsupported(fields: Fields): void {
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
}

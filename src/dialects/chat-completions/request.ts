import { BridgeError } from "../../errors.ts";
import type { Turn } from "../../turn.ts";
import { arrayAt, type Fields, objectAt, optionalBoolean, optionalObject, optionalWholeNumber, refuseUnless, stringAt } from "../check.ts";
import { parseMessages } from "./messages.ts";

/** A model name as a client may write it is this long at most, in characters. */
const modelNameCharsMax = 256;

/** A chat request, checked. */
export interface ChatRequest {
  /** All of the turn but the model, whose name is not the CLI's yet. */
  readonly turn: Omit<Turn, "model">;
  /** As the client wrote it, or the default: the answer repeats it. */
  readonly model: string;
  readonly stream: boolean;
  /** The stream ends with a usage chunk. */
  readonly includeUsage: boolean;
}

/** OpenAI's `CreateChatCompletionRequest` as a Turn. Throws a BridgeError that names the field which cannot be honoured. */
export function parseChatRequest(body: unknown, defaultModel: string): ChatRequest {
  const fields = objectAt(body, "body");
  refuseUnsupported(fields);
  const { system, messages } = parseMessages(fields["messages"]);
  const streamOptions = optionalObject(fields["stream_options"], "stream_options");
  const maxOutputTokens = optionalWholeNumber(fields["max_completion_tokens"], "max_completion_tokens", 1)
    ?? optionalWholeNumber(fields["max_tokens"], "max_tokens", 1);
  return {
    turn: { system, messages, ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }) },
    model: modelName(fields["model"], defaultModel),
    stream: optionalBoolean(fields["stream"], "stream") ?? false,
    includeUsage: optionalBoolean(streamOptions?.["include_usage"], "stream_options.include_usage") ?? false,
  };
}

function modelName(value: unknown, defaultModel: string): string {
  if (value === undefined || value === null || value === "") return defaultModel;
  const name = stringAt(value, "model");
  if (name.length > modelNameCharsMax) {
    throw new BridgeError("invalid_value", `model: expected at most ${modelNameCharsMax} characters, got ${name.length}.`, { param: "model" });
  }
  return name;
}

/** What would change the meaning of the request if it were ignored. The README lists what is ignored instead. */
function refuseUnsupported(fields: Fields): void {
  const n = optionalWholeNumber(fields["n"], "n", 1);
  refuseUnless(n === undefined || n === 1, "n", "one choice a request.");
  refuseUnless(!optionalBoolean(fields["logprobs"], "logprobs"), "logprobs", "the Claude CLI gives no log probabilities.");
  refuseUnless((optionalWholeNumber(fields["top_logprobs"], "top_logprobs", 0) ?? 0) === 0, "top_logprobs", "the Claude CLI gives no log probabilities.");
  for (const name of ["tools", "functions"]) {
    refuseUnless(isAbsent(fields[name]) || arrayAt(fields[name], name).length === 0, name, "function calling is not served yet.");
  }
  refuseUnless(isAbsent(fields["stop"]) || (Array.isArray(fields["stop"]) && fields["stop"].length === 0), "stop", "stop sequences are not served yet.");
  const format = optionalObject(fields["response_format"], "response_format")?.["type"];
  refuseUnless(format === undefined || format === "text", "response_format", "only text is served yet.");
  const modalities = isAbsent(fields["modalities"]) ? [] : arrayAt(fields["modalities"], "modalities");
  refuseUnless(modalities.every((modality) => modality === "text"), "modalities", "Claude answers in text.");
  refuseUnless(isAbsent(fields["audio"]), "audio", "Claude answers in text.");
  refuseUnless(isAbsent(fields["web_search_options"]), "web_search_options", "the model runs without built-in tools.");
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

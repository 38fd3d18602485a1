import { BridgeError } from "../../../errors.ts";
import { completionText, fillingText, fillingTexts } from "../../../own-words.ts";
import type { Thinking, Turn } from "../../../turn/turn.ts";
import {
  arrayAt, type Fields, isAbsent, objectAt, optionalBoolean, optionalObject, optionalWholeNumber, refuseUnless,
  stringAt,
} from "../../check.ts";
import type { TurnRequest } from "../../dialect.ts";
import { modelName } from "../../model-name.ts";
import { samplingSettings } from "../../sampling.ts";
import { effortSettings, effortWord, temperatureMax } from "../settings.ts";
import { parseStop } from "../stop.ts";

/** A checked request for a completion. */
export interface CompletionRequest extends TurnRequest {
  /** What is put before the answer: the prompt, if the client set `echo`, else nothing. */
  readonly echoed: string;
  /** True: the stream ends with a chunk that has the usage. */
  readonly includeUsage: boolean;
  /** Completions are short, and editors wait for them: a model thinks only where the client asks for an effort. */
  readonly unsaidThinking?: Thinking;
}

/** Parses OpenAI's `CreateCompletionRequest`. Throws a BridgeError that names the field which cannot be honoured. */
export function parseCompletionRequest(body: unknown, defaultModel: string): CompletionRequest {
  const fields = objectAt(body, "body");
  refuseUnsupported(fields);
  const prompt = parsePrompt(fields["prompt"]);
  const suffix = isAbsent(fields["suffix"]) ? "" : stringAt(fields["suffix"], "suffix");
  const streamOptions = optionalObject(fields["stream_options"], "stream_options");
  const maxTokens = optionalWholeNumber(fields["max_tokens"], "max_tokens", 1);
  const effort = effortSettings(effortWord(fields["reasoning_effort"], "reasoning_effort"));
  return {
    turn: {
      ...asked(prompt, suffix), ...effort, ...samplingSettings(fields, temperatureMax),
      ...(maxTokens === undefined ? {} : { maxTokens }),
      tools: [], toolChoice: { type: "auto" }, disableParallelToolUse: false,
      stopSequences: parseStop(fields["stop"]),
    },
    model: modelName(fields["model"], defaultModel),
    stream: optionalBoolean(fields["stream"], "stream") ?? false,
    echoed: optionalBoolean(fields["echo"], "echo") === true ? prompt : "",
    includeUsage: optionalBoolean(streamOptions?.["include_usage"], "stream_options.include_usage") ?? false,
    ...(effort.effort === undefined ? { unsaidThinking: { type: "disabled" } } : {}),
  };
}

/**
 * Makes the system prompt and the user's message. With a suffix, the model is asked for the text that is missing
 * between prompt and suffix.
 */
function asked(prompt: string, suffix: string): Pick<Turn, "system" | "messages"> {
  const isGap = suffix.trim() !== "";
  if (!isGap && prompt.trim() === "") {
    throw new BridgeError("invalid_value", "prompt: expected text to go on from.", { field: "prompt" });
  }
  const [before, between, after] = fillingTexts;
  const text = isGap ? before + prompt + between + suffix + after : prompt;
  return {
    system: [{ type: "text", text: isGap ? fillingText : completionText }],
    messages: [{ role: "user", content: [{ type: "text", text }] }],
  };
}

function parsePrompt(value: unknown): string {
  if (isAbsent(value)) throw new BridgeError("missing_field", "prompt is required: a string.", { field: "prompt" });
  if (typeof value === "string") return value;
  const prompts = arrayAt(value, "prompt");
  refuseUnless(typeof prompts[0] !== "number" && !Array.isArray(prompts[0]), "prompt", "it is text here, not tokens.");
  refuseUnless(prompts.length <= 1, "prompt", "one prompt a request.");
  return stringAt(prompts[0], "prompt[0]");
}

/** Refuses unsupported fields that would change the answer's meaning if ignored. */
function refuseUnsupported(fields: Fields): void {
  const count = optionalWholeNumber(fields["n"], "n", 1) ?? 1;
  refuseUnless(count === 1, "n", "one choice a request.");
  const drawn = optionalWholeNumber(fields["best_of"], "best_of", 0) ?? 1;
  refuseUnless(drawn <= 1, "best_of", "one choice a request.");
  const logprobs = fields["logprobs"];
  refuseUnless(isAbsent(logprobs) || logprobs === false, "logprobs", "the Claude CLI gives no log probabilities.");
}

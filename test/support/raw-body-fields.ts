/** Accounts for the fields of a raw body that hold no words: each is as the client's settings make it, or on the list. */
import type { AddedWordsReader } from "./added-words-reader.ts";
import { modelNamed, takesAdaptiveThinking } from "./anthropic-rules/models.ts";
import { readRequest } from "./anthropic-rules/rule.ts";
import { samplingDeprecated, temperatureOrTopP } from "./anthropic-rules/sampling.ts";
import { boundOf, budgetMin, effortWord, isThinkingOff } from "./asked-thinking.ts";
import { toolLoopThinking } from "./anthropic-rules/thinking.ts";
import type { Sent } from "./chat-transcript.ts";
import { isSameJson } from "./exact-json.ts";
import { show, wellFormed } from "./raw-body-blocks.ts";
import { modelIdFor } from "./real-models.ts";

/** How a field must be: this value, where undefined is none, or what the list has for it. */
type Must = { readonly is: unknown } | "listed";

/** What the API is to hold the answer to beside the settings. */
export interface FieldsSetting {
  readonly added: AddedWordsReader;
  /** Of the CLI. */
  readonly version: string;
  readonly format: object | undefined;
  readonly choice: object | undefined;
  /** What earlier requests of the conversation may have asked for: the CLI has a note on each change of the effort. */
  readonly effortsBefore: readonly string[];
}

/** All fields but those that hold words. A message may have the effort, too. */
export function judgeFields(body: Sent, request: Sent, { added, version, format: wanted, choice, effortsBefore }: FieldsSetting): string[] {
  const { model, messages, system: _system, tools: _tools, output_config: config, ...others } = body;
  const { format, ...effort } = config ?? {};
  const fields: Sent = { ...others, output_config: Object.keys(effort).length === 0 ? undefined : effort };
  const must: Readonly<Record<string, Must>> = {
    ...always, ...settingsOf(request, body), ...samplingOf(request, body), tool_choice: { is: choice },
  };
  const judge = (name: string, value: unknown, by: Must = must[name] ?? none): string[] => {
    const isRight = by === "listed" ? added.takeField(name, value) : isSameJson(value, by.is);
    return isRight ? [] : [`${name}: ${show(value)}, not ${by === "listed" ? "on the list" : show(by.is)}`];
  };
  const notes = (messages as readonly Sent[]).flatMap((message) => message["output_config"] ?? []);
  return [
    ...judge("model", model, { is: modelIdFor(request["model"], version) }),
    ...[...new Set([...Object.keys(must), ...Object.keys(fields)])].flatMap((field) => judge(field, fields[field])),
    // The last note has the effort of now; those before it have what the process began with, or was asked for since.
    ...notes.flatMap((note, index) => {
      const isAsked = effortsBefore.some((asked) => isSameJson(note, { effort: asked }));
      const isOfBefore = index < notes.length - 1 && (isAsked || added.takeField("output_config", note));
      return isOfBefore ? [] : judge("output_config", note);
    }),
    ...judge("output_config.format", format, { is: wanted }),
  ];
}

const none: Must = { is: undefined };
const always = { stream: "listed", metadata: "listed" } as const;
const samplingNames = ["temperature", "top_p", "top_k"] as const;
const efforts: Readonly<Record<string, string>> = {
  minimal: "low", low: "low", medium: "medium", high: "high", xhigh: "xhigh", max: "max",
};
/** The CLI's own, in tokens. */
const budgetUsual = 31_999;

function settingsOf(request: Sent, body: Sent): Readonly<Record<string, Must>> {
  const bound = boundOf(request);
  const isOff = isThinkingOff(request) || lacksThoughts(body);
  // Of the pinned versions' models one thinks with a budget, and has no effort.
  const hasBudget = !takesAdaptiveThinking(modelNamed(String(body["model"])));
  const budget = request["thinking"]?.type === "enabled" ? request["thinking"].budget_tokens : undefined;
  const tokens = Math.min(Math.max(budget ?? budgetUsual, budgetMin), (bound ?? Infinity) - 1);
  const isSet = hasBudget && (budget ?? bound) !== undefined;
  const stops = stopsOf(request);
  // Thinking that is off wins over an effort.
  const word = request["thinking"]?.type === "disabled" ? undefined : effortWord(request);
  const effort: Must = Object.hasOwn(efforts, word ?? "") ? { is: { effort: efforts[word ?? ""] } } : "listed";
  const thinking: Must = isSet ? { is: { type: "enabled", budget_tokens: tokens, display: "summarized" } } : "listed";
  return {
    max_tokens: bound === undefined ? "listed" : { is: bound },
    thinking: isOff ? none : thinking,
    context_management: isOff ? none : "listed",
    output_config: hasBudget ? none : effort,
    stop_sequences: { is: stops.length === 0 ? undefined : stops },
  };
}

/** Where the model does not think: what the client asks for. It may lack only where the model refuses it. */
function samplingOf(request: Sent, body: Sent): Readonly<Record<string, Must>> {
  const hasBudget = !takesAdaptiveThinking(modelNamed(String(body["model"])));
  return Object.fromEntries(samplingNames.map((name): [string, Must] => {
    const asked = request[name];
    const isOff = isThinkingOff(request);
    if (!isOff && !lacksThoughts(body)) return [name, none];
    // So the CLI has it of the model that thinks with a budget.
    if (asked == null || !isOff) return [name, name === "temperature" && hasBudget ? "listed" : none];
    const isLeftOut = body[name] === undefined && isRefused(request, body, name);
    return [name, isLeftOut ? none : { is: asked }];
  }));
}

/** Whether a tool loop goes on that has no thoughts: a model that thinks with a budget is not to think then. */
export function lacksThoughts(body: Sent): boolean {
  if (takesAdaptiveThinking(modelNamed(String(body["model"])))) return false;
  return toolLoopThinking.find(readRequest({ ...body, thinking: { type: "enabled", budget_tokens: budgetMin } })) !== null;
}

function isRefused(request: Sent, body: Sent, name: (typeof samplingNames)[number]): boolean {
  const asked = readRequest({ ...body, [name]: request[name] });
  // The CLI itself may have a temperature.
  const both = readRequest({ ...body, temperature: request["temperature"] ?? body["temperature"], top_p: request["top_p"] });
  return samplingDeprecated.find(asked) !== null || (name === "top_p" && temperatureOrTopP.find(both) !== null);
}

/** The client's stop sequences that the API takes. */
function stopsOf({ stop }: Sent): string[] {
  return [stop ?? []].flat().filter((text) => typeof text === "string" && !/^[\s\u001c-\u001f\u0085]*$/u.test(text)).map(wellFormed);
}

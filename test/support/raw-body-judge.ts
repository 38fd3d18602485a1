/** Accounts for a whole request to the API: every word is the client's, or stands in test/support/added-words.ts. */
import { anyCallText, namedCallTexts, noCallText } from "../../src/own-words.ts";
import { type AddedWordsReader, type Known, readAdded } from "./added-words-reader.ts";
import { messagesOf, type Sent, sentBy } from "./chat-transcript.ts";
import { isSameJson, parseExact } from "./exact-json.ts";
import { asBlocks, show, wellFormed } from "./raw-body-blocks.ts";
import { judgeMessages } from "./raw-body-messages.ts";
import { type AnswerForm, answerFormOf, choiceOf, type JudgedTools, judgeTools } from "./raw-body-tools.ts";

/** What is known besides the request. */
export interface World {
  readonly version: string;
  readonly known: Known;
}

/**
 * What in a raw body is neither the client's nor on the list, and what of the client's it lacks: a sentence each. In
 * `request`, which is a chat request, the assistant's messages have their `thoughts` where the process had them itself:
 * it sends them back, all of them and no others.
 */
export function judgeRawBody(bodyText: string, request: Sent, { version, known }: World): string[] {
  const body = JSON.parse(bodyText) as Sent;
  const { system, messages: _messages, tools: _tools, ...fields } = body;
  const exact = parseExact(bodyText) as Sent;
  const client = sentBy(messagesOf(request), parseExact);
  const hasPolicy = known.policy !== undefined;
  const form = answerFormOf(request, hasPolicy);
  const hasSchema = form.tool !== undefined;
  const added = readAdded(version, known, hasSchema ? ["schema"] : []);
  const told = judgeMessages(exact["messages"], client, { added, hasSchema });
  const callNames = { called: client.names, names: told.names };
  const served = judgeTools(exact["tools"] ?? [], request, callNames, { schema: form.tool, hasPolicy });
  const { tool_choice, ...others } = fields;
  const choice = toldChoiceOf(request, served, hasSchema);
  const isRight = isSameJson(tool_choice ?? null, choice.parameter ?? null);
  return [
    ...judgeSystem(system, client.system, choice.words, added),
    ...told.findings,
    ...served.findings,
    ...(isRight ? [] : [`tool_choice: ${show(tool_choice)}, not ${show(choice.parameter)}`]),
    ...judgeFields(withoutFormat(others, form), request, added), ...judgeFormat(fields, form),
  ];
}

/** What of a request's choice the API is asked, and what stands in words behind the client's system prompt. */
interface ToldChoice { readonly parameter: object | undefined; readonly words: readonly string[] }

function toldChoiceOf(request: Sent, { names, chosen }: JudgedTools, hasSchema: boolean): ToldChoice {
  if (names.length === 0) return { parameter: undefined, words: [] };
  const { mode, isLegacy, mustCall } = choiceOf(request);
  // The answer is a call of the CLI's own tool.
  if (mode === "none" && hasSchema) return { parameter: undefined, words: [noCallText] };
  if (mode === "none") return { parameter: { type: "none" }, words: [] };
  const one = isLegacy || request["parallel_tool_calls"] === false ? { disable_parallel_tool_use: true } : undefined;
  const free = one === undefined ? undefined : { type: "auto", ...one };
  if (!mustCall) return { parameter: free, words: [] };
  const isNamed = typeof mode !== "string";
  if (asksToThink(request)) return { parameter: free, words: [isNamed ? namedCallTexts.join(chosen) : anyCallText] };
  return { parameter: isNamed ? { type: "tool", name: chosen, ...one } : { type: "any", ...one }, words: [] };
}

/** Then no call is forced: the API does not take the two together. */
function asksToThink(request: Sent): boolean {
  return request["thinking"]?.type === "enabled" && effortOf(request) !== "none" && !isOffByBound(request);
}

function effortOf(request: Sent): string | undefined {
  return request["reasoning_effort"] ?? request["reasoning"]?.effort ?? undefined;
}

/** The smallest thinking budget has no room below it. */
function isOffByBound(request: Sent): boolean {
  const bound = boundOf(request);
  return typeof bound === "number" && bound <= 1_024;
}

function boundOf(request: Sent): unknown {
  return request["max_completion_tokens"] ?? request["max_tokens"];
}

function judgeSystem(system: unknown, client: string, own: readonly string[], cli: AddedWordsReader): string[] {
  const findings: string[] = [];
  const texts: string[] = [];
  for (const { type, text, cache_control: mark, ...rest } of asBlocks(system)) {
    const isText = type === "text" && Object.keys(rest).length === 0;
    if (!isText) findings.push(`system: more than text: ${show({ type, ...rest })}`);
    const isMarkKnown = mark === undefined || cli.isAddedField("cache_control", mark);
    if (!isMarkKnown) findings.push(`system: cache_control is ${show(mark)}`);
    if (!cli.take(text, "system prompt")) texts.push(text);
  }
  const expected = [client, ...own].filter((part) => part !== "").join("\n\n");
  if (wellFormed(expected) === wellFormed(texts.join(""))) return findings;
  return [...findings, `system: ${show(texts)}, not ${show(expected)}`];
}

const efforts: Readonly<Record<string, string>> = {
  minimal: "low", low: "low", medium: "medium", high: "high", xhigh: "xhigh", max: "max",
};

/** The client's stop sequences that the API takes. */
function stopsOf({ stop }: Sent): string[] {
  return [stop ?? []].flat().filter((text) => typeof text === "string" && text.trim() !== "").map(wellFormed);
}

function isSampling(field: string): boolean {
  return field === "temperature" || field === "top_p" || field === "top_k";
}

function judgeFormat({ output_config: config }: Sent, { format }: AnswerForm): string[] {
  const isRight = isSameJson(config?.format, format);
  return isRight ? [] : [`output_config: its format is ${show(config?.format)}, not ${show(format)}`];
}

/** The effort that may stand beside a format is left. */
function withoutFormat({ output_config: config, ...fields }: Sent, { format }: AnswerForm): Sent {
  if (config === undefined) return fields;
  const { format: _format, ...others } = config;
  return format !== undefined && Object.keys(others).length === 0 ? fields : { ...fields, output_config: others };
}

/** All top-level fields but those that hold words. */
function judgeFields({ model, ...fields }: Sent, request: Sent, { isAddedField }: AddedWordsReader): string[] {
  const findings: string[] = [];
  const name = String(request["model"] || "opus").replace(/^claude-(opus|sonnet|haiku)-4$/u, "$1");
  if (!String(model).includes(name)) findings.push(`model: ${model}, not ${name}`);
  const bound = boundOf(request);
  const word = effortOf(request);
  // Thinking that is off wins over an effort.
  const isOff = request["thinking"]?.type === "disabled";
  const effort = !isOff && word !== undefined && Object.hasOwn(efforts, word) ? efforts[word] : undefined;
  const budget = request["thinking"]?.type === "enabled" ? request["thinking"].budget_tokens : undefined;
  const enabled = { type: "enabled", budget_tokens: budget, display: "summarized" };
  const stops = stopsOf(request);
  if (stops.length > 0 && fields["stop_sequences"] === undefined) findings.push(`stop_sequences: none, not ${show(stops)}`);
  const isThinkingOff = isOff || word === "none" || isOffByBound(request)
    || (choiceOf(request).mustCall && !asksToThink(request));
  for (const [field, value] of Object.entries(fields)) {
    if (field === "stop_sequences" && isSameJson(value, stops)) continue;
    // A model that refuses it gets none.
    if (isSampling(field) && isThinkingOff && value === request[field]) continue;
    if (field === "max_tokens" && bound != null && value === bound) continue;
    if (field === "output_config" && effort !== undefined && isSameJson(value, { effort })) continue;
    if (field === "thinking" && budget !== undefined && isSameJson(value, enabled)) continue;
    const isClients = (field === "max_tokens" && bound != null) || (field === "output_config" && effort !== undefined);
    if (isClients || !isAddedField(field, value)) findings.push(`${field}: ${show(value)}`);
  }
  return findings;
}

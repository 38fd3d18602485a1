/** Accounts for a whole request to the API: every word is the client's, or stands in test/support/added-words.ts. */
import { anyCallText, namedCallTexts, noCallText, oneCallText } from "../../src/own-words.ts";
import { type AddedWordsReader, type Known, readAdded } from "./added-words-reader.ts";
import { messagesOf, type Sent, sentBy } from "./chat-transcript.ts";
import { isSameJson, parseExact } from "./exact-json.ts";
import { asBlocks, show, wellFormed } from "./raw-body-blocks.ts";
import { judgeMessages } from "./raw-body-messages.ts";
import { type AnswerForm, answerFormOf, choiceOf, judgeTools } from "./raw-body-tools.ts";

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
  return [
    ...judgeSystem(system, client.system, ownInstructions(request, served.names), added),
    ...told.findings,
    ...served.findings,
    ...judgeFields(withoutFormat(fields, form), request, added), ...judgeFormat(fields, form),
  ];
}

/** The server's own words behind the client's system prompt. */
function ownInstructions(request: Sent, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const { mode, isLegacy, mustCall } = choiceOf(request);
  if (mode === "none") return [noCallText];
  const one = isLegacy || request["parallel_tool_calls"] === false ? [oneCallText] : [];
  if (!mustCall) return one;
  return [typeof mode === "string" ? anyCallText : namedCallTexts.join(names[0] ?? ""), ...one];
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
  const bound = request["max_completion_tokens"] ?? request["max_tokens"];
  const word = request["reasoning_effort"] ?? request["reasoning"]?.effort;
  // Thinking that is off wins over an effort.
  const isOff = request["thinking"]?.type === "disabled";
  const effort = !isOff && Object.hasOwn(efforts, word ?? "") ? efforts[word] : undefined;
  const budget = request["thinking"]?.type === "enabled" ? request["thinking"].budget_tokens : undefined;
  const enabled = { type: "enabled", budget_tokens: budget, display: "summarized" };
  const stops = stopsOf(request);
  if (stops.length > 0 && fields["stop_sequences"] === undefined) findings.push(`stop_sequences: none, not ${show(stops)}`);
  const isThinkingOff = isOff || word === "none" || (typeof bound === "number" && bound <= 1_024);
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

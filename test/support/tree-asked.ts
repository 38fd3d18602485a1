/** What the model must get to see for a request of a conversation tree: worked out without any of the server's code. */
import type { ToldBlock } from "./composed-request.ts";
import type { ToldSettings } from "./remembered-told.ts";
import { inWords } from "./schema-tool.ts";
import { type ChatBody, type ChatMessage, type Choice, demandsCall, type FunctionTool, isOpen, partsOf, textOf } from "./tree-chat.ts";
import { wellFormed } from "./well-formed.ts";

/** What the model must get to see for a request. */
export interface Asked {
  readonly model: string;
  readonly system: string;
  readonly outputTokensMax: string | undefined;
  readonly settings: ToldSettings;
  /** Those of the client's, whole. */
  readonly tools: readonly AskedTool[];
  /** The schema of the answer, where the CLI's own tool gives it. */
  readonly answerSchema: unknown;
  readonly messages: readonly AskedMessage[];
}
export interface AskedTool { readonly name: string; readonly description: string; readonly schema: object }
/**
 * A user's texts count as they are, images and results among them; the assistant's as one, without white space around
 * it: that much clients change.
 */
export type AskedMessage =
  | { readonly role: "user"; readonly texts: readonly string[] }
  | { readonly role: "assistant"; readonly text: string; readonly calls: readonly string[] };

/** Whether the answer is given by the CLI's own tool: a call that is demanded takes its place. */
function toolSchemaOf({ response_format: format, ...choice }: ChatBody): object | undefined {
  const { schema } = format?.json_schema ?? {};
  return schema !== undefined && isOpen(schema) && !demandsCall(choice) ? schema : undefined;
}

const descriptionCharsMax = 2_000;
export const webSearch = { type: "web_search_20250305", name: "web_search" };

/** The client's tools. */
function toolsOf({ tools: given = [] }: ChatBody): readonly FunctionTool[] {
  return given.map((tool) => (tool as { readonly function: FunctionTool }).function);
}

/** Whether the model may search the web: an answer in a form of its own, and a client that wants no calls, keep it from that. */
export function searchesWeb({ web_search_options: options, response_format: format, tool_choice: choice }: ChatBody): boolean {
  return options !== undefined && format === undefined && choice !== "none";
}

/** The tools as the API gets them whole, in the client's names and the CLI's order; undefined where the CLI passes them on. */
function wholeTools(body: ChatBody): readonly object[] | undefined {
  const own = toolsOf(body);
  const isCut = own.some(({ description, strict }) => strict === true || description.length > descriptionCharsMax);
  const isSearching = searchesWeb(body);
  if (toolSchemaOf(body) !== undefined || (!isCut && !isSearching)) return undefined;
  const whole = own.map(({ name, description, parameters: schema, strict }) => ({ name, description, input_schema: schema, ...(strict === true ? { strict } : {}) }));
  return [...whole.sort((one, other) => one.name.localeCompare(other.name)), ...(isSearching ? [webSearch] : [])];
}

/** A tool as it is served, or goes up: the CLI takes no long description, so it goes on in that of the schema. */
export function askedTool({ name, description, schema }: AskedTool): AskedTool {
  const { description: rest = "", ...own } = schema as { readonly description?: string };
  return { name: ownName(name), description: description + rest, schema: own };
}

/** The smallest thinking budget that the API takes, in tokens. With no more room for its answer a model does not think. */
const thinkingTokensMin = 1_024;

/** The request as the model must see it: neighbours of a role are one message, what is only white space is none. */
export function askedBy(body: ChatBody, models: ReadonlyMap<string, string>): Asked {
  const { model, messages, max_tokens } = body;
  const system: string[] = [];
  const asked: { role: "user" | "assistant"; blocks: ToldBlock[] }[] = [];
  for (const message of messages) {
    if (message.role === "system" || message.role === "developer") {
      system.push(textOf(message));
      continue;
    }
    const role = message.role === "assistant" ? "assistant" : "user";
    const last = asked.at(-1);
    if (last?.role === role) last.blocks.push(...blocksOf(message));
    else asked.push({ role, blocks: blocksOf(message) });
  }
  return {
    model: models.get(model) ?? model,
    system: system.join("\n\n"),
    outputTokensMax: max_tokens === undefined ? undefined : String(max_tokens),
    settings: askedSettings(body),
    tools: toolsOf(body).map(({ name, description, parameters: schema }) => ({ name, description, schema })),
    answerSchema: toolSchemaOf(body) ?? null,
    messages: asked.map(askedMessage),
  };
}

/** Sampling is for models that do not think: the API refuses it beside thinking. */
function askedSettings(body: ChatBody): ToldSettings {
  const { max_tokens = Infinity, reasoning_effort, thinking, temperature, stop, response_format: format } = body;
  const isThinkingOff = reasoning_effort === "none" || max_tokens <= thinkingTokensMin || demandsCall(body);
  const [choice, whole] = [askedChoice(body), wholeTools(body)];
  const budget = thinking === undefined ? null : Math.max(thinking.budget_tokens, thinkingTokensMin);
  return {
    effort: reasoning_effort === undefined || reasoning_effort === "none" ? null : reasoning_effort,
    isThinkingOff,
    thinkingTokens: reasoning_effort === "none" ? 0 : budget,
    thinkingDisplay: "summarized",
    parameters: {
      ...(temperature === undefined || !isThinkingOff ? {} : { temperature }),
      ...(stop === undefined ? {} : { stop_sequences: stop }),
      ...(choice === undefined ? {} : { tool_choice: choice }),
      // An answer that must be a call has no form of its own.
      ...(format === undefined || isOpen(format.json_schema.schema) || demandsCall(body) ? {} : { output_config: { format: { type: "json_schema", schema: format.json_schema.schema } } }),
      ...(whole === undefined ? {} : { tools: whole }),
    },
  };
}

/** The choice in the API's words; undefined where the model is free. The CLI's prefix of a tool's name is left out. */
function askedChoice({ tool_choice: choice, parallel_tool_calls: isParallel }: Choice): object | undefined {
  if (choice === "none") return { type: "none" };
  if (choice === "required") return { type: "any" };
  if (choice !== undefined) return { type: "tool", name: choice.function.name };
  return isParallel === false ? { type: "auto", disable_parallel_tool_use: true } : undefined;
}

/** How many calls the API lets a model make that wants so many. */
export function callsAllowed(wanted: number, parameters: Readonly<Record<string, unknown>>): number {
  const { type, disable_parallel_tool_use: isOne } = (parameters["tool_choice"] ?? {}) as { type?: string; disable_parallel_tool_use?: boolean };
  if (type === "none") return 0;
  const least = type === "any" || type === "tool" ? 1 : 0;
  return Math.min(isOne === true ? 1 : Infinity, Math.max(least, wanted));
}

/** The API's parameters without the CLI's prefix of the tool's name in the choice, and in tools that are told whole. */
export function withOwnNames(parameters: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { tool_choice: choice, tools: whole } = parameters as { tool_choice?: { name?: string }; tools?: readonly { name: string }[] };
  return {
    ...parameters,
    ...(choice?.name === undefined ? {} : { tool_choice: { ...choice, name: ownName(choice.name) } }),
    ...(whole === undefined ? {} : { tools: whole.map((one) => ({ ...one, name: ownName(one.name) })) }),
  };
}

function ownName(name: string): string {
  return name.replace(/^mcp__[a-z]+__/u, "");
}

/** A message in the API's blocks, as one that was asked for. */
export function askedMessage({ role, blocks: told }: { readonly role: "user" | "assistant"; readonly blocks: readonly ToldBlock[] }): AskedMessage {
  const blocks = inWords(told);
  const said = blocks.filter(({ type }) => type !== "tool_use");
  if (role === "user") return { role, texts: said.map(wordOf) };
  // The parts of an answer are one text: a surrogate pair may be split between two.
  const text = wellFormed(said.map((block) => (block.type === "text" ? block.text ?? "" : wordOf(block))).join("")).trim();
  return { role, text, calls: blocks.flatMap((block) => (block.type === "tool_use" ? [callWordOf(block)] : [])) };
}

/** The CLI puts its server's name before a tool's. */
function callWordOf({ id, name }: ToldBlock): string {
  return `${ownName(String(name))} ${String(id)}`;
}

function wordOf(block: ToldBlock): string {
  const { type, text } = block;
  if (type === "text") return wellFormed(text ?? "");
  if (type === "image") return `[image ${String((block["source"] as { data?: string } | undefined)?.data ?? block["data"])}]`;
  if (type !== "tool_result") return JSON.stringify(block);
  const { tool_use_id: id, content = [] } = block;
  const parts = typeof content === "string" ? [{ type: "text", text: content }] : content as readonly ToldBlock[];
  return `[result of ${String(id)}: ${parts.map(wordOf).join("")}]`;
}

/** A message as the API has it. What is only white space is left out, but for a result's. */
function blocksOf(message: ChatMessage): ToldBlock[] {
  const parts = partsOf(message).map((part): ToldBlock => (part.type === "text"
    ? part
    : { type: "image", source: { data: part.image_url.url.replace(/^.*,/u, "") } }));
  if (message.role === "tool") return [{ type: "tool_result", tool_use_id: message.tool_call_id, content: parts }];
  const calls = (message.tool_calls ?? []).map(({ id, function: { name } }) => ({ type: "tool_use", id, name }));
  return [...parts.filter(({ type, text }) => type !== "text" || (text ?? "").trim() !== ""), ...calls];
}

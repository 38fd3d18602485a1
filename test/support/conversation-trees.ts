/**
 * Conversations as clients really lead them: continued, edited, regenerated, branched, cut short, in random order. Each
 * tree plans its next requests from what was answered before; what a process must have seen is worked out here anew,
 * without any of the server's code.
 */
import type { ToldBlock } from "./composed-request.ts";
import type { Random } from "./random.ts";
import type { ToldSettings } from "./remembering-process.ts";
import { wellFormed } from "./well-formed.ts";

export type ChatPart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image_url"; readonly image_url: { readonly url: string } };
/** A call of the model's, as its answer had it. */
export interface ChatCall { readonly id: string; readonly type: "function"; readonly function: { readonly name: string; readonly arguments: string } }
export interface ChatMessage {
  readonly role: "system" | "developer" | "user" | "assistant" | "tool";
  readonly content: string | readonly ChatPart[];
  readonly tool_calls?: readonly ChatCall[];
  readonly tool_call_id?: string;
}
export interface ChatBody {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly object[];
  readonly max_tokens?: number;
  readonly reasoning_effort?: string;
  readonly thinking?: { readonly type: "enabled"; readonly budget_tokens: number };
  readonly temperature?: number;
  readonly stop?: readonly string[];
  readonly response_format?: ResponseFormat;
  readonly tool_choice?: "none" | "required" | { readonly type: "function"; readonly function: { readonly name: string } };
  readonly parallel_tool_calls?: false;
  readonly web_search_options?: object;
  readonly stream: boolean;
}
/** Which calls a client wants, if it has a tool. */
export type Choice = Pick<ChatBody, "tool_choice" | "parallel_tool_calls">;
/** What a client may set anew with each request, besides its output limit. */
export type Settings = Pick<ChatBody, "reasoning_effort" | "thinking" | "temperature" | "stop" | "response_format">;

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

/** What happens to a request's answer: it is taken, or the API refuses it or breaks off in it, or the client leaves at its first piece, before it or some milliseconds after asking, or its process is killed at its first piece. */
export type Fate = "taken" | "fails" | "fails-midway" | "left-midway" | "left-before" | "left-soon" | "killed-midway";

export interface Plan {
  readonly name: string;
  /** Asked at the same time. */
  readonly bodies: readonly ChatBody[];
  readonly fate: Fate;
}

export interface TreeStyle {
  /** As the client names them, and what each is to the CLI. */
  readonly models: ReadonlyMap<string, string>;
  readonly systems: readonly string[];
  readonly bounds: readonly (number | undefined)[];
  readonly settings: readonly Settings[];
  /** A user's words. Few, so that branches often say the same and only the answers tell them apart. */
  word(random: Random): string;
  /** In which ways requests may be cut short. */
  readonly cuts: readonly Exclude<Fate, "taken">[];
  /** Whether clients have a tool, which the word "(call)" makes the model call once, "(calls)" twice. */
  readonly tools: readonly boolean[];
  /** Whether the model may search the web. */
  readonly searches: readonly boolean[];
  readonly choices: readonly Choice[];
  /** Whether they show images. */
  readonly hasImages: boolean;
}

/** With what a client begins its conversations. */
export interface Profile { readonly model: string; readonly system: string; readonly bound: number | undefined; readonly settings: Settings; readonly hasTool: boolean;
  /** A plain one if it is left out. */
  readonly kind?: ToolKind;
  readonly maySearch?: boolean;
}

/** An exchange that was answered, in whole or in part. */
interface Past { readonly profile: Profile; readonly messages: readonly ChatMessage[]; readonly answer: ChatMessage }

/** How a made-up CLI is asked to hold its answer back, or to fail. */
const cutWords: Partial<Record<Fate, string>> = {
  "left-before": "Wait. (mute)", "left-midway": "Begin. (held)", "killed-midway": "Begin. (held)",
  fails: "Refuse. (fails)", "fails-midway": "Break off. (breaks)",
};
const cutManner = /\((mute|held|fails|breaks)\)/u;
const callWords = ["Look. (call)", "Look. (call)", "Look twice. (calls)"];

export interface ResponseFormat { readonly type: "json_schema"; readonly json_schema: { readonly name: string; readonly schema: object } }

/** A schema that the API takes as it is. Nobody looks whether the answer fits. */
export function formatWith(key: string): ResponseFormat {
  return { type: "json_schema", json_schema: { name: "answer", schema: { type: "object", properties: { [key]: { type: "string" } }, required: [key], additionalProperties: false } } };
}

/** A schema that the API does not take, so that the CLI's own tool gives the answer: it may have more properties. */
export function toolFormatWith(key: string): ResponseFormat {
  return { type: "json_schema", json_schema: { name: "answer", schema: { type: "object", properties: { [key]: { type: "string" } }, required: [key], additionalProperties: true } } };
}

/** Whether the answer is given by the CLI's own tool: a call that is demanded takes its place. */
function toolSchemaOf({ response_format: format, ...choice }: ChatBody): object | undefined {
  const { schema } = format?.json_schema ?? {};
  return schema !== undefined && isOpen(schema) && !demandsCall(choice) ? schema : undefined;
}

function isOpen(schema: object): boolean {
  return (schema as { additionalProperties?: boolean }).additionalProperties === true;
}

/** A call that is demanded of a model that is to think is asked for in words: that is another beginning, and not drawn. */
export const choices: readonly Choice[] = [
  {}, {}, {}, { tool_choice: "none" }, { parallel_tool_calls: false }, { tool_choice: "required" }, { tool_choice: { type: "function", function: { name: "look" } } },
];

/** One tool that the CLI passes on as it is, two that it would cut (a strict one, and one with a long description), and a longer list. */
type ToolKind = "plain" | "strict" | "long" | "two";
const kinds: readonly ToolKind[] = ["plain", "plain", "two", "strict", "long"];
interface FunctionTool { readonly name: string; readonly description: string; readonly parameters: object; readonly strict?: true }
const parameters = { type: "object", properties: {} };
const look: FunctionTool = { name: "look", description: "Looks.", parameters };
const tools: Readonly<Record<ToolKind, readonly FunctionTool[]>> = {
  plain: [look],
  two: [look, { name: "hear", description: "Hears.", parameters }],
  strict: [{ ...look, parameters: { ...parameters, required: [], additionalProperties: false }, strict: true }],
  long: [{ ...look, description: "Looks. ".repeat(1_300).trim() }],
};
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

/** Each of one pixel. */
const images = [
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7",
];

/** One request in so many has other settings than the one before it. */
const otherSettingsShare = 3;
/** The smallest thinking budget that the API takes, in tokens. With no more room for its answer a model does not think. */
const thinkingTokensMin = 1_024;

/** Where there is a usual beginning, one conversation in so many begins in another way. */
const unusualShare = 4;

export class ConversationTree {
  readonly #random: Random;
  readonly #style: TreeStyle;
  readonly #usual: Profile | undefined;
  readonly #pasts: Past[] = [];
  /** Of each body that was planned. */
  readonly #origins = new WeakMap<ChatBody, Omit<Past, "answer">>();

  /** `usual`: how most of this client's conversations begin; without it they begin in any way. */
  constructor(random: Random, style: TreeStyle, usual?: Profile) {
    this.#random = random;
    this.#style = style;
    this.#usual = usual;
  }

  /** The next step; the first is always a first message. */
  plan(): Plan {
    const random = this.#random;
    const last = this.#pasts.at(-1);
    if (last === undefined || random.below(12) === 0) {
      const profile = this.#begin();
      return this.#one("first", { profile, messages: [this.#user(profile)] });
    }
    const any = random.pick(this.#pasts);
    const steps: readonly (() => Plan)[] = [
      () => this.#one("continue", this.#on(last)),
      () => this.#one("continue", this.#on(last)),
      () => this.#one("continue", this.#on(last)),
      () => this.#one("branch", this.#on(any)),
      () => this.#one("regenerate", any),
      () => this.#one("edit-user", this.#edited(any, "user", random.below(2) === 0)),
      () => this.#one("edit-user-go-on", this.#on(this.#edited(any, "user", false))),
      () => this.#one("edit-assistant", this.#on(this.#edited(any, "assistant", false))),
      () => this.#one("forget-the-first", this.#on(this.#forgotten(any))),
      () => this.#one("swap", this.#on(this.#swapped(any))),
      () => this.#one("several-new", this.#severalNew(any)),
      () => this.#one("two-users", { ...any, messages: [...this.#on(any).messages, this.#user(any.profile)] }),
      () => this.#one("change-profile", { ...this.#on(last), profile: this.#changed(last.profile) }),
      () => this.#noted(last),
      () => this.#noted(last),
      () => this.#several(last),
      () => this.#several(any),
      () => this.#cutShort(last),
      () => this.#cutShort(any),
    ];
    // An agent gives its calls' results more often than not; else it passes them by.
    if (last.answer.tool_calls !== undefined && random.below(2) === 0) return this.#one("results", this.#on(last));
    return random.pick(steps)();
  }

  /** An answer, or the part of one that the client keeps. */
  remember(body: ChatBody, text: string, calls: readonly ChatCall[] = []): void {
    const origin = this.#origins.get(body);
    const answer: ChatMessage = { role: "assistant", content: text, ...(calls.length === 0 ? {} : { tool_calls: calls }) };
    if (origin !== undefined) this.#pasts.push({ ...origin, answer });
  }

  #one(name: string, said: Omit<Past, "answer">, fate: Fate = "taken"): Plan {
    return { name, bodies: [this.#body(fate === "taken" ? this.#answerable(said) : said)], fate };
  }

  /** The same request several times at once, as a client does that asks for n answers. */
  #several(past: Past): Plan {
    const said = this.#answerable(this.#random.below(2) === 0 ? past : this.#on(past));
    return { name: "parallel", bodies: Array.from({ length: 2 + this.#random.below(2) }, () => this.#body(said)), fate: "taken" };
  }

  #cutShort(past: Past): Plan {
    const { messages, profile } = this.#on(past);
    const fate = this.#random.pick(this.#style.cuts);
    const words = cutWords[fate];
    if (words === undefined) return this.#one(fate, this.#answerable({ profile, messages }), fate);
    const before = messages.at(-1)?.role === "tool" ? messages : messages.slice(0, -1);
    return this.#one(fate, { profile, messages: [...before, { role: "user", content: words }] }, fate);
  }

  /** A client that adds words of its own to each request and takes them back with the next one. */
  #noted(past: Past): Plan {
    const said = this.#answerable(this.#on(past));
    const last = said.messages.at(-1);
    const note = { type: "text", text: `Note ${this.#style.word(this.#random)}` } as const;
    const isInside = last?.role === "user" && this.#random.below(2) === 0;
    const messages: ChatMessage[] = isInside
      ? [...said.messages.slice(0, -1), { role: "user", content: [...partsOf(last), note] }]
      : [...said.messages, { role: "user", content: note.text }];
    const plan = this.#one("noted", { ...said, messages });
    for (const body of plan.bodies) this.#origins.set(body, said);
    return plan;
  }

  #severalNew(past: Past): Omit<Past, "answer"> {
    const { profile, messages } = this.#answerable(this.#on(past));
    return { profile, messages: [...messages, this.#said(this.#style.word(this.#random)), this.#user(profile)] };
  }

  /** The results of an answer's calls. */
  #results({ answer: { tool_calls: calls = [] } }: Past): ChatMessage[] {
    return calls.map(({ id }): ChatMessage => {
      const text = this.#random.below(8) === 0 ? "" : this.#style.word(this.#random);
      const isShown = this.#style.hasImages && this.#random.below(6) === 0;
      return { role: "tool", tool_call_id: id, content: isShown ? [{ type: "text", text: "Seen:" }, this.#image()] : text };
    });
  }

  #image(): ChatPart {
    return { type: "image_url", image_url: { url: this.#random.pick(images) } };
  }

  /** What was once cut short is asked in other words the next time. */
  #answerable(said: Omit<Past, "answer">): Omit<Past, "answer"> {
    const last = said.messages.at(-1);
    return cutManner.test(textOf(last)) ? { ...said, messages: [...said.messages.slice(0, -1), this.#user(said.profile)] } : said;
  }

  #on(past: Past): Omit<Past, "answer"> {
    const { profile, messages, answer } = past;
    const results = this.#results(past);
    // Some agents say something beside their results.
    const isSilent = results.length > 0 && this.#random.below(2) === 0;
    return { profile, messages: [...messages, answer, ...results, ...(isSilent ? [] : [this.#user(profile)])] };
  }

  #user({ hasTool }: Profile): ChatMessage {
    const text = hasTool && this.#random.below(3) === 0 ? this.#random.pick(callWords) : this.#style.word(this.#random);
    if (this.#style.hasImages && this.#random.below(8) === 0) return { role: "user", content: [{ type: "text", text }, this.#image()] };
    if (this.#random.below(5) > 0) return { role: "user", content: text };
    return { role: "user", content: [{ type: "text", text }, { type: "text", text: this.#style.word(this.#random) }] };
  }

  #said(text: string): ChatMessage {
    return { role: "assistant", content: text };
  }

  #edited(past: Past, role: "user" | "assistant", isCutThere: boolean): Past {
    const places = past.messages.flatMap((message, index) => (message.role === role ? [index] : []));
    if (places.length === 0) return past;
    const place = this.#random.pick(places);
    const old = textOf(past.messages[place]);
    // The smallest changes are the ones that are overlooked.
    const text = this.#random.pick(role === "user" ? [this.#style.word(this.#random), `${old} `, ` ${old}`, `${old}.`] : [this.#style.word(this.#random), `${old.trim()}.`, `.${old}`]);
    const messages = past.messages.map((message, index): ChatMessage => (index === place ? { ...message, content: text } : message));
    return { ...past, messages: isCutThere ? messages.slice(0, place + 1) : messages };
  }

  /** A client that runs out of room drops the oldest exchange. */
  #forgotten(past: Past): Past {
    const second = past.messages.findIndex(({ role }, index) => role === "user" && past.messages[index - 1]?.role === "assistant");
    return second === -1 ? past : { ...past, messages: past.messages.slice(second) };
  }

  #swapped(past: Past): Past {
    if (past.messages.length < 5) return past;
    const [a, b, c, d, ...rest] = past.messages as [ChatMessage, ChatMessage, ChatMessage, ChatMessage, ...ChatMessage[]];
    const isPlain = [a, b, c, d].every(({ role, tool_calls: calls }) => role !== "tool" && calls === undefined);
    return isPlain && a.role === c.role ? { ...past, messages: [c, d, a, b, ...rest] } : past;
  }

  #begin(): Profile {
    return this.#usual === undefined || this.#random.below(unusualShare) === 0 ? drawProfile(this.#random, this.#style) : this.#usual;
  }

  #changed(profile: Profile): Profile {
    const other = drawProfile(this.#random, this.#style);
    const { model, system, bound, settings, kind = "plain", maySearch = false } = other;
    return { ...profile, ...this.#random.pick([{ model }, { system }, { bound }, { settings }, { kind, maySearch }]) };
  }

  #body(said: Omit<Past, "answer">): ChatBody {
    const { model, system, hasTool, kind = "plain", maySearch = false } = said.profile;
    const { bound, settings } = this.#random.below(otherSettingsShare) === 0 ? drawProfile(this.#random, this.#style) : said.profile;
    const systemMessages: ChatMessage[] = system === "" ? [] : [{ role: this.#random.pick(["system", "developer"] as const), content: system }];
    const body: ChatBody = {
      model,
      messages: [...systemMessages, ...said.messages.map((message) => (message.role === "assistant" ? this.#handledByClient(message) : message))],
      ...(bound === undefined ? {} : { max_tokens: bound }),
      ...settings,
      ...(hasTool ? { tools: tools[kind].map((tool) => ({ type: "function", function: tool })), ...this.#choice(settings) } : {}),
      ...(maySearch ? { web_search_options: {} } : {}),
      stream: this.#random.below(2) === 0,
    };
    this.#origins.set(body, said);
    return body;
  }

  #choice(settings: Settings): Choice {
    const { reasoning_effort, thinking } = settings;
    const choice = this.#random.pick(this.#style.choices);
    // The answer is a call itself, so that no call is forbidden in words: that is another beginning, and not drawn.
    if (givesByTool(settings) && choice.tool_choice === "none") return {};
    const asksToThink = thinking !== undefined || (reasoning_effort ?? "none") !== "none";
    return asksToThink && demandsCall(choice) ? {} : choice;
  }

  /** What clients do to an answer before they send it back: trim it, pad it, send it in parts. None of it is a change. */
  #handledByClient(message: ChatMessage): ChatMessage {
    const text = textOf(message);
    switch (this.#random.below(6)) {
      case 0:
        return { ...message, content: text.trim() };
      case 1:
        return { ...message, content: `\n${text} \n` };
      case 2: {
        const middle = Math.floor(text.length / 2);
        return { ...message, content: [{ type: "text", text: text.slice(0, middle) }, { type: "text", text: text.slice(middle) }] };
      }
      default:
        return message;
    }
  }
}

/** Any of a style's beginnings. */
export function drawProfile(random: Random, { models, systems, bounds, settings, tools, searches }: TreeStyle): Profile {
  return {
    model: random.pick([...models.keys()]), system: random.pick(systems), bound: random.pick(bounds), settings: random.pick(settings),
    hasTool: random.pick(tools), kind: random.pick(kinds), maySearch: random.pick(searches),
  };
}

/** Whether the CLI's own tool gives the answer, if no call of the client's is demanded. */
function givesByTool({ response_format: format }: Settings): boolean {
  return format !== undefined && isOpen(format.json_schema.schema);
}

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

function demandsCall({ tool_choice: choice }: Choice): boolean {
  return choice !== undefined && choice !== "none";
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

/** The CLI's own tool, by which an answer with a schema is given, and what it says to such a call. */
export const schemaToolName = "StructuredOutput";
export const schemaToolResult = "Structured output provided successfully";

/** A message's blocks, with an answer that the CLI's tool gave as the words that it is to the client; its result is nothing. */
export function inWords(blocks: readonly ToldBlock[]): readonly ToldBlock[] {
  return blocks.flatMap((block) => {
    if (block.type === "tool_use" && block["name"] === schemaToolName) return [{ type: "text", text: JSON.stringify(block["input"]) }];
    const isItsResult = block.type === "tool_result" && block["content"] === schemaToolResult;
    return isItsResult ? [] : [block];
  });
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

function partsOf({ content }: ChatMessage): readonly ChatPart[] {
  return typeof content === "string" ? [{ type: "text", text: content }] : content;
}

export function textOf(message: ChatMessage | undefined): string {
  return message === undefined ? "" : partsOf(message).map((part) => (part.type === "text" ? part.text : "")).join("");
}

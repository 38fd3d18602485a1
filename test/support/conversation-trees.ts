/**
 * Conversations as clients really lead them: continued, edited, regenerated, branched, cut short, in random order. Each
 * tree plans its next requests from what was answered before; what a process must have seen is worked out here anew,
 * without any of the server's code.
 */
import type { Random } from "./random.ts";
import type { ToldSettings } from "./remembering-process.ts";
import { wellFormed } from "./well-formed.ts";

export interface ChatPart { readonly type: "text"; readonly text: string }
export interface ChatMessage { readonly role: "system" | "developer" | "user" | "assistant"; readonly content: string | readonly ChatPart[] }
export interface ChatBody {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly max_tokens?: number;
  readonly reasoning_effort?: string;
  readonly thinking?: { readonly type: "enabled"; readonly budget_tokens: number };
  readonly temperature?: number;
  readonly stop?: readonly string[];
  readonly stream: boolean;
}
/** What a client may set anew with each request, besides its output limit. */
export type Settings = Pick<ChatBody, "reasoning_effort" | "thinking" | "temperature" | "stop">;

/** What the model must get to see for a request. */
export interface Asked {
  readonly model: string;
  readonly system: string;
  readonly outputTokensMax: string | undefined;
  readonly settings: ToldSettings;
  readonly messages: readonly AskedMessage[];
}
/** A user's texts count as they are; the assistant's as one, without white space around it: that much clients change. */
export type AskedMessage = { readonly role: "user"; readonly texts: readonly string[] } | { readonly role: "assistant"; readonly text: string };

/** What happens to a request's answer: it is taken, or the client leaves at its first piece, before it or some milliseconds after asking, or its process is killed at its first piece. */
export type Fate = "taken" | "left-midway" | "left-before" | "left-soon" | "killed-midway";

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
}

/** With what a client begins its conversations. */
export interface Profile { readonly model: string; readonly system: string; readonly bound: number | undefined; readonly settings: Settings }

/** An exchange that was answered, in whole or in part. */
interface Past { readonly profile: Profile; readonly messages: readonly ChatMessage[]; readonly answer: string }

/** How a made-up CLI is asked to hold its answer back. */
const cutWords = ["Wait. (mute)", "Begin. (held)"] as const;

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
    if (last === undefined || random.below(12) === 0) return this.#one("first", { profile: this.#begin(), messages: [this.#user()] });
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
      () => this.#one("several-new", { ...any, messages: [...history(any), this.#user(), this.#said(this.#style.word(random)), this.#user()] }),
      () => this.#one("two-users", { ...any, messages: [...history(any), this.#user(), this.#user()] }),
      () => this.#one("change-profile", { ...this.#on(last), profile: this.#changed(last.profile) }),
      () => this.#several(last),
      () => this.#several(any),
      () => this.#cutShort(any),
    ];
    return random.pick(steps)();
  }

  /** An answer, or the part of one that the client keeps. */
  remember(body: ChatBody, answer: string): void {
    const origin = this.#origins.get(body);
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
    if (fate === "left-soon") return this.#one("cut-soon", { profile, messages }, fate);
    const manner: ChatMessage = { role: "user", content: fate === "left-before" ? cutWords[0] : cutWords[1] };
    return this.#one("cut-short", { profile, messages: [...messages.slice(0, -1), manner] }, fate);
  }

  /** What was once cut short is asked in other words the next time. */
  #answerable(said: Omit<Past, "answer">): Omit<Past, "answer"> {
    const last = said.messages.at(-1);
    return cutWords.some((words) => textOf(last).includes(words)) ? { ...said, messages: [...said.messages.slice(0, -1), this.#user()] } : said;
  }

  #on(past: Past): Omit<Past, "answer"> {
    return { profile: past.profile, messages: [...history(past), this.#user()] };
  }

  #user(): ChatMessage {
    const text = this.#style.word(this.#random);
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
    const messages = past.messages.map((message, index): ChatMessage => (index === place ? { role, content: text } : message));
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
    return a.role === c.role ? { ...past, messages: [c, d, a, b, ...rest] } : past;
  }

  #begin(): Profile {
    return this.#usual === undefined || this.#random.below(unusualShare) === 0 ? drawProfile(this.#random, this.#style) : this.#usual;
  }

  #changed(profile: Profile): Profile {
    const other = drawProfile(this.#random, this.#style);
    return { ...profile, ...this.#random.pick([{ model: other.model }, { system: other.system }, { bound: other.bound }, { settings: other.settings }]) };
  }

  #body(said: Omit<Past, "answer">): ChatBody {
    const { model, system } = said.profile;
    const { bound, settings } = this.#random.below(otherSettingsShare) === 0 ? drawProfile(this.#random, this.#style) : said.profile;
    const systemMessages: ChatMessage[] = system === "" ? [] : [{ role: this.#random.pick(["system", "developer"] as const), content: system }];
    const body: ChatBody = {
      model,
      messages: [...systemMessages, ...said.messages.map((message) => (message.role === "assistant" ? this.#handledByClient(message) : message))],
      ...(bound === undefined ? {} : { max_tokens: bound }),
      ...settings,
      stream: this.#random.below(2) === 0,
    };
    this.#origins.set(body, said);
    return body;
  }

  /** What clients do to an answer before they send it back: trim it, pad it, send it in parts. None of it is a change. */
  #handledByClient(message: ChatMessage): ChatMessage {
    const text = textOf(message);
    switch (this.#random.below(6)) {
      case 0:
        return { role: "assistant", content: text.trim() };
      case 1:
        return { role: "assistant", content: `\n${text} \n` };
      case 2: {
        const middle = Math.floor(text.length / 2);
        return { role: "assistant", content: [{ type: "text", text: text.slice(0, middle) }, { type: "text", text: text.slice(middle) }] };
      }
      default:
        return message;
    }
  }
}

/** Any of a style's beginnings. */
export function drawProfile(random: Random, { models, systems, bounds, settings }: TreeStyle): Profile {
  return { model: random.pick([...models.keys()]), system: random.pick(systems), bound: random.pick(bounds), settings: random.pick(settings) };
}

/** The request as the model must see it: neighbours of a role are one message, what is only white space is none. */
export function askedBy(body: ChatBody, models: ReadonlyMap<string, string>): Asked {
  const { model, messages, max_tokens } = body;
  const system: string[] = [];
  const asked: { role: "user" | "assistant"; texts: string[] }[] = [];
  for (const { role, content } of messages) {
    const texts = (typeof content === "string" ? [content] : content.map(({ text }) => text));
    if (role === "system" || role === "developer") {
      system.push(texts.join(""));
      continue;
    }
    const visible = texts.filter((text) => text.trim() !== "");
    const last = asked.at(-1);
    if (last?.role === role) last.texts.push(...visible);
    else asked.push({ role, texts: visible });
  }
  return {
    model: models.get(model) ?? model,
    system: system.join("\n\n"),
    outputTokensMax: max_tokens === undefined ? undefined : String(max_tokens),
    settings: askedSettings(body),
    messages: asked.map(askedMessage),
  };
}

/** Sampling is for models that do not think: the API refuses it beside thinking. */
function askedSettings({ max_tokens = Infinity, reasoning_effort, thinking, temperature, stop }: ChatBody): ToldSettings {
  const isThinkingOff = reasoning_effort === "none" || max_tokens <= thinkingTokensMin;
  const budget = thinking === undefined ? null : Math.max(thinking.budget_tokens, thinkingTokensMin);
  return {
    effort: reasoning_effort === undefined || reasoning_effort === "none" ? null : reasoning_effort,
    isThinkingOff,
    thinkingTokens: reasoning_effort === "none" ? 0 : budget,
    parameters: {
      ...(temperature === undefined || !isThinkingOff ? {} : { temperature }),
      ...(stop === undefined ? {} : { stop_sequences: stop }),
    },
  };
}

export function askedMessage({ role, texts }: { readonly role: "user" | "assistant"; readonly texts: readonly string[] }): AskedMessage {
  return role === "user" ? { role, texts: texts.map(wellFormed) } : { role, text: wellFormed(texts.join("").trim()) };
}

function history({ messages, answer }: Past): ChatMessage[] {
  return [...messages, { role: "assistant", content: answer }];
}

function textOf(message: ChatMessage | undefined): string {
  const content = message?.content ?? "";
  return typeof content === "string" ? content : content.map(({ text }) => text).join("");
}

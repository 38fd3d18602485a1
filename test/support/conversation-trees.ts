/**
 * Conversations as clients really lead them: continued, edited, regenerated, branched, cut short, in random order. Each
 * tree plans its next requests from what was answered before. Each step may be cut short.
 */
import type { Random } from "./random.ts";
import {
  type ChatBody, type ChatCall, type ChatMessage, type ChatPart, type Choice, demandsCall, givesByTool, kinds, partsOf, type Settings, textOf, type ToolKind, tools,
} from "./tree-chat.ts";

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

/** Each of one pixel. */
const images = [
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7",
];

/** One request in so many has other settings than the one before it. */
const otherSettingsShare = 3;

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

/** What a chat request says, as a list of who said what: by OpenAI's rules, and by the server's for the system. */
import { laterSystemTexts } from "../../src/own-words.ts";

export type Sent = Readonly<Record<string, any>>;

/** One thing that was said: who said what. Neighbouring texts of one side are one; empty ones are nothing. */
export interface Said { readonly who: string; readonly what: unknown }

export class Transcript {
  readonly all: Said[] = [];

  text(who: string, text: string): void {
    if (text.trim() === "") return;
    const last = this.all.at(-1);
    const isJoined = last?.who === `${who} text`;
    if (isJoined) this.all[this.all.length - 1] = { who: last.who, what: `${String(last.what)}${text}` };
    else this.all.push({ who: `${who} text`, what: text });
  }

  thing(who: string, what: unknown): void {
    this.all.push({ who, what });
  }
}

/** What the messages of a request say. */
export interface SaidByClient {
  readonly system: string;
  readonly said: readonly Said[];
  /** Of the tools that were called, in order. */
  readonly names: readonly string[];
  /** Of those calls; undefined for a deprecated one, which has none. */
  readonly ids: readonly (string | undefined)[];
}

/** The calls that wait for their results; `first` is the number of the first of them. */
interface OpenCalls {
  readonly ids: readonly string[];
  readonly first: number;
  readonly results: Map<string, unknown>;
  /** What the system says among them: it stands behind the results. */
  readonly notes: string[];
}

/** The messages of a chat request, which may also be one message, or the text of one. */
export function messagesOf({ messages }: Sent): readonly Sent[] {
  return [messages].flat().map((one) => (typeof one === "string" ? { role: "user", content: one } : one));
}

/**
 * By OpenAI's rules: calls are known by their number, results by the call's. What the system says after somebody else
 * stays in its place, marked; where nobody else says anything, its last message is the user's. A message of the
 * assistant's may have `thoughts`, which no client sends: those of the process that gave it.
 */
export function sentBy(messages: readonly Sent[], parse: (json: string) => unknown = JSON.parse): SaidByClient {
  const transcript = new Transcript();
  const system: string[] = [];
  const names: string[] = [];
  const callIds: (string | undefined)[] = [];
  let open: OpenCalls | undefined;
  const close = (): void => {
    const { ids, first, results, notes }: OpenCalls = open ?? { ids: [], first: 0, results: new Map(), notes: [] };
    for (const [index, id] of ids.entries()) transcript.thing(`result ${first + index}`, results.get(id));
    for (const note of notes) transcript.text("user", note);
    open = undefined;
  };
  for (const { role, content, tool_calls, function_call, tool_call_id, thoughts = [] } of messages) {
    if (role === "system" || role === "developer") {
      const text = partsOf(content).map((part) => (part as { text: string }).text).join("");
      if (text.trim() === "") continue;
      if (transcript.all.length === 0) system.push(text);
      else if (open === undefined) transcript.text("user", laterSystemTexts.join(text));
      else open.notes.push(laterSystemTexts.join(text));
    } else if (role === "tool" || role === "function") {
      open?.results.set(tool_call_id ?? "legacy", resultOf(partsOf(content)));
    } else {
      close();
      for (const thought of thoughts) transcript.thing(`${role} thought`, thought);
      tell(transcript, role, partsOf(content));
      const legacy = role === "assistant" && function_call ? [{ id: "legacy", function: function_call }] : [];
      const calls: readonly Sent[] = tool_calls?.length > 0 ? tool_calls : legacy;
      if (calls.length > 0) open = { ids: calls.map(({ id }) => id), first: names.length, results: new Map(), notes: [] };
      callIds.push(...calls.map(({ id }) => (calls === legacy ? undefined : id)));
      for (const { function: called, custom } of calls) {
        const input = custom === undefined ? inputOf(called["arguments"], parse) : { input: custom.input };
        transcript.thing(`call ${names.length}`, input);
        names.push((custom ?? called).name);
      }
    }
  }
  close();
  if (transcript.all.length === 0) transcript.text("user", system.pop() ?? "");
  return { system: system.join("\n\n"), said: transcript.all, names, ids: callIds };
}

function inputOf(written: unknown, parse: (json: string) => unknown): unknown {
  if (written === undefined || written === null || written === "") return {};
  const text = typeof written === "object" ? JSON.stringify(written) : String(written);
  try {
    const value = parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // As text, below.
  }
  return { arguments: text };
}

/** What is attached is told in base64. */
export type Part =
  | { readonly text: string }
  | { readonly image: string; readonly mediaType: string }
  | { readonly file: string; readonly mediaType: string; readonly title?: string };

export function partsOf(content: any): Part[] {
  const parts: readonly any[] = typeof content === "string" ? [content] : content ?? [];
  return parts.map((part): Part => {
    if (typeof part === "string") return { text: part };
    switch (part.type) {
      case "image_url": return imageOf(part.image_url.url ?? part.image_url);
      case "file": {
        const { file_data: url, filename } = part.file;
        return { file: url.split(",")[1], mediaType: "application/pdf", ...(filename ? { title: filename } : {}) };
      }
      default: return { text: part.text ?? part.refusal };
    }
  });
}

/** What an image's base64 begins with. */
const imageTypes = { iVBORw0KGgo: "image/png", "/9j/": "image/jpeg", R0lGOD: "image/gif", UklGR: "image/webp" } as const;

/** Its bytes say of what type it is; where they do not, its URL does. */
function imageOf(url: string): Part {
  const [, declared = "", image = ""] = /^data:([^;,]*)[^,]*,(.*)$/su.exec(url) ?? [];
  const byBytes = Object.entries(imageTypes).find(([start]) => image.startsWith(start));
  return { image, mediaType: byBytes?.[1] ?? declared };
}

export function tell(transcript: Transcript, who: string, parts: readonly Part[]): void {
  for (const part of parts) {
    if ("text" in part) transcript.text(who, part.text);
    else transcript.thing(who, part);
  }
}

export const resultOf = (parts: readonly Part[]): readonly Said[] => {
  const inner = new Transcript();
  tell(inner, "tool", parts);
  return inner.all;
};

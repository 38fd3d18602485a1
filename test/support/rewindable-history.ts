/**
 * What a made-up CLI keeps of its conversation, and how it takes a part of it back. Pure. Its rules are what the real CLIs
 * do: `rewind-cases.ts` lists them, and both kinds of CLI are held against that list.
 */
import type { ToldBlock, ToldMessage } from "./composed-request.ts";

/** What a version of the CLI can take back. */
export interface RewindAbilities {
  /** The last prompt, with what follows it. Without this the request is unknown. */
  readonly steps: boolean;
  /** Several prompts at once, where `last_seen_user_message_uuid` leaves no prompt unseen. */
  readonly many: boolean;
  /** The first message of all. */
  readonly toEmpty: boolean;
  /** The first assistant line behind a tool's results. */
  readonly answers: boolean;
  /** A message that holds a tool's result. */
  readonly results: boolean;
}

const none = { steps: false, many: false, toEmpty: false, answers: false, results: false };
/** By the versions that were seen. */
export const rewindAbilities = {
  "2.1.160": none,
  "2.1.197": { ...none, steps: true, results: true },
  "2.1.260": { ...none, steps: true, many: true, toEmpty: true, results: true },
  "2.1.280": { ...none, steps: true, many: true, toEmpty: true },
  "2.1.330": { ...none, steps: true, many: true, toEmpty: true, answers: true },
} as const satisfies Record<string, RewindAbilities>;

export interface RewindRequest {
  readonly target_message_uuid: string;
  readonly interrupt_if_running?: boolean;
  readonly last_seen_user_message_uuid?: string;
  readonly allow_assistant_target?: boolean;
}

export type Refusal =
  | "stale target" | "unseen later turn" | "target not found" | "target splits a tool call" | "no preceding assistant"
  | "turn running" | "commands queued";

/** As in the `response` of the CLI's `control_response`. */
export type RewindReply =
  | {
    readonly rewound: true; readonly targetMessageUuid: string; readonly prefillText: string;
    readonly precedingAssistantUuid: string | null;
  }
  | { readonly rewound: false; readonly prefillText: null; readonly precedingAssistantUuid: null; readonly error: Refusal };

/** A `note` is the CLI's own, about an interrupt. */
interface Kept {
  readonly kind: "prompt" | "results" | "note" | "assistant";
  readonly content: readonly ToldBlock[];
  /** One a line: an answer has a line a block. */
  readonly uuids: readonly string[];
  readonly messageId?: string | undefined;
}

/** The CLI compares no more of two uuids. */
const comparedChars = 24;

export class RewindableHistory {
  readonly #abilities: RewindAbilities;
  #kept: Kept[] = [];

  constructor(abilities: RewindAbilities) {
    this.#abilities = abilities;
  }

  /** As they go up: without empty ones, and neighbours of the user's as one. */
  get messages(): readonly ToldMessage[] {
    const messages: ToldMessage[] = [];
    for (const { kind, content } of this.#kept) {
      const role = kind === "assistant" ? "assistant" : "user";
      const last = messages.at(-1);
      if (content.length === 0) continue;
      if (role === "user" && last?.role === "user") messages.splice(-1, 1, { role, content: [...last.content, ...content] });
      else messages.push({ role, content });
    }
    return messages;
  }

  /** How many lines it has kept, empty ones included. */
  get length(): number {
    return this.#kept.length;
  }

  /** Where the last prompt stands; -1 where there is none. */
  get lastPrompt(): number {
    return this.#kept.findLastIndex(({ kind }) => kind === "prompt");
  }

  addUser(content: readonly ToldBlock[], uuid: string): void {
    this.#kept.push({ kind: content.some(({ type }) => type === "tool_result") ? "results" : "prompt", content, uuids: [uuid] });
  }

  addNote(text: string, uuid: string): void {
    this.#kept.push({ kind: "note", content: [{ type: "text", text }], uuids: [uuid] });
  }

  /** Equal and missing ids are merged, as the CLI does it: the history is then another. */
  addAssistant(content: readonly ToldBlock[], uuid: string, messageId: string | undefined): void {
    const index = this.#kept.findIndex((kept) => kept.kind === "assistant" && kept.messageId === messageId);
    const earlier = this.#kept[index];
    if (earlier === undefined) this.#kept.push({ kind: "assistant", content, uuids: [uuid], messageId });
    else this.#kept[index] = { ...earlier, content: [...earlier.content, ...content], uuids: [...earlier.uuids, uuid] };
  }

  /** Takes back the target and what follows it, or says why not. Whether a turn runs is for the caller to know. */
  rewind(request: RewindRequest): RewindReply {
    const index = this.#find(request);
    if (typeof index === "string") return refused(index);
    const target = this.#kept[index];
    const preceding = this.#kept.findLast(({ kind }, place) => place < index && kind === "assistant");
    if (preceding === undefined && !this.#abilities.toEmpty) return refused("no preceding assistant");
    this.#kept = this.#kept.slice(0, index);
    return {
      rewound: true,
      targetMessageUuid: request.target_message_uuid,
      prefillText: target?.kind === "assistant" ? "" : target?.content.map(({ text }) => text ?? "").join("") ?? "",
      precedingAssistantUuid: preceding?.uuids.at(-1) ?? null,
    };
  }

  /** Forgets the last line, as no CLI does. */
  loseLast(): void {
    this.#kept.pop();
  }

  #find({ target_message_uuid, last_seen_user_message_uuid, allow_assistant_target }: RewindRequest): number | Refusal {
    const index = this.#kept.findIndex(({ uuids }) => isSame(uuids[0], target_message_uuid));
    const target = this.#kept[index];
    if (target === undefined || target.kind === "note") return "target not found";
    const mayBeAnswer = this.#abilities.answers && allow_assistant_target === true;
    if (target.kind === "assistant" && (!mayBeAnswer || this.#kept[index - 1]?.kind !== "results")) return "target not found";
    if (target.kind === "results" && !this.#abilities.results) return "target splits a tool call";
    if (this.lastPrompt <= index) return index;
    if (!this.#abilities.many || last_seen_user_message_uuid === undefined) return "stale target";
    const seen = this.#kept.findIndex(({ uuids }) => isSame(uuids[0], last_seen_user_message_uuid));
    return seen >= this.lastPrompt ? index : "unseen later turn";
  }
}

export function refused(error: Refusal): RewindReply {
  return { rewound: false, prefillText: null, precedingAssistantUuid: null, error };
}

function isSame(one: string | undefined, other: string): boolean {
  return one?.slice(0, comparedChars) === other.slice(0, comparedChars);
}

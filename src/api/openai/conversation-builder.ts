import { BridgeError } from "../../errors.ts";
import { beginText, continueText } from "../../own-words.ts";
import type {
  AssistantBlock, Message, TextBlock, ToolResultBlock, ToolUseBlock, UserBlock,
} from "../../turn/message.ts";
import { isAbsent, isNestedTooDeep, jsonDepthMax, stringAt } from "../check.ts";
import { textBlocks } from "./content-parts.ts";
import { CallIds, type ToolNames } from "./tool-names.ts";

const idsShownMax = 10;
const idCharsShownMax = 100;

/** A request's conversation in the Messages API's form. */
export interface ParsedConversation {
  readonly system: readonly TextBlock[];
  /** The roles alternate; the first and the last message are the user's. */
  readonly messages: readonly Message[];
}

/** A tool call in a history, with the client's id and name. */
export interface ClientCall {
  readonly id: string;
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** The calls of one assistant message, and the request field that holds them. */
export interface ClientCalls { readonly calls: readonly ClientCall[]; readonly path: string }

/** The calls of the last assistant message, while their results are read. */
interface OpenCalls {
  readonly uses: readonly ToolUseBlock[];
  /** Index in `uses` of the call with a client's id. */
  readonly positions: ReadonlyMap<string, number>;
  readonly results: (ToolResultBlock | undefined)[];
  readonly path: string;
}

type Growing =
  | { readonly role: "user"; readonly content: UserBlock[] }
  | { readonly role: "assistant"; readonly content: AssistantBlock[] };

/**
 * Parses a call's arguments, which clients send back as the JSON text that the model wrote. Text that is not a JSON
 * object (another model may have written it) becomes `{ arguments: text }`, so that the model still sees it.
 */
export function parseArguments(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (isAbsent(value) || value === "") return {};
  const text = typeof value === "object" ? JSON.stringify(value) : stringAt(value, path);
  try {
    const parsed: unknown = JSON.parse(text);
    if (isNestedTooDeep(parsed)) {
      throw new BridgeError(
        "invalid_value", `${path}: it is nested deeper than ${jsonDepthMax} levels.`, { field: path },
      );
    }
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) {
      return parsed as Record<string, unknown>;
    }
  } catch (error) {
    if (error instanceof BridgeError) throw error;
  }
  return { arguments: text };
}

/**
 * Builds messages for the Messages API. It merges neighbours of the same role, because the API requires alternating
 * roles and clients do not always send them. It checks that every call has its result.
 */
export class ConversationBuilder {
  /** Messages are merged in place: a copy for each merge would make a long history quadratic. */
  readonly #messages: Growing[] = [];
  readonly #names: ToolNames;
  readonly #field: string;
  readonly #ids = new CallIds();
  #open: OpenCalls | undefined;

  /** `field`: the request field that holds the messages, for errors. */
  constructor(names: ToolNames, field: string) {
    this.#names = names;
    this.#field = field;
  }

  addUser(blocks: readonly UserBlock[]): void {
    this.#closeCalls();
    this.#appendUser(blocks);
  }

  /** Adds an assistant message: its text, then its calls. `path` is the request field that holds the calls. */
  addAssistant(text: readonly TextBlock[], { calls, path }: ClientCalls): void {
    this.#closeCalls();
    const uses = calls.map(({ id, name, input }) => {
      return { type: "tool_use" as const, id: this.#ids.claim(id), name: this.#names.toModel(name), input };
    });
    const blocks = [...text, ...uses];
    if (blocks.length === 0) return;
    if (this.#messages.length === 0) this.#appendUser(textBlocks(beginText));
    const last = this.#messages.at(-1);
    if (last?.role === "assistant") append(last.content, blocks);
    else this.#messages.push({ role: "assistant", content: blocks });
    if (uses.length === 0) return;
    const positions = new Map<string, number>();
    for (const [position, { id }] of calls.entries()) {
      if (positions.has(id)) {
        throw new BridgeError("invalid_value", `${path}: two calls have the id ${shownIds([id])}.`, { field: path });
      }
      positions.set(id, position);
    }
    this.#open = { uses, positions, results: uses.map(() => undefined), path };
  }

  /** Adds a tool result. Throws when it answers no open call, or one that already has a result. */
  addResult(clientId: string, content: ToolResultBlock["content"], path: string): void {
    const position = this.#open?.positions.get(clientId) ?? -1;
    const use = this.#open?.uses[position];
    if (this.#open === undefined || use === undefined) {
      throw new BridgeError(
        "invalid_value", `${path}: this result answers no call of the assistant message before it.`, { field: path },
      );
    }
    if (this.#open.results[position] !== undefined) {
      throw new BridgeError("invalid_value", `${path}: this call was answered already.`, { field: path });
    }
    this.#open.results[position] = { type: "tool_result", tool_use_id: use.id, content };
  }

  /** Returns the messages, after a request to continue if the last is the assistant's. Throws when there are none. */
  close(): readonly Message[] {
    this.#closeCalls();
    if (this.#messages.length === 0) {
      throw new BridgeError(
        "invalid_value", `${this.#field}: expected at least one message with content that is not the system's.`,
        { field: this.#field },
      );
    }
    if (this.#messages.at(-1)?.role === "assistant") this.#appendUser(textBlocks(continueText));
    return this.#messages;
  }

  #appendUser(blocks: readonly UserBlock[]): void {
    if (blocks.length === 0) return;
    const last = this.#messages.at(-1);
    if (last?.role === "user") append(last.content, blocks);
    else this.#messages.push({ role: "user", content: [...blocks] });
  }

  /** Adds the open calls' results as a user message, in the order of the calls. Throws when a result is missing. */
  #closeCalls(): void {
    if (this.#open === undefined) return;
    const { results, positions, path } = this.#open;
    const missing = [...positions].flatMap(([id, position]) => (results[position] === undefined ? [id] : []));
    if (missing.length > 0) {
      throw new BridgeError(
        "invalid_value", `${path}: every call needs its result right after it; missing are ${shownIds(missing)}.`,
        { field: path },
      );
    }
    this.#open = undefined;
    this.#appendUser(results.filter((result) => result !== undefined));
  }
}

/** Formats client ids for an error message; limits their number and their length. */
function shownIds(ids: readonly string[]): string {
  const shown = ids.slice(0, idsShownMax).map(
    (id) => JSON.stringify(id.length > idCharsShownMax ? `${id.slice(0, idCharsShownMax)}…` : id)
  );
  return `${shown.join(", ")}${ids.length > idsShownMax ? ` and ${ids.length - idsShownMax} more` : ""}`;
}

/** Pushes one by one: `push(...blocks)` overflows the stack for hundreds of thousands of blocks. */
function append<Block>(content: Block[], blocks: readonly Block[]): void {
  for (const block of blocks) content.push(block);
}

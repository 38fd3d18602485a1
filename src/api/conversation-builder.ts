import { BridgeError } from "../errors.ts";
import { beginText, continueText, laterSystemTexts } from "../own-words.ts";
import type {
  AssistantBlock, Message, PromptBlock, TextBlock, Thought, ToolResultBlock, ToolUseBlock, UserBlock,
} from "../turn/message.ts";
import { CallIds } from "./call-ids.ts";
import { textBlocks } from "./text-blocks.ts";

/** How many call ids an error message lists, and how many characters of each. */
const idsShownMax = 10;
const idCharsShownMax = 100;

/** A request's conversation in the Messages API's form. */
export interface ParsedConversation {
  readonly system: readonly TextBlock[];
  /** The roles alternate; the first and the last message are the user's. */
  readonly messages: readonly Message[];
}

/** The result of a call: the client's id for the call, and the request field that has it. */
export interface PlacedResult {
  readonly id: string;
  readonly path: string;
  readonly result: Pick<ToolResultBlock, "content" | "is_error">;
}

/** What a user's message holds: the results of calls, and what is said beside them. */
export interface UserContent { readonly blocks: readonly PromptBlock[]; readonly results: readonly PlacedResult[] }

/** The calls of the last assistant message, while their results are read. */
interface OpenCalls {
  readonly uses: readonly ToolUseBlock[];
  /** The place in `uses` of each call, by the client's id for it. */
  readonly positions: ReadonlyMap<string, number>;
  readonly results: (ToolResultBlock | undefined)[];
  readonly path: string;
}

type Growing =
  | { readonly role: "user"; readonly content: UserBlock[] }
  | { readonly role: "assistant"; readonly content: AssistantBlock[] };

/**
 * Builds the messages of a turn out of a client's, as the Messages API wants them. It merges neighbours of the same
 * role, because roles must alternate. It begins and ends with a user message, made up where the client has none there.
 * It gives every call an id of its own, and checks that every call has its result right behind it. What the system says
 * before anybody else is the system prompt.
 */
export class ConversationBuilder {
  /** Messages are merged in place: a copy for each merge would make a long history quadratic. */
  readonly #messages: Growing[] = [];
  readonly #system: TextBlock[] = [];
  readonly #field: string;
  readonly #ids = new CallIds();
  #open: OpenCalls | undefined;
  /** User texts that came before all results of the open calls: they go behind the results. */
  #notes: TextBlock[] = [];

  /** `field`: the request field that holds the messages, for errors. */
  constructor(field: string) {
    this.#field = field;
  }

  /** Adds what the system says. Behind a message it stays in its place, marked as the system's. */
  addSystem(blocks: readonly TextBlock[]): void {
    if (this.#messages.length === 0) append(this.#system, blocks);
    else this.addNotes(laterSystem(blocks));
  }

  /** Adds a user message with its results of calls. Those of one answer may be spread over several messages. */
  addUserContent({ blocks, results }: UserContent): void {
    for (const { id, path, result } of results) this.addResult(id, result, path);
    // Only what is said beside the results ends the run of them.
    if (blocks.length > 0 || results.length === 0) this.addUser(blocks);
  }

  /** Adds a user message. Results of calls are not part of it: add them before it, with `addResult`. */
  addUser(blocks: readonly PromptBlock[]): void {
    this.#closeCalls();
    this.#appendUser(blocks);
  }

  /**
   * Adds an assistant message. Its calls have the client's ids, and the model's names of the tools. Thoughts at its end
   * are left out: the API takes none there. `path` is the request field that holds the calls, for errors.
   */
  addAssistant(said: readonly AssistantBlock[], path: string): void {
    const blocks = said.slice(0, said.findLastIndex((block) => !isThought(block)) + 1);
    if (blocks.length === 0) return;
    this.#closeCalls();
    if (this.#messages.length === 0) this.#appendUser(textBlocks(beginText));
    const calls = blocks.filter((block) => block.type === "tool_use");
    const own = blocks.map((block) => (
      block.type === "tool_use" ? { ...block, id: this.#ids.claim(block.id) } : block));
    const last = this.#messages.at(-1);
    if (last?.role === "assistant") append(last.content, own);
    else this.#messages.push({ role: "assistant", content: own });
    if (calls.length === 0) return;
    const positions = new Map<string, number>();
    for (const [position, { id }] of calls.entries()) {
      if (positions.has(id)) {
        throw new BridgeError("invalid_value", `${path}: two calls have the id ${shownIds([id])}.`, { field: path });
      }
      positions.set(id, position);
    }
    const uses = own.filter((block) => block.type === "tool_use");
    this.#open = { uses, positions, results: uses.map(() => undefined), path };
  }

  /**
   * Adds the result of the call with the client's id `clientId`. Throws when that is no call of the assistant message
   * before, or one that already has a result.
   */
  addResult(clientId: string, result: Pick<ToolResultBlock, "content" | "is_error">, path: string): void {
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
    this.#open.results[position] = { type: "tool_result", tool_use_id: use.id, ...result };
  }

  /**
   * Adds text to the user's side that may stand anywhere, also between calls and their results: there it goes behind
   * the results, which must follow their calls at once.
   */
  addNotes(blocks: readonly TextBlock[]): void {
    if (this.#open === undefined) this.#appendUser(blocks);
    else append(this.#notes, blocks);
  }

  /**
   * Returns the system prompt and the messages, as `close` does. Where only the system has said something, the last
   * that it said is asked as the user's message.
   */
  closeWithSystem(): ParsedConversation {
    const asked = this.#messages.length === 0 ? this.#system.pop() : undefined;
    if (asked !== undefined) this.addUser([asked]);
    return { system: this.#system, messages: this.close() };
  }

  /** Returns the messages, after a request to continue if the last is the assistant's. Throws when there are none. */
  close(): readonly Message[] {
    this.#closeCalls();
    if (this.#messages.length === 0) {
      throw new BridgeError(
        "invalid_value", `${this.#field}: expected at least one message with content.`,
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
    this.#appendUser(this.#notes);
    this.#notes = [];
  }
}

/** What the system says after others, marked as the system's: it is told on the user's side. */
export function laterSystem(blocks: readonly TextBlock[]): readonly TextBlock[] {
  return blocks.map(({ text }) => ({ type: "text", text: laterSystemTexts.join(text) }));
}

/** Whether a block of an answer is a thought. */
export function isThought(block: AssistantBlock): block is Thought {
  return block.type === "thinking" || block.type === "redacted_thinking";
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

import { BridgeError } from "../../errors.ts";
import type { AssistantBlock, Message, ToolResultBlock, ToolUseBlock, UserBlock } from "../../turn.ts";
import { arrayAt, type Fields, isNestedTooDeep, nestedDepthMax, objectAt, stringAt } from "../check.ts";
import { CallIds, type ToolNames } from "../tool-names.ts";
import { assistantContent, textBlocks, textContent, toolContent, userContent } from "./content.ts";

/** The most messages that one request may hold. */
export const messagesMax = 10_000;
const idsShownMax = 10;
const idCharsShownMax = 100;

/** Current models refuse a conversation that ends with the assistant's words, so going on is asked for. */
const continueText = "Go on exactly from where your last message ended. Do not repeat any of it and do not comment on this request.";
/** The Messages API wants the user to begin. */
const beginText = "(The conversation begins with your message.)";

export interface ParsedMessages {
  readonly system: string;
  readonly messages: readonly Message[];
}

/** OpenAI's messages as a system prompt and a conversation in which the roles alternate, the user's first and last. */
export function parseMessages(value: unknown, names: ToolNames): ParsedMessages {
  if (value === undefined || value === null) throw new BridgeError("missing_field", "messages is required: an array of at least one message.", { param: "messages" });
  const entries = arrayAt(value, "messages");
  if (entries.length === 0) throw new BridgeError("invalid_value", "messages: expected at least one message, got none.", { param: "messages" });
  if (entries.length > messagesMax) {
    throw new BridgeError("invalid_value", `messages: expected at most ${messagesMax} messages, got ${entries.length}.`, { param: "messages" });
  }
  const system: string[] = [];
  const conversation = new ConversationBuilder(names);
  for (const [index, entry] of entries.entries()) {
    const path = `messages[${index}]`;
    const message = objectAt(entry, path);
    const role = stringAt(message["role"], `${path}.role`);
    switch (role) {
      case "system":
      case "developer": {
        const text = textContent(message["content"], `${path}.content`);
        if (text.trim() !== "") system.push(text);
        break;
      }
      case "user":
        conversation.addUser(userContent(message["content"], `${path}.content`));
        break;
      case "assistant":
        conversation.addAssistant(assistantContent(message["content"], `${path}.content`), parseCalls(message, path));
        break;
      case "tool":
        conversation.addResult(stringAt(message["tool_call_id"], `${path}.tool_call_id`), toolContent(message["content"], `${path}.content`), `${path}.tool_call_id`);
        break;
      case "function":
        conversation.addResult(legacyCallId, toolContent(message["content"], `${path}.content`), `${path}.role`);
        break;
      default:
        throw new BridgeError("invalid_value", `${path}.role: expected system, developer, user, assistant, tool or function.`, { param: `${path}.role` });
    }
  }
  return { system: system.join("\n\n"), messages: conversation.close() };
}

/** A call as the client wrote it. */
interface ClientCall {
  readonly id: string;
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** The calls that wait for their results while the messages are read. */
interface OpenCalls {
  readonly uses: readonly ToolUseBlock[];
  /** Where in `uses` a client's id stands. */
  readonly positions: ReadonlyMap<string, number>;
  readonly results: (ToolResultBlock | undefined)[];
  readonly path: string;
}

type Growing = { readonly role: "user"; readonly content: UserBlock[] } | { readonly role: "assistant"; readonly content: AssistantBlock[] };

/** The deprecated function calls have no ids: a message has one at most. */
const legacyCallId = "function_call";

function parseCalls(message: Fields, path: string): { readonly calls: readonly ClientCall[]; readonly path: string } {
  const { tool_calls: toolCalls, function_call: functionCall } = message;
  const entries = toolCalls === undefined || toolCalls === null ? [] : arrayAt(toolCalls, `${path}.tool_calls`);
  if (entries.length > 0) {
    const calls = entries.map((entry, index) => {
      const callPath = `${path}.tool_calls[${index}]`;
      const call = objectAt(entry, callPath);
      return { id: stringAt(call["id"], `${callPath}.id`), ...parseFunctionCall(call["function"], `${callPath}.function`) };
    });
    return { calls, path: `${path}.tool_calls` };
  }
  if (functionCall === undefined || functionCall === null) return { calls: [], path };
  return { calls: [{ id: legacyCallId, ...parseFunctionCall(functionCall, `${path}.function_call`) }], path: `${path}.function_call` };
}

function parseFunctionCall(value: unknown, path: string): Omit<ClientCall, "id"> {
  const definition = objectAt(value, path);
  return { name: stringAt(definition["name"], `${path}.name`), input: parseArguments(definition["arguments"], `${path}.arguments`) };
}

/** Arguments come back as the text the model wrote; what is not an object (another model wrote it) is shown to the model as that text. */
function parseArguments(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (value === undefined || value === null || value === "") return {};
  const text = typeof value === "object" ? JSON.stringify(value) : stringAt(value, path);
  try {
    const parsed: unknown = JSON.parse(text);
    if (isNestedTooDeep(parsed)) throw new BridgeError("invalid_value", `${path}: it is nested deeper than ${nestedDepthMax} levels.`, { param: path });
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  } catch (error) {
    if (error instanceof BridgeError) throw error;
  }
  return { arguments: text };
}

/** Ids of the client's in an error's message, as many and as much of each as one can read. */
function shownIds(ids: readonly string[]): string {
  const shown = ids.slice(0, idsShownMax).map((id) => JSON.stringify(id.length > idCharsShownMax ? `${id.slice(0, idCharsShownMax)}…` : id));
  return `${shown.join(", ")}${ids.length > idsShownMax ? ` and ${ids.length - idsShownMax} more` : ""}`;
}

/** Joins neighbours of the same role (the Messages API alternates, clients do not always) and sees that every call has its result. */
class ConversationBuilder {
  /** Grown in place: a copy for every neighbour that joins would cost the square of a long history. */
  readonly #messages: Growing[] = [];
  readonly #names: ToolNames;
  readonly #ids = new CallIds();
  #open: OpenCalls | undefined;

  constructor(names: ToolNames) {
    this.#names = names;
  }

  addUser(blocks: readonly UserBlock[]): void {
    this.#closeCalls();
    this.#appendUser(blocks);
  }

  addAssistant(text: readonly AssistantBlock[], { calls, path }: ReturnType<typeof parseCalls>): void {
    this.#closeCalls();
    const uses = calls.map(({ id, name, input }) => ({ type: "tool_use" as const, id: this.#ids.claim(id), name: this.#names.toModel(name), input }));
    const blocks = [...text, ...uses];
    if (blocks.length === 0) return;
    if (this.#messages.length === 0) this.#appendUser(textBlocks(beginText));
    const last = this.#messages.at(-1);
    if (last?.role === "assistant") append(last.content, blocks);
    else this.#messages.push({ role: "assistant", content: blocks });
    if (uses.length === 0) return;
    const positions = new Map<string, number>();
    for (const [position, { id }] of calls.entries()) {
      if (positions.has(id)) throw new BridgeError("invalid_value", `${path}: two calls have the id ${shownIds([id])}.`, { param: path });
      positions.set(id, position);
    }
    this.#open = { uses, positions, results: uses.map(() => undefined), path };
  }

  addResult(clientId: string, content: ToolResultBlock["content"], path: string): void {
    const position = this.#open?.positions.get(clientId) ?? -1;
    const use = this.#open?.uses[position];
    if (this.#open === undefined || use === undefined) {
      throw new BridgeError("invalid_value", `${path}: this result answers no call of the assistant message before it.`, { param: path });
    }
    if (this.#open.results[position] !== undefined) throw new BridgeError("invalid_value", `${path}: this call was answered already.`, { param: path });
    this.#open.results[position] = { type: "tool_result", tool_use_id: use.id, content };
  }

  close(): readonly Message[] {
    this.#closeCalls();
    if (this.#messages.length === 0) {
      throw new BridgeError("invalid_value", "messages: expected at least one message with content that is not the system's.", { param: "messages" });
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

  /** The results go up in the order of the calls, whatever theirs was. */
  #closeCalls(): void {
    if (this.#open === undefined) return;
    const { results, positions, path } = this.#open;
    const missing = [...positions].flatMap(([id, position]) => (results[position] === undefined ? [id] : []));
    if (missing.length > 0) {
      throw new BridgeError("invalid_value", `${path}: every call needs a tool message with its result; missing are ${shownIds(missing)}.`, { param: path });
    }
    this.#open = undefined;
    this.#appendUser(results.filter((result) => result !== undefined));
  }
}

/** One by one: `push(...blocks)` has no room on the stack for hundreds of thousands. */
function append<Block>(content: Block[], blocks: readonly Block[]): void {
  for (const block of blocks) content.push(block);
}

import { BridgeError } from "../../errors.ts";
import type { ServerToolBlock, TextBlock, Thought, ToolUseBlock } from "../../turn/message.ts";
import { arrayAt, type Fields, isAbsent, isFields, stringAt } from "../check.ts";
import { ConversationBuilder, isThought, laterSystem, type ParsedConversation } from "../conversation-builder.ts";
import { textBlocks } from "../text-blocks.ts";
import type { ModelNames } from "../tool-names.ts";
import { parseArguments } from "./arguments.ts";
import { callsBeside, legacyCallId } from "./calls-beside.ts";
import {
  agentContent, assistantContent, resultContent, systemContent, unsupportedPart, userContent,
} from "./content-parts.ts";
import { isPart, type ItemShape, itemShapes, type RoleShape, roleShapes } from "./shapes.ts";
import { thoughtsBeside } from "./thoughts.ts";
import { qualifiedNameAt } from "./tools.ts";

/** An entry of a conversation: a message or an item. `path` is the request field that it came from, for errors. */
export interface PlacedEntry { readonly item: Fields; readonly path: string }

/** What a conversation is read with. */
export interface ReadingContext {
  /** The request field that holds the conversation, for errors. */
  readonly field: string;
  /** The beginning of the system prompt; empty when there is none. */
  readonly instructions: string;
  readonly names: ModelNames;
  /** Whether the model may search the web; if not, earlier searches are left out. */
  readonly hasSearch?: boolean;
}

/** The only property of a custom tool's input as the model sees it: holds the free text. */
export const customInput = "input";

/** An entry that is not checked yet. */
export interface PlacedValue { readonly value: unknown; readonly path: string }

/** Returns a conversation's entries. A string is the user's one message, and a single entry needs no list around it. */
export function entriesAt(value: unknown, path: string): readonly PlacedValue[] {
  if (typeof value === "string") return [{ value: { type: "message", role: "user", content: value }, path }];
  const isOne = isFields(value) && (typeof value["role"] === "string" || typeof value["type"] === "string");
  if (isOne) return [{ value, path }];
  return arrayAt(value, path).map((entry, index) => ({ value: entry, path: `${path}[${index}]` }));
}

/**
 * Parses a conversation's entries into a system prompt, which begins with the instructions, and messages whose roles
 * alternate; the first and the last are the user's. The entries are chat messages, Responses items or both.
 */
export function readConversation(entries: readonly PlacedEntry[], context: ReadingContext): ParsedConversation {
  const reader = new ConversationReader(context);
  for (const { item, path } of entries) reader.take(item, path);
  return reader.close();
}

/** Blocks that keep their place between an answer's texts and calls: thinking, and the API's own searches. */
type Aside = Thought | ServerToolBlock;

/** The assistant's entries read so far: neighbouring ones become one message. */
interface Said {
  readonly text: (TextBlock | Aside)[];
  readonly calls: (ToolUseBlock | Aside)[];
  /** Texts that came between the calls and their results, such as system messages. */
  readonly notes: TextBlock[];
  /** The field that holds the first call, for errors. */
  path: string;
}

class ConversationReader {
  readonly #builder: ConversationBuilder;
  readonly #names: ModelNames;
  readonly #hasSearch: boolean;
  /** The ids of calls by the ids of their items: the outputs of some calls have only the latter. */
  readonly #callIds = new Map<string, string>();
  #said: Said | undefined;

  constructor({ field, instructions, names, hasSearch = false }: ReadingContext) {
    this.#hasSearch = hasSearch;
    this.#builder = new ConversationBuilder(field);
    this.#builder.addSystem(textBlocks(instructions));
    this.#names = names;
  }

  take(entry: Fields, path: string): void {
    const type = entry["type"] ?? "message";
    const shape = itemShapes.find((candidate) => candidate.type === type);
    if (shape !== undefined) this.#takeItem(entry, shape, path);
    else if (type === "message" || typeof entry["role"] === "string") this.#takeMessage(entry, path);
    else throw unsupportedPart(stringAt(type, `${path}.type`), path);
  }

  close(): ParsedConversation {
    this.#endSaid();
    return this.#builder.closeWithSystem();
  }

  #takeMessage(message: Fields, path: string): void {
    const role = stringAt(message["role"], `${path}.role`);
    const shape = roleShapes.find((candidate) => candidate.role === role);
    if (shape === undefined) throw unknownRole(path);
    const contentPath = `${path}.content`;
    const { content } = message;
    switch (shape.act) {
      case "system": return this.#takeSystem(systemContent(content, contentPath));
      case "user": {
        const said = userContent(content, contentPath);
        this.#endSaid();
        return this.#builder.addUserContent(said);
      }
      case "assistant": return this.#takeAssistant(message, path);
      case "result": return this.#takeResult(message, shape, path);
    }
  }

  #takeSystem(blocks: readonly TextBlock[]): void {
    if (this.#holdBack(laterSystem(blocks))) return;
    this.#endSaid();
    this.#builder.addSystem(blocks);
  }

  #takeAssistant(message: Fields, path: string): void {
    const { text, calls } = assistantContent(message["content"], `${path}.content`, this.#names);
    const beside = callsBeside(message, path, this.#names);
    if (![...text, ...calls].some(isThought)) for (const one of thoughtsBeside(message)) this.#addAside(one, path);
    if (text.length > 0) {
      const said = this.#saidAt(path);
      for (const block of text) said.text.push(block);
    }
    if (beside.calls.length > 0) this.#addCalls(beside.calls, beside.path);
    // Some clients write the same calls both in the content and beside it.
    const others = calls.filter((call) => isThought(call) || !beside.calls.some(({ id }) => id === call.id));
    if (others.length > 0) this.#addCalls(others, `${path}.content`);
  }

  #takeResult(message: Fields, shape: RoleShape & { readonly act: "result" }, path: string): void {
    const { idField } = shape;
    const idPath = `${path}.${idField ?? "role"}`;
    const id = idField === undefined ? legacyCallId : stringAt(message[idField], idPath);
    this.#endSaid();
    this.#builder.addResult(id, { content: resultContent(message["content"], `${path}.content`) }, idPath);
  }

  #takeItem(item: Fields, shape: ItemShape, path: string): void {
    switch (shape.act) {
      case "skip": return;
      case "thought": {
        const thought = shape.read(item);
        if (thought !== undefined) this.#addAside(thought, path);
        return;
      }
      case "search": {
        if (this.#hasSearch) for (const block of shape.read(item)) this.#addAside(block, path);
        return;
      }
      case "note": return this.#addNotes(agentContent(item["content"], `${path}.content`));
      case "call": return this.#addCalls([this.#callOf(item, shape, path)], path);
      case "result": {
        const isHosted = shape.isHosted === true;
        const id = this.#callIdOf(item, path, isHosted);
        this.#endSaid();
        const outputPath = `${path}.${shape.field}`;
        const output = isHosted ? asContent(item[shape.field]) : item[shape.field];
        this.#builder.addResult(id, { content: resultContent(output, outputPath) }, `${path}.call_id`);
      }
    }
  }

  #callOf(item: Fields, { tool, field, type }: ItemShape & { readonly act: "call" }, path: string): ToolUseBlock {
    const id = this.#callIdOf(item, path, tool !== undefined);
    if (typeof item["id"] === "string") this.#callIds.set(item["id"], id);
    const name = this.#names.toModel(tool ?? qualifiedNameAt(item, path));
    const inputPath = `${path}.${field}`;
    const input = type === "custom_tool_call"
      ? { [customInput]: stringAt(item[field], inputPath) }
      : parseArguments(item[field], inputPath);
    return { type: "tool_use", id, name, input };
  }

  /** The id of an item's call. The items of tools that OpenAI defines may have it in `id` instead. */
  #callIdOf(item: Fields, path: string, isHosted: boolean): string {
    if (!isHosted || !isAbsent(item["call_id"])) return stringAt(item["call_id"], `${path}.call_id`);
    const id = stringAt(item["id"], `${path}.call_id`);
    return this.#callIds.get(id) ?? id;
  }

  #addNotes(blocks: readonly TextBlock[]): void {
    if (this.#holdBack(blocks)) return;
    this.#endSaid();
    this.#builder.addNotes(blocks);
  }

  /** Keeps what is said between calls until it can go behind their results. False where no call is before it. */
  #holdBack(blocks: readonly TextBlock[]): boolean {
    if (this.#said === undefined || this.#said.calls.length === 0) return false;
    this.#said.notes.push(...blocks);
    return true;
  }

  #addAside(aside: Aside, path: string): void {
    const { text, calls } = this.#saidAt(path);
    if (calls.length === 0) text.push(aside);
    else calls.push(aside);
  }

  #addCalls(calls: readonly (ToolUseBlock | Thought)[], path: string): void {
    const said = this.#saidAt(path);
    if (said.calls.length === 0) said.path = path;
    for (const call of calls) said.calls.push(call);
  }

  #saidAt(path: string): Said {
    return this.#said ??= { text: [], calls: [], notes: [], path };
  }

  #endSaid(): void {
    if (this.#said === undefined) return;
    const { text, calls, notes, path } = this.#said;
    this.#said = undefined;
    this.#builder.addAssistant([...text, ...calls], path);
    this.#builder.addNotes(notes);
  }
}

/** The output of a tool that OpenAI defines: text, parts, or an object of its own, whose JSON the model reads. */
function asContent(output: unknown): unknown {
  if (isAbsent(output) || typeof output === "string") return output;
  return Array.isArray(output) && output.every(isPart) ? output : JSON.stringify(output);
}

function unknownRole(path: string): BridgeError {
  const roles = roleShapes.map(({ role }) => role);
  return new BridgeError(
    "invalid_value", `${path}.role: expected ${roles.slice(0, -1).join(", ")} or ${roles.at(-1)}.`,
    { field: `${path}.role` },
  );
}

import { BridgeError } from "../../../errors.ts";
import type { AssistantBlock, TextBlock } from "../../../turn/message.ts";
import { arrayAt, isAbsent, objectAt, stringAt } from "../../check.ts";
import { ConversationBuilder, type ParsedConversation } from "../../conversation-builder.ts";
import { AnswerSearches } from "../../search-blocks.ts";
import { type AnswerContext, assistantContent, systemMessage, systemPrompt, userContent } from "./content.ts";

/** The most messages that one request may hold. */
export const messagesMax = 10_000;
const field = "messages";

/** What a conversation is read with. */
type ReadingContext = Omit<AnswerContext, "searches">;

/** Parses `system` and `messages` into a system prompt and messages whose roles alternate. */
export function parseConversation(system: unknown, messages: unknown, context: ReadingContext): ParsedConversation {
  if (isAbsent(messages)) {
    throw new BridgeError("missing_field", `${field}: expected an array of at least one message.`, { field });
  }
  const entries = arrayAt(messages, field);
  if (entries.length === 0 || entries.length > messagesMax) {
    throw new BridgeError(
      "invalid_value", `${field}: expected 1 to ${messagesMax} messages, got ${entries.length}.`, { field },
    );
  }
  const reader = new ConversationReader(systemPrompt(system, "system"), context);
  for (const [index, entry] of entries.entries()) reader.take(entry, `${field}[${index}]`);
  return reader.close();
}

/** The assistant's neighbouring messages, which become one. `path` is the first one's content, for errors. */
interface Said {
  readonly blocks: AssistantBlock[];
  readonly searches: AnswerSearches;
  readonly path: string;
}

class ConversationReader {
  readonly #system: readonly TextBlock[];
  readonly #builder = new ConversationBuilder(field);
  readonly #context: ReadingContext;
  #said: Said | undefined;

  constructor(system: readonly TextBlock[], context: ReadingContext) {
    this.#system = system;
    this.#context = context;
  }

  take(entry: unknown, path: string): void {
    const message = objectAt(entry, path);
    const contentPath = `${path}.content`;
    const { content } = message;
    switch (stringAt(message["role"], `${path}.role`)) {
      case "user": {
        const said = userContent(content, contentPath);
        this.#endSaid();
        return this.#builder.addUserContent(said);
      }
      case "assistant": {
        const said = this.#said ??= { blocks: [], searches: new AnswerSearches(), path: contentPath };
        const context = { ...this.#context, searches: said.searches };
        for (const block of assistantContent(content, contentPath, context)) said.blocks.push(block);
        return;
      }
      case "system": {
        const said = systemMessage(content, contentPath);
        this.#endSaid();
        return this.#builder.addSystem(said);
      }
      default:
        throw new BridgeError(
          "invalid_value", `${path}.role: expected user, assistant or system.`, { field: `${path}.role` },
        );
    }
  }

  /** The system's messages before anybody else's are the end of the system prompt. */
  close(): ParsedConversation {
    this.#endSaid();
    const { system, messages } = this.#builder.closeWithSystem();
    return { system: [...this.#system, ...system], messages };
  }

  #endSaid(): void {
    if (this.#said === undefined) return;
    const { blocks, searches, path } = this.#said;
    this.#said = undefined;
    this.#builder.addAssistant(blocks.filter((block) => !searches.isOpen(block)), path);
  }
}

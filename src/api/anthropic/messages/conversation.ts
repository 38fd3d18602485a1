import { BridgeError } from "../../../errors.ts";
import { laterSystemTexts } from "../../../own-words.ts";
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
  /** What messages of the system's say before anybody else: the end of the system prompt. */
  readonly #leading: TextBlock[] = [];
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
        const { blocks, results } = userContent(content, contentPath);
        this.#endSaid();
        for (const result of results) this.#builder.addResult(result.id, result.result, result.path);
        // Results of one answer may come in several messages: only what is said beside them closes it.
        if (blocks.length > 0 || results.length === 0) this.#builder.addUser(blocks);
        return;
      }
      case "assistant": {
        const said = this.#said ??= { blocks: [], searches: new AnswerSearches(), path: contentPath };
        const context = { ...this.#context, searches: said.searches };
        for (const block of assistantContent(content, contentPath, context)) said.blocks.push(block);
        return;
      }
      case "system": return this.#takeSystem(systemMessage(content, contentPath));
      default:
        throw new BridgeError(
          "invalid_value", `${path}.role: expected user, assistant or system.`, { field: `${path}.role` },
        );
    }
  }

  /** Where only messages of the system's say something, the last of them is asked as the user's. */
  close(): ParsedConversation {
    this.#endSaid();
    const asked = this.#builder.isEmpty ? this.#leading.pop() : undefined;
    if (asked !== undefined) this.#builder.addUser([asked]);
    return { system: [...this.#system, ...this.#leading], messages: this.#builder.close() };
  }

  /** The leading run belongs to the system prompt. What the system says later stays in its place, marked. */
  #takeSystem(blocks: readonly TextBlock[]): void {
    this.#endSaid();
    if (this.#builder.isEmpty) {
      for (const block of blocks) this.#leading.push(block);
      return;
    }
    this.#builder.addNotes(blocks.map(({ text }): TextBlock => ({ type: "text", text: laterSystemTexts.join(text) })));
  }

  #endSaid(): void {
    if (this.#said === undefined) return;
    const { searches, path } = this.#said;
    const blocks = this.#said.blocks.filter((block) => !searches.isOpen(block));
    this.#said = undefined;
    // The API takes no thought at the end of an answer.
    const last = blocks.findLastIndex(({ type }) => type !== "thinking" && type !== "redacted_thinking");
    if (last >= 0) this.#builder.addAssistant(blocks.slice(0, last + 1), path);
  }
}

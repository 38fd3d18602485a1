import { renamedText } from "../schema/key-rewriter.ts";
import { renamedValue, type SchemaPlace } from "../schema/schema-place.ts";
import type { AssistantBlock, Message } from "../turn/message.ts";
import type { ToolNames } from "./tool-names.ts";

/**
 * The messages, with properties renamed to the names that the model knows: in the arguments of earlier calls and, where
 * the answer is to be a JSON document, in earlier documents. The same array where no property has two names.
 */
export function withModelKeys(messages: readonly Message[], names: ToolNames): readonly Message[] {
  if (!names.haveKeys) return messages;
  return messages.map((message): Message => (
    message.role === "user"
      ? message
      : { role: "assistant", content: message.content.map((block) => withKeys(block, names)) }));
}

function withKeys(block: AssistantBlock, names: ToolNames): AssistantBlock {
  if (block.type === "tool_use") {
    const keys = names.keysOf(block.name);
    if (keys === undefined) return block;
    return { ...block, input: renamedValue(block.input, keys, "toModel") as Readonly<Record<string, unknown>> };
  }
  if (block.type !== "text" || names.answerKeys === undefined) return block;
  return { ...block, text: documentText(block.text, names.answerKeys) };
}

/** The text of a JSON object with its properties renamed; any other text as it is. */
function documentText(text: string, keys: SchemaPlace): string {
  return text.trimStart().startsWith("{") ? renamedText(text, keys, "toModel") : text;
}

import { BridgeError } from "../../../errors.ts";
import type { TextBlock, ToolUseBlock } from "../../../turn/message.ts";
import { arrayAt, type Fields, isAbsent, objectAt, stringAt } from "../../check.ts";
import { ConversationBuilder, type ParsedConversation } from "../../conversation-builder.ts";
import { textBlocks } from "../../text-blocks.ts";
import type { ModelNames } from "../../tool-names.ts";
import { parseArguments } from "../arguments.ts";
import { unsupportedPart } from "../content-parts.ts";
import { qualifiedNameAt } from "../tools.ts";
import { itemContent } from "./content.ts";
import type { ResponseStore } from "./store.ts";

/** The most items of one request, including those of the response that it continues. */
export const itemsMax = 20_000;

/** An input item, and the request field that it came from, for errors. */
export interface PlacedItem { readonly item: Fields; readonly path: string }

/**
 * Collects a request's whole conversation: the items of the response named by `previous_response_id`, then its own.
 * Each `item_reference` is replaced by the stored item.
 */
export function collectItems(fields: Fields, stored: ResponseStore): readonly PlacedItem[] {
  const previous = previousItems(fields["previous_response_id"], stored);
  const entries = ownEntries(fields["input"], previous !== undefined);
  const count = (previous?.length ?? 0) + (typeof entries === "string" ? 1 : entries.length);
  if (count > itemsMax) {
    throw new BridgeError(
      "invalid_value", `input: expected at most ${itemsMax} items with those of earlier responses, got ${count}.`,
      { field: "input" },
    );
  }
  return [...(previous ?? []).map((item) => ({ item, path: "previous_response_id" })), ...ownItems(entries, stored)];
}

function previousItems(value: unknown, stored: ResponseStore): readonly Fields[] | undefined {
  if (isAbsent(value)) return undefined;
  const path = "previous_response_id";
  const previous = stored.conversation(stringAt(value, path));
  if (previous !== undefined) return previous;
  throw new BridgeError("not_found", "previous_response_id: there is no such response. They are "
    + "kept in memory, unless `store` is false, until the server ends or newer ones need their "
      + "place.", { field: path });
}

/** Returns `input`. It is required, unless the request continues a stored response (`isOptional`). */
function ownEntries(value: unknown, isOptional: boolean): readonly unknown[] | string {
  if (typeof value === "string") return value;
  if (!isAbsent(value)) return arrayAt(value, "input");
  if (isOptional) return [];
  throw new BridgeError("missing_field", "input is required: a string or an array of items.", { field: "input" });
}

function ownItems(entries: readonly unknown[] | string, stored: ResponseStore): PlacedItem[] {
  if (typeof entries === "string") {
    return [{ item: { type: "message", role: "user", content: entries }, path: "input" }];
  }
  const referred = new Set<Fields>();
  return entries.map((entry, index) => {
    const path = `input[${index}]`;
    const item = objectAt(entry, path);
    // A reference's `type` may be absent or null: then an `id` without a `role` marks it.
    const isReference = item["type"] === "item_reference"
      || (isAbsent(item["type"]) && item["role"] === undefined && item["id"] !== undefined);
    if (!isReference) return { item, path };
    const found = referredTo(item, path, stored);
    // Each item may be referred to once: otherwise a short request could expand to any length.
    if (referred.has(found)) {
      throw new BridgeError("invalid_value", `${path}.id: this item was referred to already.`, { field: `${path}.id` });
    }
    referred.add(found);
    return { item: found, path };
  });
}

function referredTo(reference: Fields, path: string, stored: ResponseStore): Fields {
  const item = stored.item(stringAt(reference["id"], `${path}.id`));
  if (item !== undefined) return item;
  throw new BridgeError("invalid_request", `${path}: Item with this id not found. Items are kept in memory, unless `
    + `\`store\` is false, until the server ends or newer ones need their place.`, { field: `${path}.id` });
}

/** The assistant's items read so far: neighbouring ones become one message. */
interface Said { readonly text: TextBlock[]; readonly calls: ToolUseBlock[]; readonly path: string }

/**
 * Parses items into a system prompt, which begins with `instructions`, and messages whose roles alternate. The first
 * and the last message are the user's.
 */
export function parseItems(items: readonly PlacedItem[], instructions: string, names: ModelNames): ParsedConversation {
  const system = textBlocks(instructions);
  const conversation = new ConversationBuilder("input");
  let said: Said | undefined;
  const endSaid = (): void => {
    if (said !== undefined) conversation.addAssistant([...said.text, ...said.calls], said.path);
    said = undefined;
  };
  for (const { item, path } of items) {
    const assistant = (): Said => (said ??= { text: [], calls: [], path });
    switch (item["type"] ?? "message") {
      case "message": {
        const role = stringAt(item["role"], `${path}.role`);
        const contentPath = `${path}.content`;
        switch (role) {
          case "system": case "developer":
            system.push(...itemContent.system(item["content"], contentPath));
            break;
          case "user":
            endSaid();
            conversation.addUser(itemContent.user(item["content"], contentPath));
            break;
          case "assistant":
            for (const block of itemContent.assistant(item["content"], contentPath)) assistant().text.push(block);
            break;
          default:
            throw new BridgeError(
              "invalid_value", `${path}.role: expected user, assistant, system or developer.`,
              { field: `${path}.role` },
            );
        }
        break;
      }
      case "function_call":
        assistant().calls.push(
          { ...calledBy(item, path, names), input: parseArguments(item["arguments"], `${path}.arguments`) }
        );
        break;
      case "custom_tool_call":
        assistant().calls.push(
          { ...calledBy(item, path, names), input: { [customInput]: stringAt(item["input"], `${path}.input`) } }
        );
        break;
      case "function_call_output": case "custom_tool_call_output":
        endSaid();
        conversation.addResult(
          stringAt(item["call_id"], `${path}.call_id`),
          { content: itemContent.result(item["output"], `${path}.output`) }, `${path}.call_id`,
        );
        break;
      case "reasoning":
        // Ignored: thinking is signed by the provider that made it, and another provider cannot use it.
      case "web_search_call": case "file_search_call": case "code_interpreter_call": case "image_generation_call":
      case "mcp_list_tools": case "mcp_call":
        // Ignored: calls of tools that OpenAI ran itself.
        break;
      case "additional_tools":
        // Skipped here: `parseTools` reads the tools in it.
        break;
      default:
        throw unsupportedPart(stringAt(item["type"], `${path}.type`), path);
    }
  }
  endSaid();
  return { system, messages: conversation.close() };
}

/** The only property of a custom tool's input as the model sees it: holds the free text. */
export const customInput = "input";

function calledBy(item: Fields, path: string, names: ModelNames): Omit<ToolUseBlock, "input"> {
  const id = stringAt(item["call_id"], `${path}.call_id`);
  return { type: "tool_use", id, name: names.toModel(qualifiedNameAt(item, path)) };
}

import { BridgeError } from "../../../errors.ts";
import type { TextBlock, ToolUseBlock } from "../../../turn/message.ts";
import { arrayAt, type Fields, isAbsent, objectAt, stringAt } from "../../check.ts";
import { ConversationBuilder, type ParsedConversation } from "../../conversation-builder.ts";
import type { ModelNames } from "../../tool-names.ts";
import { parseArguments } from "../arguments.ts";
import { chatContent } from "./content.ts";

/** The most messages that one request may hold. */
export const messagesMax = 10_000;

/** Parses `messages` into a system prompt and messages whose roles alternate; the first and the last are the user's. */
export function parseMessages(value: unknown, names: ModelNames): ParsedConversation {
  if (isAbsent(value)) {
    throw new BridgeError(
      "missing_field", "messages is required: an array of at least one message.", { field: "messages" },
    );
  }
  const entries = arrayAt(value, "messages");
  if (entries.length === 0) {
    throw new BridgeError("invalid_value", "messages: expected at least one message, got none.", { field: "messages" });
  }
  if (entries.length > messagesMax) {
    throw new BridgeError(
      "invalid_value", `messages: expected at most ${messagesMax} messages, got ${entries.length}.`,
      { field: "messages" },
    );
  }
  const system: TextBlock[] = [];
  const conversation = new ConversationBuilder("messages");
  for (const [index, entry] of entries.entries()) {
    const path = `messages[${index}]`;
    const message = objectAt(entry, path);
    const role = stringAt(message["role"], `${path}.role`);
    const content = message["content"];
    const contentPath = `${path}.content`;
    switch (role) {
      case "system":
      case "developer":
        system.push(...chatContent.system(content, contentPath));
        break;
      case "user":
        conversation.addUser(chatContent.user(content, contentPath));
        break;
      case "assistant": {
        const said = chatContent.assistant(content, contentPath);
        const { calls, path: callsPath } = parseCalls(message, path, names);
        conversation.addAssistant([...said, ...calls], callsPath);
        break;
      }
      case "tool":
        conversation.addResult(
          stringAt(message["tool_call_id"], `${path}.tool_call_id`),
          { content: chatContent.result(content, contentPath) }, `${path}.tool_call_id`,
        );
        break;
      case "function":
        conversation.addResult(legacyCallId, { content: chatContent.result(content, contentPath) }, `${path}.role`);
        break;
      default:
        throw new BridgeError(
          "invalid_value", `${path}.role: expected system, developer, user, assistant, tool or function.`,
          { field: `${path}.role` },
        );
    }
  }
  return { system, messages: conversation.close() };
}

/** The id given to a deprecated `function_call`, which has none. One is enough: a message has at most one such call. */
const legacyCallId = "function_call";

/** The calls of one assistant message, and the path of the field that holds them in the request. */
interface PlacedCalls { readonly calls: readonly ToolUseBlock[]; readonly path: string }

function parseCalls(message: Fields, path: string, names: ModelNames): PlacedCalls {
  const { tool_calls: toolCalls, function_call: functionCall } = message;
  const entries = isAbsent(toolCalls) ? [] : arrayAt(toolCalls, `${path}.tool_calls`);
  if (entries.length > 0) {
    const calls = entries.map((entry, index) => {
      const callPath = `${path}.tool_calls[${index}]`;
      const call = objectAt(entry, callPath);
      return parseCall(stringAt(call["id"], `${callPath}.id`), call["function"], `${callPath}.function`, names);
    });
    return { calls, path: `${path}.tool_calls` };
  }
  if (isAbsent(functionCall)) return { calls: [], path };
  return {
    calls: [parseCall(legacyCallId, functionCall, `${path}.function_call`, names)],
    path: `${path}.function_call`,
  };
}

function parseCall(id: string, value: unknown, path: string, names: ModelNames): ToolUseBlock {
  const definition = objectAt(value, path);
  const name = stringAt(definition["name"], `${path}.name`);
  const input = parseArguments(definition["arguments"], `${path}.arguments`);
  return { type: "tool_use", id, name: names.toModel(name), input };
}

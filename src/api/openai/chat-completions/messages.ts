import { BridgeError } from "../../../errors.ts";
import { isAbsent, objectAt } from "../../check.ts";
import type { ParsedConversation } from "../../conversation-builder.ts";
import type { ModelNames } from "../../tool-names.ts";
import { entriesAt, type PlacedEntry, readConversation } from "../conversation.ts";

/** The most messages that one request may hold. */
export const messagesMax = 10_000;

/** How a chat request that has fields of a Responses request differs from a plain one. */
export interface ConversationFields {
  /** The field that holds the conversation. */
  readonly field?: "messages" | "input";
  /** The beginning of the system prompt. */
  readonly instructions?: string;
}

/** Parses `messages` into a system prompt and messages whose roles alternate; the first and the last are the user's. */
export function parseMessages(
  value: unknown, names: ModelNames, { field = "messages", instructions = "" }: ConversationFields = {},
): ParsedConversation {
  if (isAbsent(value)) {
    throw new BridgeError("missing_field", `${field} is required: an array of at least one message.`, { field });
  }
  const entries = entriesAt(value, field);
  if (entries.length === 0) {
    throw new BridgeError("invalid_value", `${field}: expected at least one message, got none.`, { field });
  }
  if (entries.length > messagesMax) {
    throw new BridgeError(
      "invalid_value", `${field}: expected at most ${messagesMax} messages, got ${entries.length}.`, { field },
    );
  }
  const placed = entries.map((entry): PlacedEntry => ({ item: objectAt(entry.value, entry.path), path: entry.path }));
  return readConversation(placed, { field, instructions, names });
}

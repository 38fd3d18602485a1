import { BridgeError } from "../../../errors.ts";
import { isAbsent, objectAt } from "../../check.ts";
import type { ParsedConversation } from "../../conversation-builder.ts";
import type { ModelNames } from "../../tool-names.ts";
import { entriesAt, type PlacedEntry, readConversation } from "../conversation.ts";
import { entriesOfSession, type Growth, type SessionEntries } from "../sessions/entries.ts";
import type { FoundSession } from "../sessions/sessions.ts";

/** The most messages that one request may hold, with those of its session. */
export const messagesMax = 10_000;

/** How a chat request that has fields of a Responses request, or a session, differs from a plain one. */
export interface ConversationFields {
  /** The field that holds the conversation. */
  readonly field?: "messages" | "input";
  /** The beginning of the system prompt. */
  readonly instructions?: string;
  /** The session whose messages go before. */
  readonly session?: FoundSession | undefined;
}

/**
 * Parses `messages` into a system prompt and messages whose roles alternate; the first and the last are the user's.
 * `growth` is what becomes of the session.
 */
export function parseMessages(
  value: unknown, names: ModelNames, { field = "messages", instructions = "", session }: ConversationFields = {},
): ParsedConversation & { readonly growth: Growth } {
  if (isAbsent(value)) {
    throw new BridgeError("missing_field", `${field} is required: an array of at least one message.`, { field });
  }
  const entries = entriesAt(value, field);
  const own = entries.map((entry): PlacedEntry => ({ item: objectAt(entry.value, entry.path), path: entry.path }));
  const { placed, ...growth }: SessionEntries = session === undefined
    ? { placed: own, before: [], added: [] }
    : entriesOfSession(session, own);
  if (entries.length === 0) {
    throw new BridgeError("invalid_value", `${field}: expected at least one message, got none.`, { field });
  }
  if (placed.length > messagesMax) {
    throw new BridgeError(
      "invalid_value", `${field}: expected at most ${messagesMax} messages, got ${placed.length}.`, { field },
    );
  }
  return { ...readConversation(placed, { field, instructions, names }), growth };
}

import { BridgeError } from "../../../errors.ts";
import { type Fields, isAbsent, objectAt, stringAt } from "../../check.ts";
import type { ParsedConversation } from "../../conversation-builder.ts";
import type { ModelNames } from "../../tool-names.ts";
import { entriesAt, type PlacedEntry, type PlacedValue, readConversation } from "../conversation.ts";
import type { ResponseStore } from "./store.ts";

/** The most items of one request, including those of the response that it continues. */
export const itemsMax = 20_000;

/**
 * Collects a request's whole conversation: the items of the response named by `previous_response_id`, then its own.
 * Each `item_reference` is replaced by the stored item.
 */
export function collectItems(fields: Fields, stored: ResponseStore): readonly PlacedEntry[] {
  const previous = previousItems(fields["previous_response_id"], stored);
  // Some clients send the `messages` of a chat request instead of `input`.
  const isChat = isAbsent(fields["input"]) && !isAbsent(fields["messages"]);
  const field = isChat ? "messages" : "input";
  const isOptional = previous !== undefined || !isAbsent(fields["instructions"]);
  const entries = ownEntries(isChat ? fields["messages"] : fields["input"], field, isOptional);
  const count = (previous?.length ?? 0) + entries.length;
  if (count > itemsMax) {
    throw new BridgeError(
      "invalid_value", `${field}: expected at most ${itemsMax} items with those of earlier responses, got ${count}.`,
      { field },
    );
  }
  return [...(previous ?? []).map((item) => ({ item, path: "previous_response_id" })), ...ownItems(entries, stored)];
}

function previousItems(value: unknown, stored: ResponseStore): readonly Fields[] | undefined {
  if (isAbsent(value)) return undefined;
  const path = "previous_response_id";
  const previous = stored.conversation(stringAt(value, path));
  if (previous !== undefined) return previous;
  throw new BridgeError(
    "not_found", `previous_response_id: there is no such response. Unless \`store\` is false, they are kept ${
      stored.lifetime}.`, { field: path },
  );
}

/**
 * Returns the request's own entries. They are required, unless the request continues a stored response or has
 * instructions (`isOptional`).
 */
function ownEntries(value: unknown, field: string, isOptional: boolean): readonly PlacedValue[] {
  if (!isAbsent(value)) return entriesAt(value, field);
  if (isOptional) return [];
  throw new BridgeError("missing_field", "input is required: a string or an array of items.", { field: "input" });
}

function ownItems(entries: readonly PlacedValue[], stored: ResponseStore): PlacedEntry[] {
  const referred = new Set<Fields>();
  return entries.map(({ value, path }) => {
    const item = objectAt(value, path);
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
  throw new BridgeError(
    "invalid_request", `${path}: Item with this id not found. Unless \`store\` is false, items are kept ${
      stored.lifetime}.`, { field: `${path}.id` },
  );
}

/**
 * Parses items into a system prompt, which begins with `instructions`, and messages whose roles alternate. The first
 * and the last message are the user's.
 */
export function parseItems(
  items: readonly PlacedEntry[], instructions: string, names: ModelNames, hasSearch = false,
): ParsedConversation {
  return readConversation(items, { field: "input", instructions, names, hasSearch });
}

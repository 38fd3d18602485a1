import type { Fields } from "../../check.ts";
import type { ResponseStore, StoredResponse } from "./store.ts";

/** The most responses that are stored. Beyond it, the least recently used is evicted. */
export const storedMax = 1_000;
/**
 * The most memory that all stored responses may take, in bytes, by estimate. An item that several responses share
 * counts for each.
 */
export const storedBytesMax = 128 * 1024 * 1024;
/**
 * Estimated memory in bytes: of a value without its text, of a field's name without its text, of a character of text.
 */
const valueBytes = 64;
const nameBytes = 32;
const charBytes = 2;

interface KeptResponse {
  readonly response: StoredResponse;
  readonly bytes: number;
  /** The ids of those items in the response's input and output that this server had answered with. */
  readonly heldIds: readonly string[];
}

/**
 * Stores responses in memory, for `previous_response_id`, `item_reference` and `GET /v1/responses/{id}`. They stay
 * until the server ends, a client deletes them, or newer ones evict them.
 */
export class StoredResponses implements ResponseStore {
  readonly lifetime = "in memory until the server ends or newer ones need their place";
  /** By id, ordered by last use: the first is the least recently used. */
  readonly #responses = new Map<string, KeptResponse>();
  /**
   * The output items of stored responses by the ids that this server gave them. `holders` counts the stored responses
   * that contain the item. An item that a client sends under such an id never replaces the server's.
   */
  readonly #items = new Map<string, { readonly item: Fields; holders: number }>();
  #bytes = 0;

  /** Stores a response, and evicts old ones as needed. A response that alone exceeds `storedBytesMax` is not stored. */
  keep(response: StoredResponse): void {
    const { id, input, output, body } = response;
    const bytes = body.length + weightOf(input) + weightOf(output);
    if (bytes > storedBytesMax) return;
    for (const item of output) if (typeof item["id"] === "string") this.#items.set(item["id"], { item, holders: 0 });
    const heldIds = [...new Set([...input, ...output].map((item) => item["id"]))].filter(
      (held): held is string => typeof held === "string" && this.#items.has(held)
    );
    for (const held of heldIds) this.#hold(held, 1);
    this.#responses.set(id, { response, bytes, heldIds });
    this.#bytes += bytes;
    for (const oldest of this.#responses.keys()) {
      if (this.#responses.size <= storedMax && this.#bytes <= storedBytesMax) break;
      this.delete(oldest);
    }
  }

  conversation(id: string): readonly Fields[] | undefined {
    const found = this.find(id);
    return found === undefined ? undefined : [...found.input, ...found.output];
  }

  find(id: string): StoredResponse | undefined {
    const found = this.#responses.get(id);
    if (found === undefined) return undefined;
    this.#responses.delete(id);
    this.#responses.set(id, found);
    return found.response;
  }

  item(id: string): Fields | undefined {
    return this.#items.get(id)?.item;
  }

  delete(id: string): boolean {
    const found = this.#responses.get(id);
    if (found === undefined) return false;
    this.#responses.delete(id);
    this.#bytes -= found.bytes;
    for (const held of found.heldIds) this.#hold(held, -1);
    return true;
  }

  /** Changes an item's count of holders by one; removes the item when no response contains it. */
  #hold(id: string, more: 1 | -1): void {
    const held = this.#items.get(id);
    if (held === undefined) return;
    held.holders += more;
    if (held.holders === 0) this.#items.delete(id);
  }
}

/** Estimates a value's memory in bytes. Not recursive: a client's value may be nested as deep as its body. */
function weightOf(value: unknown): number {
  let bytes = 0;
  for (const waiting = [value]; waiting.length > 0;) {
    const next = waiting.pop();
    bytes += valueBytes + (typeof next === "string" ? charBytes * next.length : 0);
    if (typeof next !== "object" || next === null) continue;
    for (const member of Object.values(next)) waiting.push(member);
    // Field names count too: a client chooses them.
    if (!Array.isArray(next)) for (const name of Object.keys(next)) bytes += nameBytes + charBytes * name.length;
  }
  return bytes;
}

import type { Fields } from "../../check.ts";
import type { ResponseStore, StoredResponse } from "./store.ts";

/** How many responses are kept; beyond it the one that was used least recently goes. */
export const storedMax = 1_000;
/** How much all of them may weigh, in bytes, roughly; what several share counts for each. */
export const storedBytesMax = 128 * 1024 * 1024;
/** What a value, and the name of a field, weigh beside their text, in bytes; and a character of that. */
const valueBytes = 64;
const nameBytes = 32;
const charBytes = 2;

interface KeptResponse {
  readonly response: StoredResponse;
  readonly bytes: number;
  /** The answered items that it holds. */
  readonly heldIds: readonly string[];
}

/**
 * The responses that clients ask to be stored, in memory: `previous_response_id` and `item_reference` find them there
 * until the server ends or newer ones need their place.
 */
export class StoredResponses implements ResponseStore {
  /** In the order of their last use: the first is the least recently used. */
  readonly #responses = new Map<string, KeptResponse>();
  /**
   * The items that were answered, by the ids that they were given here, and in how many responses they stand. What a
   * client writes under such an id is no such item.
   */
  readonly #items = new Map<string, { readonly item: Fields; holders: number }>();
  #bytes = 0;

  /** One that alone weighs more than all may is not kept. */
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

  /** The conversation up to the response's end; undefined when there is no such response. Counts as a use. */
  conversation(id: string): readonly Fields[] | undefined {
    const found = this.find(id);
    return found === undefined ? undefined : [...found.input, ...found.output];
  }

  /** Counts as a use. */
  find(id: string): StoredResponse | undefined {
    const found = this.#responses.get(id);
    if (found === undefined) return undefined;
    this.#responses.delete(id);
    this.#responses.set(id, found);
    return found.response;
  }

  /** An item that any of them answered with, or goes on from, by its id. */
  item(id: string): Fields | undefined {
    return this.#items.get(id)?.item;
  }

  /** Whether there was one. */
  delete(id: string): boolean {
    const found = this.#responses.get(id);
    if (found === undefined) return false;
    this.#responses.delete(id);
    this.#bytes -= found.bytes;
    for (const held of found.heldIds) this.#hold(held, -1);
    return true;
  }

  #hold(id: string, more: 1 | -1): void {
    const held = this.#items.get(id);
    if (held === undefined) return;
    held.holders += more;
    if (held.holders === 0) this.#items.delete(id);
  }
}

/** Without recursion: a client's value may be nested as deep as a body. */
function weightOf(value: unknown): number {
  let bytes = 0;
  for (const waiting = [value]; waiting.length > 0;) {
    const next = waiting.pop();
    bytes += valueBytes + (typeof next === "string" ? charBytes * next.length : 0);
    if (typeof next !== "object" || next === null) continue;
    for (const member of Object.values(next)) waiting.push(member);
    // What a client names its fields weighs too.
    if (!Array.isArray(next)) for (const name of Object.keys(next)) bytes += nameBytes + charBytes * name.length;
  }
  return bytes;
}

import type { Fields } from "../check.ts";

/** How many responses are kept; beyond it the one that was used least recently goes. */
export const storedMax = 1_000;
/** How much all of them may weigh, in bytes, roughly; what several share counts for each. */
export const storedBytesMax = 128 * 1024 * 1024;
/** What a value weighs beside its text. */
const valueBytes = 16;

/** A finished response that a later request may build on. */
export interface StoredResponse {
  readonly id: string;
  /** The conversation up to its end: what was asked, then what was answered. Items that were checked when they came. */
  readonly items: readonly Fields[];
  /** The response as it was given, as JSON in latin1-held UTF-8. */
  readonly body: string;
}

/**
 * The responses that clients ask to be stored, in memory: `previous_response_id` and `item_reference` find them there until
 * the server ends or newer ones need their place.
 */
export class StoredResponses {
  /** In the order of their last use: the first is the least recently used. */
  readonly #responses = new Map<string, { readonly response: StoredResponse; readonly bytes: number }>();
  /** Every item that has an id, once for each response that it stands in: a client may have changed it. */
  readonly #items = new Map<string, Fields[]>();
  #bytes = 0;

  /** One that alone weighs more than all may is not kept. */
  keep(response: StoredResponse): void {
    const bytes = response.body.length + weightOf(response.items);
    if (bytes > storedBytesMax) return;
    this.#responses.set(response.id, { response, bytes });
    this.#bytes += bytes;
    for (const [id, item] of itemsById(response)) {
      const known = this.#items.get(id);
      if (known === undefined) this.#items.set(id, [item]);
      else known.push(item);
    }
    for (const id of this.#responses.keys()) {
      if (this.#responses.size <= storedMax && this.#bytes <= storedBytesMax) break;
      this.delete(id);
    }
  }

  /** Counts as a use. */
  find(id: string): StoredResponse | undefined {
    const found = this.#responses.get(id);
    if (found === undefined) return undefined;
    this.#responses.delete(id);
    this.#responses.set(id, found);
    return found.response;
  }

  /** An item of any of them, by its id. */
  item(id: string): Fields | undefined {
    return this.#items.get(id)?.at(-1);
  }

  /** Whether there was one. */
  delete(id: string): boolean {
    const found = this.#responses.get(id);
    if (found === undefined) return false;
    this.#responses.delete(id);
    this.#bytes -= found.bytes;
    for (const [itemId, item] of itemsById(found.response)) {
      const known = this.#items.get(itemId);
      known?.splice(known.indexOf(item), 1);
      if (known?.length === 0) this.#items.delete(itemId);
    }
    return true;
  }
}

function itemsById({ items }: StoredResponse): Map<string, Fields> {
  return new Map(items.flatMap((item) => (typeof item["id"] === "string" ? [[item["id"], item] as const] : [])));
}

/** Without recursion: a client's value may be nested as deep as a body. */
function weightOf(value: unknown): number {
  let bytes = 0;
  for (const waiting = [value]; waiting.length > 0;) {
    const next = waiting.pop();
    bytes += valueBytes + (typeof next === "string" ? next.length : 0);
    if (typeof next !== "object" || next === null) continue;
    for (const member of Object.values(next)) waiting.push(member);
    // What a client names its fields weighs too.
    if (!Array.isArray(next)) for (const name of Object.keys(next)) bytes += name.length;
  }
  return bytes;
}

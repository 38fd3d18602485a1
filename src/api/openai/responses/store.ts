import type { WireText } from "../../../json-text.ts";
import type { Fields } from "../../check.ts";

/** A finished response that a later request may continue. */
export interface StoredResponse {
  readonly id: string;
  /** The whole conversation before the response, as input items, those of earlier responses included. */
  readonly input: readonly Fields[];
  /** The response's own output items. */
  readonly output: readonly Fields[];
  /** The response as it was sent, as JSON. */
  readonly body: WireText;
}

/**
 * Stores responses, so that later requests can continue or fetch them. Each method may throw a BridgeError
 * `storage_failed`.
 */
export interface ResponseStore {
  /** Where and how long responses are kept: completes the sentence "They are kept …". */
  readonly lifetime: string;
  /** Stores a response before its last event goes out: a client that has the whole of it can rely on it. */
  keep(response: StoredResponse): void;
  /** The items up to the response's end; undefined when there is no such response. Counts as a use for eviction. */
  conversation(id: string): readonly Fields[] | undefined;
  /** A stored response by its id; undefined when there is no such response. Counts as a use for eviction. */
  find(id: string): Pick<StoredResponse, "body"> | undefined;
  /** An item by the id that this server gave it, if a stored response still contains it in its input or output. */
  item(id: string): Fields | undefined;
  /** Removes a response. Returns false when there was none. */
  delete(id: string): boolean;
}

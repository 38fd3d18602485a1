import type { Fields } from "../../check.ts";

/** A finished response that a later request may build on. */
export interface StoredResponse {
  readonly id: string;
  /** What was asked, as the client sent it: the conversation so far. */
  readonly input: readonly Fields[];
  /** What was answered. */
  readonly output: readonly Fields[];
  /** The response as it was given, as JSON in latin1-held UTF-8. */
  readonly body: string;
}

/** Where the responses are kept that clients ask to be stored. */
export interface ResponseStore {
  keep(response: StoredResponse): void;
  /** The conversation up to the response's end; undefined when there is no such response. Counts as a use. */
  conversation(id: string): readonly Fields[] | undefined;
  /** Counts as a use. */
  find(id: string): StoredResponse | undefined;
  /** An item that any of them answered with, or goes on from, by its id. */
  item(id: string): Fields | undefined;
  /** Removes a response. False when there was none. */
  delete(id: string): boolean;
}

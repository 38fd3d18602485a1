import { BridgeError } from "../../../errors.ts";
import type { Fields } from "../../check.ts";
import type { PlacedEntry } from "../conversation.ts";
import { type FoundSession, sessionCharsMax, sessionHeader } from "./sessions.ts";

/** A session's conversation, and what the request adds to it, as JSON. */
export interface AddedEntries {
  readonly placed: readonly PlacedEntry[];
  readonly added: readonly string[];
}

const systemRoles: readonly unknown[] = ["system", "developer"];

/**
 * Puts a request's own messages behind those of its session. Many clients begin each request with the same system
 * message: where the session begins with it already, it is left out. Throws a BridgeError if the session grows too
 * long.
 */
export function entriesOfSession({ messages }: FoundSession, own: readonly PlacedEntry[]): AddedEntries {
  const written = own.map(({ item }) => JSON.stringify(item));
  const differing = own.findIndex(({ item }, at) =>
    !systemRoles.includes(item["role"]) || written[at] !== messages[at]);
  const repeated = differing === -1 ? own.length : differing;
  const added = written.slice(repeated);
  const chars = [...messages, ...added].reduce((sum, { length }) => sum + length, 0);
  if (chars > sessionCharsMax) {
    throw new BridgeError(
      "invalid_value", `${sessionHeader}: a session holds at most ${sessionCharsMax} characters, with this request it `
        + `would be ${chars}. Begin another session.`, { field: sessionHeader },
    );
  }
  const before = messages.map((json) => ({ item: JSON.parse(json) as Fields, path: sessionHeader }));
  return { placed: [...before, ...own.slice(repeated)], added };
}

import { BridgeError } from "../../../errors.ts";
import type { Fields } from "../../check.ts";
import type { PlacedEntry } from "../conversation.ts";
import { type FoundSession, sessionCharsMax, sessionHeader } from "./sessions.ts";

/** A session's messages as JSON: those that stay, and those that a request adds. */
export interface Growth {
  readonly before: readonly string[];
  readonly added: readonly string[];
}

/** The whole conversation of a session's request. */
export interface SessionEntries extends Growth {
  readonly placed: readonly PlacedEntry[];
}

const systemRoles: readonly unknown[] = ["system", "developer"];

/**
 * Puts a request's own messages behind those of its session. Throws a BridgeError if the session grows too long.
 *
 * A request that has an answer of the assistant's among its messages is a whole history, and takes the place of what
 * the session had: clients of OpenRouter send the same header with whole histories, to find their requests again. And
 * many clients begin each request with the same system message: where the session begins with it already, it is left
 * out.
 */
export function entriesOfSession({ messages }: FoundSession, own: readonly PlacedEntry[]): SessionEntries {
  const before = own.some(({ item }) => item["role"] === "assistant") ? [] : messages;
  const written = own.map(({ item }) => JSON.stringify(item));
  const differing = own.findIndex(({ item }, at) =>
    !systemRoles.includes(item["role"]) || written[at] !== before[at]);
  const repeated = differing === -1 ? own.length : differing;
  const added = written.slice(repeated);
  const chars = [...before, ...added].reduce((sum, { length }) => sum + length, 0);
  if (chars > sessionCharsMax) {
    throw new BridgeError(
      "invalid_value", `${sessionHeader}: a session holds at most ${sessionCharsMax} characters, with this request it `
        + `would be ${chars}. Begin another session.`, { field: sessionHeader },
    );
  }
  const kept = before.map((json) => ({ item: JSON.parse(json) as Fields, path: sessionHeader }));
  return { placed: [...kept, ...own.slice(repeated)], before, added };
}

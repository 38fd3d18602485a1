import { jsonLatin1 } from "../../../json-text.ts";
import type { Lookup } from "../../dialect.ts";
import type { Sessions } from "./sessions.ts";
import type { SessionHead } from "./store.ts";

/** `GET /v1/sessions`: all sessions without their messages, the one that was last used first. */
export function listSessions(sessions: Sessions): Lookup {
  return () => jsonLatin1({ object: "list", data: sessions.list().map(sessionObject) });
}

/** `GET /v1/sessions/{id}`: a session with its messages. */
export function getSession(sessions: Sessions): Lookup {
  return ({ parameter }) => {
    const session = sessions.get(decoded(parameter));
    const messages = session.messages.map((json) => JSON.parse(json) as unknown);
    return jsonLatin1({ ...sessionObject(session), messages });
  };
}

/** `DELETE /v1/sessions/{id}`. */
export function deleteSession(sessions: Sessions): Lookup {
  return ({ parameter }) => {
    const id = decoded(parameter);
    sessions.delete(id);
    return jsonLatin1({ id, object: "session", deleted: true });
  };
}

function sessionObject({ id, createdAt, lastUsedAt, messageCount }: SessionHead): object {
  return { id, object: "session", created_at: createdAt, last_used_at: lastUsedAt, message_count: messageCount };
}

/** A path's parameter without its percent-encoding; one that cannot be decoded is no session's id. */
function decoded(parameter: string): string {
  try {
    return decodeURIComponent(parameter);
  } catch {
    return parameter;
  }
}

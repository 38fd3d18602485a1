/** Chat's dialect with sessions of its own, for tests that ask none. */
import { chatCompletions as chatCompletionsWith } from "../../src/api/openai/chat-completions/dialect.ts";
import { Sessions } from "../../src/api/openai/sessions/sessions.ts";
import { StoredSessions } from "../../src/api/openai/sessions/stored.ts";

export const chatCompletions = chatCompletionsWith(new Sessions(new StoredSessions(() => 0)));

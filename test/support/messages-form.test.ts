/** A chat request and what `messages-form.ts` makes of it ask for the same turn: one judge can read what goes up for both. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { parseMessagesRequest } from "../../src/api/anthropic/messages/request.ts";
import { parseChatRequest } from "../../src/api/openai/chat-completions/request.ts";
import { chatGrammar } from "./chat-grammar.ts";
import { forMessages, messagesBody } from "./messages-form.ts";
import { mustBeTaken } from "./must-be-taken.ts";
import { seededRandom } from "./random.ts";

const drawn = 100;

/** Which of two tools gets the number is the endpoint's affair; so are the places that an error would name. */
const comparable = (turn: object): unknown => JSON.parse(
  JSON.stringify(turn, (key, value: unknown) => (key === "source" && typeof value === "object" && value !== null && "path" in value ? undefined : value))
    .replaceAll('"a_b_2"', '"a_b"'),
);

it("a chat request in the form of one for a message is the same turn", () => {
  const grammar = chatGrammar(seededRandom(5));
  let taken = 0;
  while (taken < drawn) {
    const { body, isWhole } = grammar.drawn();
    if (!isWhole) continue;
    const request = forMessages({ ...body, model: "opus" });
    if (!mustBeTaken(request)) continue;
    const { turn } = parseMessagesRequest(JSON.parse(JSON.stringify(messagesBody(request))), { defaultModel: "opus", allowsWebSearch: false });
    assert.deepEqual(comparable(turn), comparable(parseChatRequest(request, "opus").turn), JSON.stringify(request));
    taken++;
  }
});

/** What holds for any request: a history means the same in both dialects, and what is not understood is refused by field. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseMessages } from "../../../../src/api/openai/chat-completions/messages.ts";
import { parseItems } from "../../../../src/api/openai/responses/items.ts";
import { parseResponsesRequest } from "../../../../src/api/openai/responses/request.ts";
import { StoredResponses } from "../../../../src/api/openai/responses/stored.ts";
import { ToolNames } from "../../../../src/api/tool-names.ts";
import { BridgeError } from "../../../../src/errors.ts";
import { chatGrammar } from "../../../support/chat-grammar.ts";
import { seededRandom } from "../../../support/random.ts";
import { statusOf } from "../../../support/openai-error.ts";
import { faultOf } from "../../../support/composed-request.ts";
import { itemsOf, responsesBody } from "../../../support/responses-form.ts";
import { sampleOf } from "../../../support/sample.ts";
import { joinedSystem } from "../../../support/turns.ts";

const histories = sampleOf({ what: "histories", small: 200, large: 5_000, whole: 10_000 });
const bodies = sampleOf({ what: "bodies", small: 200, large: 8_000, whole: 20_000 });

describe("any request for a response", () => {
  it(`says with its items what a chat says with its messages (${histories} of them)`, () => {
    const grammar = chatGrammar(seededRandom(2026));
    let withCalls = 0;
    for (let run = 0; run < histories; run++) {
      const messages = grammar.history();
      // Where a call stands is named in other words.
      const { system, messages: said } = parseItems(messages.flatMap(itemsOf).map((item, index) => ({ item, path: `input[${index}]` })), "", new ToolNames());
      const { growth: _session, ...chat } = parseMessages(messages, new ToolNames());
      const comparable = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (key, inner: unknown) => (key === "path" ? undefined : inner)));
      assert.deepEqual(comparable({ system, messages: said }), comparable(chat), `run ${run}: ${JSON.stringify(messages)}`);
      if (said.some(({ content }) => content.some(({ type }) => type === "tool_use"))) withCalls++;
    }
    assert.ok(withCalls > histories / 4, "the grammar makes calls");
  });

  it(`is taken, and is then one that the Messages API takes, or is refused by field (${bodies} of them)`, () => {
    const grammar = chatGrammar(seededRandom(2027));
    const stored = new StoredResponses();
    let taken = 0;
    let refused = 0;
    for (let run = 0; run < bodies; run++) {
      const body = responsesBody(grammar.body());
      try {
        const { turn: { system, messages, tools } } = parseResponsesRequest(body, "opus", stored);
        taken++;
        assert.equal(faultOf({ model: "claude-test", system: joinedSystem(system), messages, tools }), null);
      } catch (error) {
        if (!(error instanceof BridgeError)) throw new Error(`run ${run}: ${JSON.stringify(body)}`, { cause: error });
        assert.ok(statusOf(error) === 400 && error.field !== undefined && error.message.startsWith(error.field.replace(/\[\d+\].*$/u, "")), `${error.field}: ${error.message}`);
        refused++;
      }
    }
    assert.ok(taken > bodies / 4 && refused > bodies / 4, `${taken} taken, ${refused} refused`);
  });
});

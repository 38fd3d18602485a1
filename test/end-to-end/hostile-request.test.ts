import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { answerSchema } from "../../src/claude/answer-schema.ts";
import { parseChatRequest } from "../../src/api/openai/chat-completions/request.ts";
import { BridgeError } from "../../src/errors.ts";
import { startEmbeddedWith } from "../support/embedded-server.ts";
import { statusOf } from "../support/openai-error.ts";

const nested = "[".repeat(20_000) + "]".repeat(20_000);
const messages = [
  { role: "user", content: "go" },
  { role: "assistant", tool_calls: [{ id: "a", type: "function", function: { name: "f", arguments: `{"a":${nested}}` } }] },
  { role: "tool", tool_call_id: "a", content: "done" },
];

describe("a request that is made to harm", () => {
  it("by arguments nested beyond measure is a 400 that names them", () => {
    assert.throws(() => parseChatRequest({ messages }, "opus"), (error) => error instanceof BridgeError && statusOf(error) === 400
      && error.field === "messages[1].tool_calls[0].function.arguments");
  });

  it("takes no place that it does not give back", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers", { maxProcesses: 1 });
    const ask = (body: object): Promise<Response> => fetch(`${url}/v1/chat/completions`, { method: "POST", body: JSON.stringify(body) });
    assert.equal((await ask({ messages })).status, 400);
    assert.equal((await ask({ messages: [{ role: "user", content: "hello" }] })).status, 200);
    const health = await (await fetch(`${url}/health`)).json() as { running_turns: number };
    assert.equal(health.running_turns, 0);
  });

  it("by a pattern that takes for ever is not run: it ends at once", () => {
    const schema = answerSchema({ type: "object", patternProperties: { "^(a+)+$": {} }, properties: { [`${"a".repeat(64)}!`]: {} } });
    assert.ok("properties" in schema);
  });
});

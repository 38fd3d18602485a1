import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { responsesFailure } from "../../../../src/api/openai/responses/failure.ts";
import { openAiFailure } from "../../../../src/api/openai/errors.ts";
import { BridgeError } from "../../../../src/errors.ts";

const nowMs = 1_700_000_000_400;

describe("a failure, to clients of the Responses API", () => {
  it("of a used-up window has the type that Codex stops at, and when it resets", () => {
    const { status, headers } = responsesFailure(new BridgeError("usage_limit_reached", "used up", { retryAfterSeconds: 7_200 }), nowMs);
    assert.deepEqual([status, headers], [429, { "retry-after": "7200", "x-should-retry": "false" }]);
    assert.deepEqual(responsesFailure(new BridgeError("usage_limit_reached", "used up", { retryAfterSeconds: 7_200 }), nowMs).body, {
      error: { message: "used up", type: "usage_limit_reached", param: null, code: "usage_limit_reached", resets_at: 1_700_007_200 },
    });
    assert.deepEqual(responsesFailure(new BridgeError("usage_limit_reached", "used up"), nowMs).body, { error: { message: "used up", type: "usage_limit_reached", param: null, code: "usage_limit_reached" } });
  });

  it("of the messages is one of the input", () => {
    assert.deepEqual(responsesFailure(new BridgeError("prompt_too_long", "too long", { part: "messages" }), nowMs).body, {
      error: { message: "too long", type: "invalid_request_error", param: "input", code: "context_length_exceeded" },
    });
  });

  it("of any other kind is as for all of OpenAI's dialects", () => {
    for (const error of [new BridgeError("overloaded", "busy", { retryAfterSeconds: 10 }), new BridgeError("invalid_value", "model: no.", { field: "model" })]) assert.deepEqual(responsesFailure(error, nowMs), openAiFailure(error));
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isToldInStream, responseError, responsesFailure } from "../../../../src/api/openai/responses/failure.ts";
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
      error: { message: "too long (This is longer than the maximum context length, in tokens.)", type: "invalid_request_error", param: "input", code: "context_length_exceeded" },
    });
  });

  it("of an overloaded model has the code by which Codex knows it", () => {
    const { status, headers, body } = responsesFailure(new BridgeError("overloaded", "busy", { retryAfterSeconds: 10 }), nowMs);
    assert.deepEqual([status, headers, body], [503, { "retry-after": "10" }, { error: { message: "busy", type: "server_error", param: null, code: "server_is_overloaded" } }]);
    assert.deepEqual(responseError(new BridgeError("overloaded", "busy")), { code: "server_is_overloaded", message: "busy" });
  });

  it("that Codex acts on only in a stream is told there, any other by its status", () => {
    for (const code of ["overloaded", "prompt_too_long"] as const) assert.equal(isToldInStream(new BridgeError(code, "x")), true, code);
    for (const code of ["rate_limited", "usage_limit_reached", "billing_error", "upstream_error", "not_logged_in", "turn_timeout", "invalid_request"] as const) {
      assert.equal(isToldInStream(new BridgeError(code, "x")), false, code);
    }
  });

  it("of any other kind is as for all of OpenAI's dialects", () => {
    for (const error of [new BridgeError("server_busy", "busy", { retryAfterSeconds: 5 }), new BridgeError("invalid_value", "model: no.", { field: "model" })]) assert.deepEqual(responsesFailure(error, nowMs), openAiFailure(error));
  });
});

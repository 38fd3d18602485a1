import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { asResponsesFailure } from "../../../src/dialects/responses/failure.ts";
import { BridgeError } from "../../../src/errors.ts";

const nowMs = 1_700_000_000_400;
const told = (error: unknown): BridgeError => {
  const failure = asResponsesFailure(error, nowMs);
  assert.ok(failure instanceof BridgeError);
  return failure;
};

describe("a failure, to clients of the Responses API", () => {
  it("of a used-up window has the type that Codex stops at, and when it resets", () => {
    const cause = new Error("why");
    const { kind, retryAfterSeconds, shouldRetry, headers, cause: kept } = told(new BridgeError("usage_limit_reached", "used up", { retryAfterSeconds: 7_200, shouldRetry: false, headers: { a: "b" }, cause }));
    assert.deepEqual([kind, retryAfterSeconds, shouldRetry, headers, kept], ["usage_limit_reached", 7_200, false, { a: "b" }, cause]);
    assert.deepEqual(told(new BridgeError("usage_limit_reached", "used up", { retryAfterSeconds: 7_200 })).toOpenAi(), {
      error: { message: "used up", type: "usage_limit_reached", param: null, code: "usage_limit_reached", resets_at: 1_700_007_200 },
    });
    assert.deepEqual(told(new BridgeError("usage_limit_reached", "used up")).toOpenAi(), { error: { message: "used up", type: "usage_limit_reached", param: null, code: "usage_limit_reached" } });
  });

  it("of the messages is one of the input", () => {
    assert.deepEqual(told(new BridgeError("context_length_exceeded", "too long", { param: "messages" })).toOpenAi(), {
      error: { message: "too long", type: "invalid_request_error", param: "input", code: "context_length_exceeded" },
    });
  });

  it("of any other kind is as it was, what is none too", () => {
    for (const error of [new BridgeError("overloaded", "busy", { retryAfterSeconds: 10 }), new BridgeError("invalid_value", "model: no.", { param: "model" }), new TypeError("no"), undefined]) assert.equal(asResponsesFailure(error, nowMs), error);
  });
});

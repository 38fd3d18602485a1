import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openAiFailure } from "../../../src/api/openai/errors.ts";
import { BridgeError } from "../../../src/errors.ts";

describe("an error in OpenAI's form", () => {
  it("has its status, and all four keys on the wire", () => {
    const failure = openAiFailure(new BridgeError("model_not_found", "no such model", { field: "model" }));
    assert.equal(failure.status, 404);
    assert.deepEqual(failure.body, { error: { message: "no such model", type: "invalid_request_error", param: "model", code: "model_not_found" } });
    assert.deepEqual(openAiFailure(new BridgeError("invalid_request", "x")).body, { error: { message: "x", type: "invalid_request_error", param: null, code: null } });
  });

  it("has OpenAI's codes for a bill, a prompt that is too long, and a response that is not stored", () => {
    const told = ([
      ["billing_error", undefined], ["prompt_too_long", "messages"], ["not_found", "previous_response_id"], ["not_found", undefined],
    ] as const).map(([thrown, field]) => {
      const { status, body } = openAiFailure(new BridgeError(thrown, "x", field === undefined ? {} : { field }));
      const { type, code } = (body as { error: { type: string; code: string } }).error;
      return [status, type, code];
    });
    assert.deepEqual(told, [
      [429, "insufficient_quota", "insufficient_quota"], [400, "invalid_request_error", "context_length_exceeded"],
      [400, "invalid_request_error", "previous_response_not_found"], [404, "invalid_request_error", "not_found"],
    ]);
  });

  it("of a prompt that is too long has the words by which clients know it, once, and no other has them", () => {
    const messageOf = (error: BridgeError): string => (openAiFailure(error).body as { error: { message: string } }).error.message;
    assert.match(messageOf(new BridgeError("prompt_too_long", "Prompt is too long")), /^Prompt is too long \(.*maximum context length.*tokens.*\)$/u);
    const own = "input exceeds the model's context length";
    assert.equal(messageOf(new BridgeError("prompt_too_long", own)), own);
    assert.equal(messageOf(new BridgeError("overloaded", "busy")), "busy");
  });

  it("has in its headers when to come again, and whether", () => {
    assert.deepEqual(openAiFailure(new BridgeError("internal", "x")).headers, {});
    assert.deepEqual(openAiFailure(new BridgeError("billing_error", "x")).headers, { "x-should-retry": "false" });
    assert.deepEqual(openAiFailure(new BridgeError("overloaded", "x", { retryAfterSeconds: 90 })).headers, { "retry-after": "90" });
    assert.deepEqual(openAiFailure(new BridgeError("prompt_too_long", "x")).headers, { "x-should-retry": "false" });
    assert.deepEqual(openAiFailure(new BridgeError("usage_limit_reached", "x")).headers, { "x-should-retry": "false" }, "nobody knows when");
    for (const [retryAfterSeconds, advice] of [[1, {}], [60, {}], [61, { "x-should-retry": "false" }], [18_000, { "x-should-retry": "false" }]] as const) {
      const error = new BridgeError("usage_limit_reached", "x", { retryAfterSeconds });
      assert.deepEqual(openAiFailure(error).headers, { "retry-after": String(retryAfterSeconds), ...advice });
    }
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { anthropicFailure } from "../../../src/api/anthropic/errors.ts";
import type { RateLimitWindow } from "../../../src/api/dialect.ts";
import { BridgeError, type BridgeErrorDetails, type ErrorCode } from "../../../src/errors.ts";
import { anthropicErrorOf } from "../../support/messages-wire.ts";

const failureOf = (code: ErrorCode, message = "x", details: BridgeErrorDetails = {}) =>
  anthropicFailure(new BridgeError(code, message, details), { nowMs: 0, requestId: "req_1" });
const messageOf = (code: ErrorCode, message: string, details: BridgeErrorDetails = {}): string => anthropicErrorOf(JSON.stringify(failureOf(code, message, details).body)).message;

describe("an error in Anthropic's form", () => {
  it("has the request's id in its body and in the header where the SDKs look for it", () => {
    assert.deepEqual(failureOf("invalid_value", "max_tokens: no", { field: "max_tokens" }), {
      status: 400, headers: { "request-id": "req_1" },
      body: { type: "error", error: { type: "invalid_request_error", message: "max_tokens: no" }, request_id: "req_1" },
    });
  });

  for (const [code, status, type] of [
    ["invalid_json", 400, "invalid_request_error"], ["prompt_too_long", 400, "invalid_request_error"], ["invalid_api_key", 401, "authentication_error"], ["not_logged_in", 401, "authentication_error"],
    ["billing_error", 402, "billing_error"], ["forbidden", 403, "permission_error"], ["model_not_found", 404, "not_found_error"], ["body_too_large", 413, "request_too_large"],
    ["rate_limited", 429, "rate_limit_error"], ["usage_limit_reached", 429, "rate_limit_error"], ["server_busy", 429, "rate_limit_error"], ["internal", 500, "api_error"],
    ["upstream_error", 500, "api_error"], ["turn_timeout", 504, "timeout_error"], ["overloaded", 529, "overloaded_error"],
  ] as const) {
    it(`is ${status} ${type} for ${code}`, () => {
      const { status: told, body } = failureOf(code);
      assert.deepEqual([told, anthropicErrorOf(JSON.stringify(body)).type], [status, type]);
    });
  }

  it("names the field in its message: the API's own name for a part of the turn, and none twice", () => {
    assert.equal(messageOf("model_not_found", "there is none", { part: "model" }), "model: there is none");
    assert.equal(messageOf("model_not_found", "models are listed elsewhere", { part: "model" }), "model: models are listed elsewhere");
    for (const named of ["tools: no", "tools[0].name: no", "tools.a: no", "tools are not supported"]) assert.equal(messageOf("unsupported_parameter", named, { part: "tools" }), named);
    assert.equal(messageOf("unsupported_parameter", "no", { part: "webSearch" }), "tools: no");
    assert.equal(messageOf("unsupported_parameter", "no", { part: "toolChoice" }), "tool_choice: no");
    assert.equal(messageOf("invalid_value", "messages[0]: no", { field: "messages[0]", part: "messages" }), "messages[0]: no");
  });

  it("of a thread that is continued has the detail upon which the SDKs send the whole of it", () => {
    const { status, body } = failureOf("not_found", "thread: none", { field: "thread" });
    assert.deepEqual([status, (body as any).error], [404, { type: "not_found_error", message: "thread: none", details: { error_code: "thread_not_found" } }]);
    assert.deepEqual((failureOf("not_found", "none").body as any).error, { type: "not_found_error", message: "none" });
  });

  it("of a prompt that is too long has the words by which clients know it, once", () => {
    assert.equal(messageOf("prompt_too_long", "Prompt is too long"), "Prompt is too long");
    assert.equal(messageOf("prompt_too_long", "300000 tokens", { part: "messages" }), "prompt is too long: messages: 300000 tokens");
  });

  it("of a spent window has the headers by which Claude Code tells when it ends", () => {
    const headersOf = (code: ErrorCode, details: BridgeErrorDetails, window?: RateLimitWindow): object => {
      const { headers } = anthropicFailure(new BridgeError(code, "x", details), { nowMs: 1_000_000, requestId: "req_1", ...(window === undefined ? {} : { window }) });
      return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith("anthropic-ratelimit-unified-")).map(([name, value]) => [name.slice("anthropic-ratelimit-unified-".length), value]));
    };
    const rejected: RateLimitWindow = { status: "rejected", rateLimitType: "seven_day", resetsAt: 5_000, utilization: 1 };
    assert.deepEqual(headersOf("usage_limit_reached", { retryAfterSeconds: 4_000 }, rejected), { status: "rejected", reset: "5000", "representative-claim": "seven_day", "7d-utilization": "1", "7d-reset": "5000" });
    for (const window of [undefined, { ...rejected, status: "allowed" }]) assert.deepEqual(headersOf("usage_limit_reached", { retryAfterSeconds: 90 }, window), { status: "rejected", reset: "1090" });
    assert.deepEqual(headersOf("usage_limit_reached", {}), { status: "rejected" });
    assert.deepEqual(headersOf("rate_limited", { retryAfterSeconds: 9 }, rejected), {});
  });

  it("has in its headers when to come again, and whether", () => {
    const adviceOf = (code: ErrorCode, retryAfterSeconds?: number): object => {
      const { headers } = failureOf(code, "x", retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
      return Object.fromEntries(Object.entries(headers).filter(([name]) => /retry/u.test(name)));
    };
    assert.deepEqual(adviceOf("internal"), {});
    assert.deepEqual(adviceOf("overloaded", 10), { "retry-after": "10" });
    assert.deepEqual(adviceOf("usage_limit_reached", 60), { "retry-after": "60" });
    assert.deepEqual(adviceOf("usage_limit_reached", 61), { "retry-after": "61", "x-should-retry": "false" });
    assert.deepEqual(adviceOf("not_implemented"), { "x-should-retry": "false" });
    for (const code of ["billing_error", "prompt_too_long"] as const) assert.deepEqual(adviceOf(code), {}, "their statuses are not retried");
    assert.deepEqual(adviceOf("usage_limit_reached"), { "x-should-retry": "false" }, "nobody knows when");
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type CliFailure, failureToError } from "../../src/claude/failure.ts";
import type { ErrorCode } from "../../src/errors.ts";
import { statusOf } from "../support/openai-error.ts";

const nowMs = 1_000_000;

function errorOf(failure: Partial<CliFailure>) {
  return failureToError({ error: undefined, status: undefined, text: "words", rateLimit: undefined, ...failure }, nowMs);
}

describe("the CLI's word for a failure", () => {
  const table: readonly (readonly [string | undefined, ErrorCode, number])[] = [
    ["authentication_failed", "not_logged_in", 401],
    ["oauth_org_not_allowed", "account_refused", 403],
    ["account_on_hold", "account_refused", 403],
    ["verification_required", "account_refused", 403],
    ["billing_error", "billing_error", 429],
    ["rate_limit", "rate_limited", 429],
    ["overloaded", "overloaded", 503],
    ["invalid_request", "invalid_request", 400],
    ["model_not_found", "model_not_found", 404],
    ["server_error", "upstream_error", 502],
    ["cloud_credential_error", "not_logged_in", 401],
    ["unknown", "upstream_error", 502],
    ["max_output_tokens", "upstream_error", 502],
    ["a word of a later version", "upstream_error", 502],
    [undefined, "upstream_error", 502],
  ];
  for (const [word, code, status] of table) {
    it(`${word ?? "that is missing"} is ${code}, ${status}`, () => {
      const error = errorOf({ error: word });
      assert.deepEqual([error.code, statusOf(error)], [code, status]);
    });
  }
});

describe("the upstream's status", () => {
  const table: readonly (readonly [number, ErrorCode])[] = [
    [400, "invalid_request"], [402, "billing_error"], [401, "not_logged_in"], [403, "account_refused"], [404, "model_not_found"], [408, "turn_timeout"],
    [413, "prompt_too_long"], [429, "rate_limited"], [500, "upstream_error"], [502, "upstream_error"], [503, "overloaded"],
    [504, "turn_timeout"], [529, "overloaded"],
  ];
  for (const [status, code] of table) {
    it(`${status} is ${code}, whatever the word`, () => {
      assert.equal(errorOf({ status }).code, code);
      assert.equal(errorOf({ status, error: "billing_error" }).code, code);
    });
  }

  it("that says nothing leaves it to the word", () => {
    assert.equal(errorOf({ status: 418, error: "billing_error" }).code, "billing_error");
    assert.equal(errorOf({ status: 418 }).code, "upstream_error");
  });
});

describe("the advice", () => {
  it("on a rate limit is to wait a little", () => {
    const error = errorOf({ status: 429 });
    assert.equal(error.retryAfterSeconds, 20);
  });

  it("on overload is to wait a little", () => {
    const error = errorOf({ status: 529 });
    assert.equal(error.retryAfterSeconds, 10);
  });

  it("on an empty account is no time to wait", () => {
    const error = errorOf({ error: "billing_error" });
    assert.deepEqual([error.code, error.retryAfterSeconds], ["billing_error", undefined]);
  });

  for (const [resetsInSeconds, retryAfterSeconds] of [
    [-100, 1], [0, 1], [0.2, 1], [59.5, 60], [60, 60], [60.5, 61], [18_000, 18_000],
  ] as const) {
    it(`on a used-up window that resets in ${resetsInSeconds} s is to come back in ${retryAfterSeconds} s`, () => {
      const error = errorOf({ status: 429, error: "rate_limit", rateLimit: { status: "rejected", resetsAt: nowMs / 1000 + resetsInSeconds, rateLimitType: "five_hour", utilization: 1 } });
      assert.deepEqual([error.code, error.retryAfterSeconds], ["usage_limit_reached", retryAfterSeconds]);
    });
  }

  it("on a rejection without a time is that of a passing rate limit", () => {
    const error = errorOf({ error: "rate_limit", rateLimit: { status: "rejected", resetsAt: undefined, rateLimitType: undefined, utilization: undefined } });
    assert.deepEqual([error.code, error.retryAfterSeconds], ["rate_limited", 20]);
  });

  for (const text of ["You've hit your limit \u00b7 resets 5:04pm (UTC)", "You've hit your weekly limit", "Claude usage limit reached."]) {
    it(`on a window of which the CLI tells by words alone is to wait for its end: ${text}`, () => {
      for (const status of [429, undefined]) {
        const error = errorOf({ error: "rate_limit", status, text });
        assert.deepEqual([error.code, error.retryAfterSeconds], ["usage_limit_reached", undefined]);
      }
    });
  }

  for (const status of ["allowed", "allowed_warning"]) {
    it(`on a window that is ${status} is that of a passing rate limit`, () => {
      assert.equal(errorOf({ status: 429, rateLimit: { status, resetsAt: 5_000, rateLimitType: "five_hour", utilization: 1 } }).code, "rate_limited");
    });
  }
});

describe("a bill", () => {
  for (const text of [
    "API Error: 400 You are out of extra usage. Add more at claude.ai/settings/usage and keep going.",
    "Third-party apps now draw from your extra usage, not your plan limits.", "Extra usage is required for this model.", "Usage credits required for this model", "You're out of usage credits",
    "Credit balance is too low", "Your credit balance is too low to access the Anthropic API.", "You are out of credits",
  ]) {
    it(`is one under any status that the API uses for it, and waiting is no advice: ${text}`, () => {
      for (const status of [400, 402, 403, 429, undefined]) {
        const error = errorOf({ status, text });
        assert.deepEqual([error.code, error.message, error.retryAfterSeconds], ["billing_error", text, undefined], String(status));
      }
    });

    it(`is none where the API or the login failed: ${text}`, () => {
      for (const [status, code] of [[401, "not_logged_in"], [500, "upstream_error"], [529, "overloaded"]] as const) assert.equal(errorOf({ status, text }).code, code);
    });
  }

  it("beside a window that is used up is not the matter: the window begins anew", () => {
    const rateLimit = { status: "rejected", resetsAt: nowMs / 1000 + 60, rateLimitType: "five_hour", utilization: 1 };
    const error = errorOf({ status: 429, error: "rate_limit", text: "You're out of extra usage \u00b7 resets 5pm", rateLimit });
    assert.deepEqual([error.code, error.retryAfterSeconds], ["usage_limit_reached", 60]);
  });

  for (const text of [
    "API Error: Usage credits required for 1M context \u00b7 turn on usage credits at claude.ai/settings/usage, or use --model to switch to standard context",
    "API Error: Extra usage is required for long context requests.", "Extra usage is required for 1M context \u00b7 run /extra-usage to enable",
  ]) {
    it(`that only a long conversation runs up is one that is too long: ${text}`, () => {
      for (const status of ["allowed", "rejected"]) {
        const rateLimit = { status, resetsAt: 5_000, rateLimitType: "five_hour", utilization: 0.2 };
        const error = errorOf({ status: 429, error: "rate_limit", text, rateLimit });
        assert.deepEqual([error.code, error.part, error.message, error.retryAfterSeconds], ["prompt_too_long", "messages", text, undefined]);
      }
    });
  }
});

describe("the message", () => {
  it("is the CLI's words", () => assert.equal(errorOf({ status: 500, text: "API Error: 500" }).message, "API Error: 500"));
  it("says so when there are none", () => assert.match(errorOf({ text: "" }).message, /without saying why/));
  it("on a missing login says how to log in", () => assert.match(errorOf({ status: 401 }).message, /^words .*\/login/u));

  for (const [text, code] of [
    ["Prompt is too long", "prompt_too_long"],
    ["input length and max_tokens exceed context limit", "prompt_too_long"],
    ["exceeds the context window", "prompt_too_long"],
    ["messages.0: bad", "invalid_request"],
  ] as const) {
    it(`${JSON.stringify(text)} on a 400 is ${code}`, () => {
      const error = errorOf({ status: 400, text });
      assert.deepEqual([error.code, error.part], [code, code === "invalid_request" ? undefined : "messages"]);
    });
  }

  it("of a time-out is one", () => {
    assert.equal(errorOf({ text: "Request timed out" }).code, "turn_timeout");
    assert.equal(errorOf({ text: "upstream timeout" }).code, "turn_timeout");
  });

  it("of an unknown model names that part of the turn", () => assert.equal(errorOf({ status: 404 }).part, "model"));
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { rateLimitHeaders } from "../../../src/api/openai/rate-limit.ts";

const nowMs = 1_700_000_000_500;

describe("the rate limit's headers", () => {
  it("are none before the CLI has told of a window", () => assert.deepEqual(rateLimitHeaders(undefined, nowMs), {}));
  it("are none when it told of nothing", () => assert.deepEqual(rateLimitHeaders({ resetsAt: undefined, utilization: undefined }, nowMs), {}));

  for (const [utilization, remaining] of [[0, "100"], [0.004, "100"], [0.25, "75"], [0.996, "0"], [1, "0"], [1.3, "0"]] as const) {
    it(`of a window that is used to ${utilization} leave ${remaining} of 100`, () => {
      assert.deepEqual(rateLimitHeaders({ resetsAt: undefined, utilization }, nowMs), { "x-ratelimit-limit-requests": "100", "x-ratelimit-remaining-requests": remaining });
    });
  }

  for (const [resetsAt, reset] of [[1_700_000_060, "60s"], [1_700_000_001, "1s"], [1_700_000_000, "0s"], [1_600_000_000, "0s"]] as const) {
    it(`of a window that ends at ${resetsAt} say ${reset}, rounded up`, () => {
      assert.deepEqual(rateLimitHeaders({ resetsAt, utilization: undefined }, nowMs), { "x-ratelimit-reset-requests": reset });
    });
  }

  it("stand together when both are known", () => {
    assert.deepEqual(rateLimitHeaders({ resetsAt: 1_700_000_010, utilization: 0.5 }, nowMs), {
      "x-ratelimit-limit-requests": "100", "x-ratelimit-remaining-requests": "50", "x-ratelimit-reset-requests": "10s",
    });
  });
});

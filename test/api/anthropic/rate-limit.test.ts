import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { anthropicWindowHeaders, windowHeaderNames } from "../../../src/api/anthropic/rate-limit.ts";

const nowMs = 1_700_000_000_000;

describe("the headers of the subscription's window, in Anthropic's names", () => {
  it("are none before the CLI has told of a window", () => assert.deepEqual(anthropicWindowHeaders(undefined, nowMs), {}));

  it("are those that the API sends a subscriber, beside this server's own, and a page may read each", () => {
    const headers = anthropicWindowHeaders({ status: "allowed_warning", rateLimitType: "five_hour", resetsAt: 1_700_000_010, utilization: 0.5 }, nowMs);
    const own = { "x-claude-window": "five_hour", "x-claude-window-used-percent": "50", "x-claude-window-resets-in-seconds": "10" };
    const theirs = {
      "anthropic-ratelimit-unified-status": "allowed_warning", "anthropic-ratelimit-unified-reset": "1700000010", "anthropic-ratelimit-unified-representative-claim": "five_hour",
      "anthropic-ratelimit-unified-5h-utilization": "0.5", "anthropic-ratelimit-unified-5h-reset": "1700000010",
    };
    assert.deepEqual(headers, { ...own, ...theirs });
    for (const name of Object.keys(theirs)) assert.ok(windowHeaderNames.includes(name), name);
  });

  it("leave out what is not known, and what no header can hold", () => {
    assert.deepEqual(anthropicWindowHeaders({ status: "allowed\r\nx: y", rateLimitType: "seven day", resetsAt: undefined, utilization: undefined }, nowMs), {});
    assert.deepEqual(anthropicWindowHeaders({ status: "allowed", rateLimitType: "weekly_of_another_kind", resetsAt: undefined, utilization: 0.1 }, nowMs), {
      "x-claude-window": "weekly_of_another_kind", "x-claude-window-used-percent": "10",
      "anthropic-ratelimit-unified-status": "allowed", "anthropic-ratelimit-unified-representative-claim": "weekly_of_another_kind",
    });
  });
});

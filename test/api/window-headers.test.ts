import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { windowHeaders } from "../../src/api/window-headers.ts";

const nowMs = 1_700_000_000_500;
const window = { status: "allowed", rateLimitType: undefined, resetsAt: undefined, utilization: undefined };

describe("the headers of the subscription's window", () => {
  it("are none before the CLI has told of a window", () => assert.deepEqual(windowHeaders(undefined, nowMs), {}));
  it("are none when it told of nothing", () => assert.deepEqual(windowHeaders(window, nowMs), {}));

  for (const [utilization, used] of [[0, "0"], [0.004, "0"], [0.25, "25"], [0.996, "100"], [1, "100"], [1.3, "130"]] as const) {
    it(`say ${used} percent of one that is used to ${utilization}`, () => {
      assert.deepEqual(windowHeaders({ ...window, utilization }, nowMs), { "x-claude-window-used-percent": used });
    });
  }

  for (const [resetsAt, seconds] of [[1_700_000_060, "60"], [1_700_000_001, "1"], [1_700_000_000, "0"], [1_600_000_000, "0"]] as const) {
    it(`of one that ends at ${resetsAt} say in ${seconds} s, rounded up`, () => {
      assert.deepEqual(windowHeaders({ ...window, resetsAt }, nowMs), { "x-claude-window-resets-in-seconds": seconds });
    });
  }

  it("name it, if a header can hold the name", () => {
    assert.deepEqual(windowHeaders({ ...window, rateLimitType: "seven_day" }, nowMs), { "x-claude-window": "seven_day" });
    for (const rateLimitType of ["", "a b", "a\r\nb: c", "\u00e9", "x".repeat(65)]) assert.deepEqual(windowHeaders({ ...window, rateLimitType }, nowMs), {});
  });

  it("stand together when all is known, and none of them counts requests", () => {
    assert.deepEqual(windowHeaders({ status: "allowed", rateLimitType: "five_hour", resetsAt: 1_700_000_010, utilization: 0.5 }, nowMs), {
      "x-claude-window": "five_hour", "x-claude-window-used-percent": "50", "x-claude-window-resets-in-seconds": "10",
    });
  });
});

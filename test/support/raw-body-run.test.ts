/** How a request ended: an answer for which the model was not asked is a fault. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { outcomeOf } from "./raw-body-run.ts";

describe("the end of a request", () => {
  const refusal = '{"error":{"type":"invalid_request_error"}}';

  it("is an answer where the model was asked", () => {
    assert.deepEqual(outcomeOf(200, "{}", 1), { end: "answered", findings: [] });
  });

  it("is a fault where there is an answer and the model was not asked", () => {
    assert.equal(outcomeOf(200, "{}", 0).findings.length, 1);
  });

  it("is a refusal of the server's where it says so and the model was not asked", () => {
    assert.deepEqual(outcomeOf(400, refusal, 0), { end: "refused", findings: [] });
    assert.deepEqual(outcomeOf(200, `data: ${refusal}`, 0), { end: "refused", findings: [] });
    const late = 'event: response.failed\ndata: {"type":"response.failed","error":{"code":"invalid_value"}}\n\n';
    assert.deepEqual(outcomeOf(200, late, 0), { end: "refused", findings: [] });
  });

  it("is a fault where the API refuses, or the server fails", () => {
    for (const [text, askedCount] of [[refusal, 1], ['{"error":{"type":"server_error"}}', 0]] as const) {
      const { end, findings } = outcomeOf(500, text, askedCount);
      assert.deepEqual([end, findings.length], ["failed", 1]);
    }
  });
});

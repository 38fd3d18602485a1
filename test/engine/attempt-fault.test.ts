import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { attemptFault, mayAnotherAnswer } from "../../src/engine/attempt-fault.ts";
import { BridgeError } from "../../src/errors.ts";

describe("a turn that failed before any part of its answer", () => {
  const failed = (code: "not_logged_in" | "cli_failed" | "invalid_request"): BridgeError => new BridgeError(code, "no");

  it("is the login's fault, the process's, or else the request's", () => {
    const errors = [failed("not_logged_in"), failed("cli_failed"), failed("invalid_request"), new Error("no")];
    assert.deepEqual(errors.map(attemptFault), ["login", "process", "request", "request"]);
  });

  for (const { fault, isFresh, isCurrent, may } of [
    { fault: "request", isFresh: false, isCurrent: true, may: false },
    { fault: "process", isFresh: false, isCurrent: true, may: true },
    { fault: "process", isFresh: true, isCurrent: true, may: false },
    { fault: "process", isFresh: true, isCurrent: false, may: false },
    { fault: "login", isFresh: false, isCurrent: true, may: true },
    { fault: "login", isFresh: true, isCurrent: true, may: false },
    { fault: "login", isFresh: true, isCurrent: false, may: true },
  ] as const) {
    it(`${may ? "may" : "may not"} be answered by another process: ${fault}, ${isFresh ? "fresh" : "used"}, ${isCurrent ? "present" : "outdated"} login`, () => {
      assert.equal(mayAnotherAnswer(fault, { isFresh, isCurrent }), may);
    });
  }
});

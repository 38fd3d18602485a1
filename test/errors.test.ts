import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { asBridgeError, BridgeError, clientClosed, serverBusy, shuttingDown } from "../src/errors.ts";

describe("an error for the client", () => {
  it("has its status, and all four keys on the wire", () => {
    const error = new BridgeError("model_not_found", "no such model", { param: "model" });
    assert.equal(error.status, 404);
    assert.deepEqual(error.toOpenAi(), { error: { message: "no such model", type: "invalid_request_error", param: "model", code: "model_not_found" } });
    assert.deepEqual(new BridgeError("invalid_request", "x").toOpenAi(), { error: { message: "x", type: "invalid_request_error", param: null, code: null } });
  });

  it("carries its advice and its headers, and none by itself", () => {
    const cause = new Error("inner");
    const error = new BridgeError("usage_limit_reached", "x", { retryAfterSeconds: 7, shouldRetry: false, headers: { allow: "GET" }, cause });
    assert.deepEqual([error.retryAfterSeconds, error.shouldRetry, error.headers, error.cause], [7, false, { allow: "GET" }, cause]);
    const plain = new BridgeError("internal", "x");
    assert.deepEqual([plain.retryAfterSeconds, plain.shouldRetry, plain.headers, "cause" in plain], [undefined, undefined, {}, false]);
  });

  it("that more than one place gives is one", () => {
    assert.deepEqual([clientClosed(), serverBusy("full"), shuttingDown()].map(({ status, message, retryAfterSeconds }) => [status, message, retryAfterSeconds]), [
      [499, "The client closed the request.", undefined], [429, "full", 5], [503, "The server is shutting down.", undefined],
    ]);
  });

  it("is made of anything that was thrown, and tells nothing of its inside", () => {
    const own = new BridgeError("overloaded", "x");
    assert.equal(asBridgeError(own), own);
    for (const thrown of [new Error("secret"), "secret", { secret: 1 }, null]) {
      const error = asBridgeError(thrown);
      assert.deepEqual([error.kind, error.status, error.cause], ["internal", 500, thrown]);
      assert.doesNotMatch(JSON.stringify(error.toOpenAi()), /secret/u);
    }
  });
});

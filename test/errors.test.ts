import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openAiFailure } from "../src/api/openai/errors.ts";
import { asBridgeError, BridgeError, clientClosed, serverBusy, shuttingDown } from "../src/errors.ts";
import { statusOf } from "./support/openai-error.ts";

describe("an error for the client", () => {
  it("has its code and the field at fault, and nothing of how a dialect writes it", () => {
    const { code, message, field, ...more } = new BridgeError("model_not_found", "no such model", { field: "model" });
    assert.deepEqual([code, message, field], ["model_not_found", "no such model", "model"]);
    assert.deepEqual(Object.keys(more).sort(), ["name", "part", "retryAfterSeconds"]);
    assert.equal(new BridgeError("invalid_request", "x").field, undefined);
  });

  it("carries its advice, and none by itself", () => {
    const cause = new Error("inner");
    const error = new BridgeError("usage_limit_reached", "x", { retryAfterSeconds: 7, cause });
    assert.deepEqual([error.retryAfterSeconds, error.cause], [7, cause]);
    const plain = new BridgeError("internal", "x");
    assert.deepEqual([plain.retryAfterSeconds, "cause" in plain], [undefined, false]);
  });

  it("that more than one place gives is one", () => {
    assert.deepEqual([clientClosed(), serverBusy("full"), shuttingDown()].map((error) => [statusOf(error), error.message, error.retryAfterSeconds]), [
      [499, "The client closed the request.", undefined], [429, "full", 5], [503, "The server is shutting down.", undefined],
    ]);
  });

  it("is made of anything that was thrown, and tells nothing of its inside", () => {
    const own = new BridgeError("overloaded", "x");
    assert.equal(asBridgeError(own), own);
    for (const thrown of [new Error("secret"), "secret", { secret: 1 }, null]) {
      const error = asBridgeError(thrown);
      assert.deepEqual([error.code, statusOf(error), error.cause], ["internal", 500, thrown]);
      assert.doesNotMatch(JSON.stringify(openAiFailure(error)), /secret/u);
    }
  });
});

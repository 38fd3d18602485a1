import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { markedEnvironment, markFor } from "../../src/engine/own-mark.ts";

describe("the mark of a server's own processes", () => {
  it("is made only where they ask another address than the API's", () => {
    assert.deepEqual(markFor({ ANTHROPIC_BASE_URL: "http://127.0.0.1:1" }, () => "id"), { name: "x-claude-max-api-process", value: "id" });
    for (const environment of [{}, { ANTHROPIC_BASE_URL: "" }]) {
      assert.equal(markFor(environment, () => assert.fail("no id is needed")), undefined);
      assert.equal(markedEnvironment(environment, undefined), environment);
    }
  });

  it("is sent behind the headers that the user has given", () => {
    const mark = { name: "x-a", value: "1" };
    assert.deepEqual(markedEnvironment({ HOME: "/h" }, mark), { HOME: "/h", ANTHROPIC_CUSTOM_HEADERS: "x-a: 1" });
    assert.deepEqual(markedEnvironment({ ANTHROPIC_CUSTOM_HEADERS: "x-b: 2\nx-c: 3\n" }, mark), { ANTHROPIC_CUSTOM_HEADERS: "x-b: 2\nx-c: 3\nx-a: 1" });
  });
});

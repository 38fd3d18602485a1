import assert from "node:assert/strict";
import { validateHeaderValue } from "node:http";
import { describe, it } from "node:test";
import { headerValue } from "../../src/http/header-value.ts";

describe("a header's value", () => {
  it("is the text where that is printable ASCII", () => {
    assert.equal(headerValue("claude-opus-4-1 [1m] 100%"), "claude-opus-4-1 [1m] 100%");
  });

  it("has every other character percent-encoded, and can be sent, whatever the text holds", () => {
    const odd = "a\u00e9\r\n\u{1f600}\ud83d-\u0000\u007f";
    assert.equal(headerValue(odd), "a%C3%A9%0D%0A%F0%9F%98%80%EF%BF%BD-%00%7F");
    for (let code = 0; code <= 0xffff; code += 1) {
      validateHeaderValue("x", headerValue(String.fromCharCode(code)) ?? "");
    }
  });

  it("is none for what is empty or very long", () => {
    assert.deepEqual(["", "x".repeat(257)].map(headerValue), [undefined, undefined]);
    assert.equal(headerValue("x".repeat(256))?.length, 256);
  });
});

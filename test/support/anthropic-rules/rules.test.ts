/** The stub refuses what the API refuses, each rule by itself, as a function and over HTTP; what is right is taken. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startAnthropicStub } from "../anthropic-stub.ts";
import { cleanUp } from "../cleanup.ts";
import { gif, jpeg, png, webp } from "./image-bytes.ts";
import { readImageHeader } from "./image-header.ts";
import { readRequest, type Rule } from "./rule.ts";
import { findBreach, rules } from "./rules.ts";

function assertHasWords(message: string | null, { words, otherWords = [] }: Rule): void {
  assert.ok([words, ...otherWords].some((part) => message?.includes(part)), String(message));
}

for (const rule of rules) {
  describe(`${rule.name}: ${rule.demands}`, () => {
    for (const [what, make] of Object.entries(rule.broken)) {
      it(`refuses ${what}, and no other rule does`, () => {
        const request = readRequest(make());
        assertHasWords(rule.find(request), rule);
        assert.deepEqual(
          rules.filter((other) => other.find(request) !== null).map(({ name }) => name),
          [rule.name],
        );
      });
    }
    for (const [what, make] of Object.entries(rule.kept)) {
      it(`takes ${what}`, () => assert.equal(findBreach(make()), null));
    }

    it("is held by the stub, over HTTP, with its words", async (t) => {
      const stub = await startAnthropicStub();
      cleanUp(t, () => stub.close());
      const post = (body: unknown): Promise<Response> =>
        fetch(`${stub.url}/v1/messages`, { method: "POST", body: JSON.stringify(body) });
      for (const [what, make] of Object.entries(rule.broken)) {
        const response = await post(make());
        assert.equal(response.status, 400, what);
        const { type, error } = (await response.json()) as { type: string; error: { type: string; message: string } };
        assert.deepEqual([type, error.type], ["error", "invalid_request_error"]);
        assertHasWords(error.message, rule);
      }
      assert.deepEqual(
        stub.refusals.map((refusal) => refusal.rule),
        Object.keys(rule.broken).map(() => rule.name),
      );
      for (const [what, make] of Object.entries(rule.kept)) assert.equal((await post(make())).status, 200, what);
    });
  });
}

describe("the list of rules", () => {
  it("names each once, and shows each refusing and taking", () => {
    assert.equal(new Set(rules.map(({ name }) => name)).size, rules.length);
    for (const { name, broken, kept } of rules)
      assert.ok(Object.keys(broken).length > 0 && Object.keys(kept).length > 0, name);
  });

  it("holds what is no object to be no request", () => {
    for (const body of [null, undefined, 3, "x", []]) assert.equal(findBreach(body)?.rule, "shape");
  });

  it("takes its limits from the model, or as they are given", () => {
    const body = { model: "claude-test", max_tokens: 100, messages: [{ role: "user", content: "x".repeat(4_000) }] };
    assert.equal(findBreach(body), null);
    assert.deepEqual(findBreach(body, undefined, { promptTokensMax: 1_000 })?.rule, "prompt-length");
    assert.deepEqual(
      findBreach(body, undefined, { outputTokensMax: 99 })?.message,
      "max_tokens: 100 > 99, which is the maximum allowed number of output tokens for claude-test",
    );
  });
});

describe("the headers of images", () => {
  it("are read in all four formats, and nothing else is", () => {
    const size = { width: 3, height: 4 };
    assert.deepEqual(readImageHeader(png(3, 4)), { mediaType: "image/png", ...size });
    assert.deepEqual(readImageHeader(gif(3, 4)), { mediaType: "image/gif", ...size });
    assert.deepEqual(readImageHeader(jpeg(3, 4)), { mediaType: "image/jpeg", ...size });
    for (const [kind, field] of [["VP8 ", "03000400"], ["VP8L", "02c00000"], ["VP8X", "020000030000"]] as const) {
      assert.deepEqual(readImageHeader(webp(kind, field)), { mediaType: "image/webp", ...size });
    }
    const others = ["BM", "\xff\xd8\xff", "\xff\xd8\x00\x11\x22\x33\x44\x55\x66\x77\x88", "RIFFRIFF".repeat(5)];
    for (const bytes of others) assert.equal(readImageHeader(Buffer.from(bytes, "latin1")), null);
  });
});

/** `POST /v1/messages/count_tokens`, on the stand-in of `--demo` and on a CLI that tells nothing of what it was told. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startEmbedded, startEmbeddedWith } from "../support/embedded-server.ts";
import { anthropicErrorIn } from "../support/messages-wire.ts";
import { postJson } from "../support/sse.ts";

const path = "/v1/messages/count_tokens";
const request = { model: "opus", system: "Be kind.", messages: [{ role: "user", content: "hello, hello" }] };

describe("a count of tokens", () => {
  it("is one number, and a header says that it is an estimate; all else is as for a message", async (t) => {
    const { url } = await startEmbedded(t, { demo: true });
    for (const body of [request, { ...request, max_tokens: 9, stream: true }]) {
      const response = await postJson(`${url}${path}`, body);
      assert.deepEqual([response.status, await response.json()], [200, { input_tokens: 5 }]);
      const { headers } = response;
      assert.deepEqual([headers.get("x-claude-token-count"), headers.get("request-id")], ["estimate", headers.get("x-request-id")]);
    }
    for (const [body, status, type, words] of [
      [{ ...request, model: "gpt-4o" }, 404, "not_found_error", /^model: .*gpt-4o/u], [{ ...request, messages: [] }, 400, "invalid_request_error", /^messages/u],
      [{ ...request, container: "x" }, 400, "invalid_request_error", /^container/u], ["{", 400, "invalid_request_error", /JSON/u],
    ] as const) {
      const error = await anthropicErrorIn(await postJson(`${url}${path}`, body));
      assert.deepEqual([error.status, error.type], [status, type]);
      assert.match(error.message, words);
    }
  });

  it("fails in Anthropic's form where the CLI does not tell it", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    const { status, type } = await anthropicErrorIn(await postJson(`${url}${path}`, { ...request, model: "fake" }));
    assert.deepEqual([status, type], [500, "api_error"]);
  });
});

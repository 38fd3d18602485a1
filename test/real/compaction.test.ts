/** The real CLI summarises nothing of a conversation behind its client's back. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { conversationOf, errorAnswer, longContextAnswer, type StubAnswer, textAnswer, textOf } from "../support/anthropic-stub.ts";
import { openAiErrorIn } from "../support/openai-error.ts";
import { sampledClaudeVersions } from "../support/real-claude.ts";
import { startReal } from "../support/real-server.ts";
import { postJson } from "../support/sse.ts";

const messages = ["one", "two", "three", "four", "five"].flatMap((word, index) => [
  { role: index % 2 === 0 ? "user" : "assistant", content: `This is number ${word}.` },
]);

for (const version of sampledClaudeVersions()) {
  describe(`compaction on claude ${version}`, { concurrency: 1 }, () => {
    it("a history that the API refuses as too long is asked once, and told as it is", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge } = await startServer();
      stub.respond = () => errorAnswer(400, "invalid_request_error", "prompt is too long: 300000 tokens > 200000 maximum");
      const request = { model: "sonnet", messages: [...messages, { role: "assistant", content: "Six." }, { role: "user", content: "And seven?" }] };
      const { status, code, param } = await openAiErrorIn(await postJson(`${bridge.url}/v1/chat/completions`, request));
      assert.deepEqual([status, code, param], [400, "context_length_exceeded", "messages"]);
      assert.equal(stub.requests.length, 1, "no summarising request, no second try");
    });

    it("one that is too long by other words of the API's, or in another request, is not either: at most it is asked again for a shorter answer", async (t) => {
      const { stub, startServer } = await startReal(t, version, 2);
      const { bridge } = await startServer();
      const history = [...messages, { role: "assistant", content: "Six." }];
      const tools = [{ type: "function", function: { name: "look", parameters: { type: "object", properties: {} } } }];
      const prompt = "prompt is too long: 300000 tokens > 200000 maximum";
      const cases: readonly (readonly [what: string, answer: StubAnswer, path: string, more: object])[] = [
        ["its size", errorAnswer(413, "request_too_large", "Request exceeds the maximum size"), "chat/completions", {}],
        ["its plan", longContextAnswer(), "chat/completions", {}],
        ["its answer's bound", errorAnswer(400, "invalid_request_error", "input length and `max_tokens` exceed context limit: 190000 + 21333 > 200000, decrease input length or `max_tokens` and try again"), "chat/completions", {}],
        ["its tools", errorAnswer(400, "invalid_request_error", prompt), "chat/completions", { tools, stream: true }],
        ["a response", errorAnswer(400, "invalid_request_error", prompt), "responses", {}],
      ];
      for (const [what, answer, path, more] of cases) {
        stub.respond = () => answer;
        const asked = stub.requests.length;
        const said = [...history, { role: "user", content: `Too long by ${what}` }];
        const request = { model: "sonnet", ...(path === "responses" ? { input: said } : { messages: said }), ...more };
        const { status, code } = await openAiErrorIn(await postJson(`${bridge.url}/v1/${path}`, request));
        assert.deepEqual([status, code], [400, "context_length_exceeded"], what);
        const [first, ...others] = stub.requests.slice(asked).map(({ body }) => ({ said: conversationOf(body).map(({ content }) => textOf(content)), max: Number(body.max_tokens) }));
        assert.deepEqual(first?.said, said.map(({ content }) => content), what);
        // The CLI takes the bound that the API's words leave, and asks with it by itself.
        for (const other of others) assert.ok(other.max < (first?.max ?? 0) && isDeepStrictEqual(other.said, first?.said), what);
        if (what !== "its answer's bound") assert.equal(others.length, 0, what);
      }
    });

    it("a conversation that has filled the window goes on whole: only the API knows when it is too long", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge } = await startServer();
      // More than either version believes that any model takes.
      stub.respond = () => textAnswer(["So."], { usage: { cache_read_input_tokens: 1_200_000 } });
      const told: { role: string; content: string }[] = [];
      for (const word of ["one", "two", "three"]) {
        told.push({ role: "user", content: word });
        const response = await postJson(`${bridge.url}/v1/chat/completions`, { model: "sonnet", messages: told });
        assert.equal(response.status, 200, await response.text());
        const asked = conversationOf(stub.requests.at(-1)?.body ?? assert.fail());
        assert.deepEqual(asked.map(({ role, content }) => ({ role, content: textOf(content) })), told);
        told.push({ role: "assistant", content: "So." });
      }
      assert.equal(stub.requests.length, 3);
    });
  });
}

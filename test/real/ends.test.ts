/** How an answer ends, on the real CLIs: a refusal that is slow, a stream without its last events, a document that is given twice. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { conversationOf, errorAnswer, extraUsageSpentAnswer, longContextAnswer, type StubAnswer, textAnswer, toolUseAnswer, unfinishedAnswer } from "../support/anthropic-stub.ts";
import { judgeChatStream } from "../support/chat-wire.ts";
import { openAiErrorIn } from "../support/openai-error.ts";
import { sampledClaudeVersions } from "../support/real-claude.ts";
import { startReal } from "../support/real-server.ts";
import { judgeResponseStream } from "../support/responses-wire.ts";
import { postJson, readBytes } from "../support/sse.ts";

const messages = [{ role: "user", content: "x" }];
const schema = { type: "object", properties: { a: { type: "number" }, b: { type: "string" } }, required: ["a", "b"], additionalProperties: false };
const document = { a: 1, b: "é" };

for (const version of sampledClaudeVersions()) {
  describe(`the end of an answer on claude ${version}`, { concurrency: 1 }, () => {
    it("that is refused after seconds, by the API itself or after the CLI has asked again, has its status in a stream too", async (t) => {
      const { stub, startServer } = await startReal(t, version, 1, { isRefusalFine: true });
      // Longer than the default: on a busy machine the boots of four processes alone may take as long as that.
      const { bridge } = await startServer(["--head-wait", "60"]);
      const slow: readonly (readonly [name: string, ms: number, answer: StubAnswer, status: number, code: string])[] = [
        ["a bill", 1_500, extraUsageSpentAnswer(), 429, "insufficient_quota"],
        ["a plan", 3_000, longContextAnswer(), 400, "context_length_exceeded"],
        ["overload", 1_500, errorAnswer(529, "overloaded_error", "Overloaded"), 503, "overloaded"],
        ["a fault", 3_000, errorAnswer(500, "api_error", "Internal server error"), 502, "upstream_error"],
      ];
      stub.respond = async ({ body }) => {
        const [, ms, answer] = slow.find(([name]) => JSON.stringify(conversationOf(body)).includes(name)) ?? assert.fail();
        // The first answer is as slow as that, the CLI's own second try is not.
        if (stub.requests.filter((request) => JSON.stringify(conversationOf(request.body)) === JSON.stringify(conversationOf(body))).length === 1) await delay(ms);
        return answer;
      };
      await Promise.all(slow.map(async ([name, , , status, code]) => {
        const response = await postJson(`${bridge.url}/v1/chat/completions`, { model: "sonnet", stream: true, messages: [{ role: "user", content: name }] });
        const error = await openAiErrorIn(response);
        assert.deepEqual([error.status, error.code], [status, code], name);
      }));
    });

    it("that stops without its last events is an error, never a good end", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge } = await startServer();
      stub.respond = () => unfinishedAnswer(["half ", "of it "]);
      const ask = (path: string, body: object): Promise<Response> => postJson(`${bridge.url}/v1/${path}`, { model: "sonnet", ...body });
      for (const [path, body] of [["chat/completions", { messages }], ["responses", { input: "x" }]] as const) {
        assert.ok((await openAiErrorIn(await ask(path, body))).status >= 502, path);
        const streamed = await ask(path, { ...body, stream: true });
        // A CLI that holds the answer back until it has asked again fails before the head.
        if (streamed.status !== 200) {
          assert.ok((await openAiErrorIn(streamed)).status >= 502, path);
          continue;
        }
        const bytes = await readBytes(streamed);
        if (path === "responses") assert.equal(judgeResponseStream(bytes).response.status, "failed");
        else assert.equal(typeof judgeChatStream(bytes).failure, "string");
      }
    });

    it("in a document that does not fit its schema is the next one, where nothing was sent of the first", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge } = await startServer();
      const firsts: readonly object[] = [{ a: 1 }, { b: "é" }, {}, { a: 1, b: "é", c: 2 }];
      stub.respond = ({ body }) => {
        const said = JSON.stringify(conversationOf(body));
        const first = firsts[Number(/first (\d)/u.exec(said)?.[1])] ?? assert.fail(said);
        if (!said.includes("tool_result")) return toolUseAnswer([{ name: "StructuredOutput", input: { ...first } }], { textBefore: "Here:" });
        return said.includes('"is_error":true') && !said.includes(JSON.stringify(document)) ? toolUseAnswer([{ name: "StructuredOutput", input: document }]) : textAnswer(["Done."]);
      };
      for (const index of firsts.keys()) {
        const content = `first ${index}`;
        // Of such a format the CLI's tool makes the document.
        const format = { type: "json_object", schema };
        const chat = await postJson(`${bridge.url}/v1/chat/completions`, { model: "sonnet", messages: [{ role: "user", content }], response_format: format });
        const chatAnswer = await chat.json() as any;
        assert.equal(chat.status, 200, JSON.stringify(chatAnswer));
        assert.deepEqual([JSON.parse(chatAnswer.choices[0].message.content), chatAnswer.choices[0].finish_reason], [document, "stop"]);
        const whole = await postJson(`${bridge.url}/v1/responses`, { model: "sonnet", input: content, text: { format } });
        const answer = await whole.json() as any;
        assert.deepEqual([whole.status, answer.status, JSON.parse(answer.output.at(-1).content[0].text)], [200, "completed", document]);
      }
    });
  });
}

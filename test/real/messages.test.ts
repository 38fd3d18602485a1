/** `POST /v1/messages` on the real CLI: what goes up is what the client said, what comes back is what the API said. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { signThinking } from "../support/anthropic-rules/rules.ts";
import { conversationOf, errorAnswer, searchAnswer, type StubRequestBody, textAnswer, toolUseAnswer } from "../support/anthropic-stub.ts";
import { anthropicErrorIn, judgeMessageStream } from "../support/messages-wire.ts";
import { pdf, png } from "../support/odd-messages-requests.ts";
import { sampledClaudeVersions } from "../support/real-claude.ts";
import { claudesOf, type RealServer, startReal } from "../support/real-server.ts";
import { postJson, readBytes } from "../support/sse.ts";

const ask = (content: unknown, more: object = {}): object => ({ model: "sonnet", max_tokens: 2_000, messages: [{ role: "user", content }], ...more });
const post = ({ bridge }: RealServer, body: object): Promise<Response> => postJson(`${bridge.url}/v1/messages`, body, { headers: { "anthropic-version": "2023-06-01" } });
const whole = async (server: RealServer, body: object): Promise<any> => {
  const response = await post(server, body);
  const answer = await response.json();
  assert.equal(response.status, 200, JSON.stringify(answer));
  return answer;
};
const streamed = async (server: RealServer, body: object): Promise<ReturnType<typeof judgeMessageStream>> => judgeMessageStream(await readBytes(await post(server, { ...body, stream: true })));

/** The content of each message as it went up, without what the CLI alone adds to a block. */
const sent = (body: StubRequestBody | undefined): readonly (readonly unknown[])[] => conversationOf(body ?? assert.fail("nothing went up")).map(({ role, content }) => [
  role, ...(typeof content === "string" ? [{ type: "text", text: content }] : content.map(({ cache_control: _mark, ...block }) => block)),
]);
const text = (words: string): object => ({ type: "text", text: words });
const schema = { type: "object", properties: { at: { type: "string", description: "Where." }, days: { type: "integer", minimum: 1 } }, required: ["at"] };
const tools = [{ name: "look", description: "Looks.", input_schema: schema }];
const call = { type: "tool_use", id: "toolu_1", name: "look", input: { at: "Zürich" } };

for (const version of sampledClaudeVersions()) {
  describe(`a message on claude ${version}`, () => {
    it("thinks when it is asked to, and its signed thoughts go out and come back unchanged, on another process too", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const [one, other] = [await startServer(), await startServer()];
      stub.respond = () => textAnswer(["Grüße, ", "\"😀\"\n"], { thinking: ["hm", " é"], usage: { input_tokens: 11, cache_read_input_tokens: 7, cache_creation_input_tokens: 5, output_tokens: 4 } });
      const thinking = { type: "adaptive" };
      const { events, message } = await streamed(one, ask("one", { thinking, system: [text("Be brief.")] }));
      const thought = { type: "thinking", thinking: "hm é", signature: signThinking("hm é") };
      assert.deepEqual(message.content, [thought, text("Grüße, \"😀\"\n")]);
      assert.deepEqual(events.map(({ type, index, delta }) => [type, index, delta?.type].filter((part) => part !== undefined).join(" ")), [
        "message_start", "content_block_start 0", "content_block_delta 0 thinking_delta", "content_block_delta 0 thinking_delta", "content_block_delta 0 signature_delta", "content_block_stop 0",
        "content_block_start 1", "content_block_delta 1 text_delta", "content_block_delta 1 text_delta", "content_block_stop 1", "message_delta", "message_stop",
      ]);
      const { input_tokens, cache_read_input_tokens, cache_creation_input_tokens, output_tokens } = message.usage;
      assert.deepEqual([input_tokens, cache_read_input_tokens, cache_creation_input_tokens, output_tokens], [11, 7, 5, 4]);
      assert.deepEqual(events[0]?.["message"].usage.input_tokens, 11, "known at the start");
      const { model, max_tokens, thinking: asked, system } = stub.requests[0]?.body as any;
      assert.deepEqual([message.model, max_tokens, asked.type], [model, 2_000, "adaptive"]);
      assert.equal(system.at(-1).text.endsWith("Be brief."), true);

      const messages = [{ role: "user", content: "one" }, { role: "assistant", content: message.content }, { role: "user", content: "two" }];
      for (const server of [one, other]) {
        await whole(server, { model: "sonnet", max_tokens: 2_000, system: "Be brief.", thinking, messages });
        assert.deepEqual(sent(stub.requests.at(-1)?.body)[1], ["assistant", thought, text("Grüße, \"😀\"\n")]);
      }
      assert.equal(claudesOf(one.bridge).length, 1, "the conversation goes on with its process");
    });

    it("comes from a process that the server knows as its own where that asks another address than the API's", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const server = await startServer();
      stub.respond = () => textAnswer(["a"]);
      await whole(server, ask("one"));
      const name = "x-claude-max-api-process";
      const mark = String(stub.requests[0]?.headers[name] ?? assert.fail("the CLI sends no mark"));
      const back = await postJson(`${server.bridge.url}/v1/messages`, ask("two"), { headers: { [name]: mark } });
      assert.match((await anthropicErrorIn(back)).message, /own claude process/u);
      assert.equal(stub.requests.length, 1);
    });

    it("tells its thoughts as it is asked to, and thinks with fewer tokens than its limit", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const server = await startServer();
      stub.respond = () => textAnswer(["a"]);
      const upstream = async (thinking: object): Promise<any> => {
        await whole(server, ask("one", { thinking, max_tokens: 3_000 }));
        return stub.requests.at(-1)?.body.thinking;
      };
      // 2.1.330 asks for its own `updates`, which is less than the thoughts, in place of `omitted`.
      assert.match((await upstream({ type: "adaptive", display: "omitted" })).display, /^(?:omitted|updates)$/u);
      assert.equal((await upstream({ type: "adaptive", display: "summarized" })).display, "summarized");
      const { budget_tokens, type } = await upstream({ type: "enabled", budget_tokens: 5_000 });
      assert.ok(type === "adaptive" || budget_tokens < 3_000, JSON.stringify({ type, budget_tokens }));
    });

    it("does not think unasked, and has the API's own parameters", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const server = await startServer();
      stub.respond = () => textAnswer(["one "], { stopReason: "stop_sequence" });
      await whole(server, ask("hi", { model: "claude-opus-4-5", temperature: 0.25, top_k: 5, stop_sequences: ["two", "three"] }));
      const { thinking, temperature, top_k, stop_sequences } = stub.requests[0]?.body as any;
      assert.deepEqual([thinking?.type ?? "none", temperature, top_k, stop_sequences], ["none", 0.25, 5, ["two", "three"]]);

      stub.respond = () => textAnswer(["{\"at\":\"é\"}"]);
      const format = { type: "json_schema", schema: { type: "object", properties: { at: { type: "string" } }, required: ["at"], additionalProperties: false } };
      const answer = await whole(server, ask("hi", { output_config: { effort: "low", format } }));
      assert.deepEqual(answer.content, [text("{\"at\":\"é\"}")]);
      const { thinking: unasked, output_config } = stub.requests[1]?.body as any;
      assert.deepEqual([unasked?.type ?? "none", output_config], ["none", { effort: "low", format }]);
    });

    it("calls tools with their schema as it is, and takes results with images, and errors", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const server = await startServer();
      stub.respond = ({ body }) => (conversationOf(body).length === 1 ? toolUseAnswer([{ id: "toolu_1", name: "look", input: { at: "Zürich" }, fragments: ["{\"at\":", "\"Zürich\"}"] }], { textBefore: "I look." }) : textAnswer(["It rains."]));
      const choice = { tools, tool_choice: { type: "any", disable_parallel_tool_use: true } };
      const { message, events } = await streamed(server, ask("How is it?", choice));
      assert.deepEqual([message.content, message.stop_reason], [[text("I look."), call], "tool_use"]);
      assert.deepEqual(events.flatMap(({ delta }) => (delta?.type === "input_json_delta" ? [delta.partial_json] : [])), ["{\"at\":", "\"Zürich\"}"]);
      const { tools: served, tool_choice: chosen } = stub.requests[0]?.body as any;
      assert.deepEqual([served.map(({ cache_control: _mark, ...tool }: any) => tool), chosen], [tools, { type: "any", disable_parallel_tool_use: true }]);

      const image = { type: "image", source: { type: "base64", media_type: "image/png", data: png } };
      // The first goes on with the call that waits, the other two take its answer back.
      for (const result of [{ content: [text("wet"), image] }, { content: [text("no \"é\"")], is_error: true }, { content: [image] }]) {
        const block = { type: "tool_result", tool_use_id: "toolu_1", ...result };
        const answer = await whole(server, { model: "sonnet", max_tokens: 2_000, tools, messages: [{ role: "user", content: "How is it?" }, { role: "assistant", content: message.content }, { role: "user", content: [block] }] });
        assert.deepEqual(answer.content, [text("It rains.")]);
        assert.deepEqual(sent(stub.requests.at(-1)?.body).slice(1), [["assistant", text("I look."), call], ["user", block]]);
      }
    });

    it("reads documents by base64, by URL, as text and as blocks, with their titles and citations", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const server = await startServer();
      stub.respond = () => textAnswer(["Yes."]);
      const documents = [
        { type: "document", source: { type: "base64", media_type: "application/pdf", data: pdf }, title: "T", context: "C", citations: { enabled: true } },
        { type: "document", source: { type: "url", url: "https://example.com/a.pdf" } },
        { type: "document", source: { type: "text", media_type: "text/plain", data: "words" }, title: "W" },
        { type: "document", source: { type: "content", content: [text("a"), text("b")] } },
        { type: "search_result", source: "https://example.com", title: "R", content: [text("c")], citations: { enabled: true } },
      ];
      const content = [...documents, text("What is in it?")];
      await whole(server, ask(content));
      assert.deepEqual(sent(stub.requests[0]?.body), [["user", ...content]]);
      await whole(server, { model: "sonnet", max_tokens: 2_000, messages: [{ role: "user", content }, { role: "assistant", content: "Yes." }, { role: "user", content: "And?" }], system: "Anew." });
      assert.deepEqual(sent(stub.requests[1]?.body)[0], ["user", ...content], "as history too");
    });

    it("searches the web where the server allows it, and what was found comes back", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const server = await startServer(["--allow-web-search"]);
      const page = { url: "https://example.com/rain", title: "Rain" };
      stub.respond = ({ index }) => (index === 0 ? searchAnswer("rain now", page, ["It is: "], ["it rains."]) : textAnswer(["Yes."]));
      const search = { type: "web_search_20250305", name: "web_search", max_uses: 2, blocked_domains: ["example.org"], user_location: { type: "approximate", city: "Bern" } };
      const { message } = await streamed(server, ask("How is it?", { tools: [search] }));
      assert.deepEqual(message.content.map(({ type }: any) => type), ["server_tool_use", "web_search_tool_result", "text", "text"]);
      assert.deepEqual([message.content[0].input, message.content[3].citations[0].url], [{ query: "rain now" }, page.url]);
      assert.deepEqual(stub.requests[0]?.body.tools, [search]);
      // Another system prompt is told to another process.
      await whole(server, { model: "sonnet", max_tokens: 2_000, system: "Terse.", tools: [search], messages: [{ role: "user", content: "How is it?" }, { role: "assistant", content: message.content }, { role: "user", content: "Really?" }] });
      assert.deepEqual(sent(stub.requests[1]?.body)[1]?.slice(1).map((block: any) => block.type), ["server_tool_use", "web_search_tool_result", "text", "text"]);
    });

    it("is refused in Anthropic's form where the API refuses it", async (t) => {
      const { stub, startServer } = await startReal(t, version, 0, { isRefusalFine: true });
      const server = await startServer();
      for (const [answer, status, type] of [
        [errorAnswer(529, "overloaded_error", "Overloaded"), 529, "overloaded_error"], [errorAnswer(500, "api_error", "Internal server error"), 500, "api_error"],
        [errorAnswer(400, "invalid_request_error", "prompt is too long: 300000 tokens > 200000 maximum"), 400, "invalid_request_error"],
      ] as const) {
        stub.respond = () => answer;
        for (const stream of [false, true]) {
          const error = await anthropicErrorIn(await post(server, ask("hi", { stream })));
          assert.deepEqual([error.status, error.type], [status, type]);
          if (status === 400) assert.match(error.message, /prompt is too long/iu);
        }
      }
    });
  });
}

/** The Responses API on the real CLI, with the stub in place of Anthropic: its events byte by byte, and what goes upstream. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { conversationOf, errorAnswer, formatOf, midStreamErrorAnswer, type StubRequestBody, subscriptionHeaders, textAnswer, textOf, toolUseAnswer } from "../support/anthropic-stub.ts";
import { healthOf } from "../support/health.ts";
import { openAiErrorIn } from "../support/openai-error.ts";
import { sampledClaudeVersions } from "../support/real-claude.ts";
import { claudesOf, startReal } from "../support/real-server.ts";
import { type JudgedResponse, judgeResponseStream } from "../support/responses-wire.ts";
import { postJson, readBytes } from "../support/sse.ts";

const usage = { input_tokens: 20, cache_read_input_tokens: 4, cache_creation_input_tokens: 1, output_tokens: 7 };
const weather = { type: "function", name: "get_weather", description: "The weather.", parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false }, strict: true };
const patch = { type: "custom", name: "apply_patch", description: "Changes files.", format: { type: "grammar", syntax: "lark", definition: 'start: "patch"' } };

async function streamed(url: string, body: object): Promise<JudgedResponse> {
  const response = await postJson(`${url}/v1/responses`, { model: "sonnet", stream: true, ...body });
  assert.equal(response.status, 200, response.headers.get("content-type")?.startsWith("application/json") === true ? await response.clone().text() : "");
  return judgeResponseStream(await readBytes(response));
}

/** Role and text of each message that went upstream, calls and results by their names and texts. */
function saidUpstream(body: StubRequestBody): string[] {
  return conversationOf(body).map(({ role, content }) => `${role}: ${typeof content === "string" ? content : content.map((block) => {
    switch (block.type) {
      case "tool_use": return `call ${String(block["name"])} ${JSON.stringify(block["input"])}`;
      case "tool_result": return `result ${typeof block["content"] === "string" ? block["content"] : textOf(block["content"] as never)}`;
      default: return block.text ?? block.type;
    }
  }).join(" + ")}`);
}

for (const version of sampledClaudeVersions()) {
  describe(`the Responses API on claude ${version}`, { concurrency: 2 }, () => {
    it("thoughts, then words, as the events that OpenAI sends; the response is the same whole, and again when it is asked for", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge, client } = await startServer();
      stub.respond = () => textAnswer(["Good ", "mörning\u2028, \"😀\"\n"], { thinking: ["hm “", "é”"], usage });
      const { response, items, deltas } = await streamed(bridge.url, { instructions: "Be terse.", input: "Say hello.", reasoning: { effort: "high", summary: "auto" } });
      assert.deepEqual(items.map(({ type, text }) => [type, text]), [["reasoning", "hm “é”"], ["message", "Good mörning\u2028, \"😀\"\n"]]);
      assert.equal(deltas, 4, "an event for each delta of the CLI's");
      assert.equal(response.status, "completed");
      assert.deepEqual(response.usage, { input_tokens: 25, input_tokens_details: { cached_tokens: 4, cache_write_tokens: 1 }, output_tokens: 7, output_tokens_details: { reasoning_tokens: response.usage.output_tokens_details.reasoning_tokens }, total_tokens: 32 });
      const [request] = stub.requests;
      assert.ok(request !== undefined);
      assert.deepEqual(saidUpstream(request.body), ["user: Say hello."]);
      assert.ok(textOf(request.body.system as never).includes("Be terse."));

      assert.deepEqual(await (await fetch(`${bridge.url}/v1/responses/${response.id}`)).json(), response);
      const whole = await client.responses.create({ model: "sonnet", instructions: "Be terse.", input: "Say hello." });
      assert.equal(whole.output_text, "Good mörning\u2028, \"😀\"\n");
      const shape = (value: object): string[] => Object.keys(value).filter((key) => key !== "output_text").sort();
      assert.deepEqual(shape(whole), shape(response));
    });

    it("a call's result sent after previous_response_id goes to the process that waits for it, and one more request goes up", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge, client } = await startServer();
      stub.respond = ({ body }) => (saidUpstream(body).at(-1)?.startsWith("user: result ") === true
        ? textAnswer(["It rains."]) : toolUseAnswer([{ name: "get_weather", input: { city: "Zürich" }, fragments: ['{"city": "Zür', 'ich"}'] }], { textBefore: "Let me look." }));
      const { response, items } = await streamed(bridge.url, { input: "How is it?", tools: [weather] });
      assert.deepEqual(items.map(({ type, text }) => [type, text]), [["message", "Let me look."], ["function_call", '{"city": "Zürich"}']]);
      const call = items[1]?.item;
      assert.equal(call.name, "get_weather");
      const pids = claudesOf(bridge);
      const after = await client.responses.create({ model: "sonnet", previous_response_id: response.id, tools: [weather], input: [{ type: "function_call_output", call_id: call.call_id, output: "Rain & 12°" }] });
      assert.deepEqual([after.output_text, after.previous_response_id, stub.requests.length], ["It rains.", response.id, 2]);
      assert.deepEqual(claudesOf(bridge), pids, "the same process");
      assert.equal((await healthOf(bridge.url)).turns.went_on, 1);
      const said = ["user: How is it?", 'assistant: Let me look. + call get_weather {"city":"Zürich"}', "user: result Rain & 12°"];
      assert.deepEqual(saidUpstream(stub.requests[1]?.body ?? assert.fail()), said);

      const third = await streamed(bridge.url, { previous_response_id: after.id, tools: [weather], input: "And tomorrow?" });
      assert.equal(third.response.status, "completed");
      assert.deepEqual(claudesOf(bridge), pids, "still the same");
      assert.deepEqual(saidUpstream(stub.requests[2]?.body ?? assert.fail()), [...said, "assistant: It rains.", "user: And tomorrow?"]);
    });

    it("the whole history, and the history by reference, go on in the same process too; with store off nothing can be referred to", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge } = await startServer();
      stub.respond = (_request, index) => textAnswer([`answer ${index}`], { thinking: ["hm"] });
      const input: object[] = [{ role: "user", content: [{ type: "input_text", text: "one" }] }];
      const first = await streamed(bridge.url, { input });
      const references = first.items.map(({ item }) => ({ type: "item_reference", id: item.id }));
      const second = await streamed(bridge.url, { input: [...input, ...references, { role: "user", content: "two" }], store: false });
      const whole = [...input, ...first.response.output, { role: "user", content: "two" }, ...second.response.output, { role: "user", content: "three" }];
      await streamed(bridge.url, { input: whole, store: false });
      assert.deepEqual(saidUpstream(stub.requests[2]?.body ?? assert.fail()), ["user: one", "assistant: thinking + answer 0", "user: two", "assistant: thinking + answer 1", "user: three"]);
      assert.equal((await healthOf(bridge.url)).turns.went_on, 2);

      const lost = second.items.at(-1)?.item.id;
      const refused = await openAiErrorIn(await postJson(`${bridge.url}/v1/responses`, { input: [{ id: lost }, { role: "user", content: "x" }] }));
      assert.deepEqual([refused.status, refused.param], [400, "input[0].id"]);
      const gone = await openAiErrorIn(await postJson(`${bridge.url}/v1/responses`, { previous_response_id: second.response.id, input: "x" }));
      assert.deepEqual([gone.status, gone.code, gone.param], [400, "previous_response_not_found", "previous_response_id"]);
      assert.equal(stub.requests.length, 3);
    });

    it("a custom tool's text comes as text, and goes back as it was", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge } = await startServer();
      const text = "*** Begin Patch\n+é \"x\"\\\n*** End";
      const json = JSON.stringify({ input: text });
      stub.respond = ({ body }) => (saidUpstream(body).at(-1)?.startsWith("user: result ") === true
        ? textAnswer(["Done."]) : toolUseAnswer([{ name: "apply_patch", input: { input: text }, fragments: [json.slice(0, 20), json.slice(20)] }]));
      const input: object[] = [{ role: "user", content: "patch it" }];
      const { items } = await streamed(bridge.url, { input, tools: [patch, { type: "web_search" }], store: false });
      assert.deepEqual(items.map(({ type, text: got }) => [type, got]), [["custom_tool_call", text]]);
      const tools = stub.requests[0]?.body.tools ?? [];
      assert.deepEqual(tools.map(({ name }) => name), ["apply_patch"]);
      assert.match(String((tools[0] as { description?: unknown } | undefined)?.description), /^Changes files\.\n\nThe input must match this lark grammar:\nstart: "patch"$/u);
      input.push(items[0]?.item, { type: "custom_tool_call_output", call_id: items[0]?.item.call_id, output: "ok" });
      const after = await streamed(bridge.url, { input, tools: [patch], store: false });
      assert.deepEqual(after.items.map(({ type, text: got }) => [type, got]), [["message", "Done."]]);
      assert.equal((await healthOf(bridge.url)).turns.went_on, 1);
      assert.deepEqual(saidUpstream(stub.requests[1]?.body ?? assert.fail()).at(1), `assistant: call apply_patch ${json}`);
    });

    it("a tool in a namespace is called by both its names, and its result goes to the process that waits", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge } = await startServer();
      stub.respond = ({ body }) => (saidUpstream(body).at(-1)?.startsWith("user: result ") === true
        ? textAnswer(["Three."]) : toolUseAnswer([{ name: "mcp__calc_add", input: { a: 1, b: 2 } }]));
      const tools = [{ type: "namespace", name: "mcp__calc", description: "Counts.", tools: [{ ...weather, name: "add" }] }];
      const input: object[] = [{ role: "user", content: "1 + 2" }];
      const { items } = await streamed(bridge.url, { input, tools, store: false });
      assert.deepEqual(items.map(({ item }) => [item.type, item.namespace, item.name]), [["function_call", "mcp__calc", "add"]]);
      assert.deepEqual(stub.requests[0]?.body.tools?.map(({ name }) => name), ["mcp__calc_add"]);
      input.push(items[0]?.item, { type: "function_call_output", call_id: items[0]?.item.call_id, output: "3" });
      const after = await streamed(bridge.url, { input, tools, store: false });
      assert.deepEqual(after.items.map(({ text }) => text), ["Three."]);
      assert.equal((await healthOf(bridge.url)).turns.went_on, 1);
    });

    it("a document that was asked for by its schema is the message's whole text", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge } = await startServer();
      const document = { city: "Basel", degrees: 12 };
      stub.respond = () => textAnswer(['{"city":"Basel",', '"degrees":12}']);
      const schema = { type: "object", properties: { city: { type: "string" }, degrees: { type: "integer" } }, required: ["city", "degrees"], additionalProperties: false };
      const { items } = await streamed(bridge.url, { input: "Weather?", text: { format: { type: "json_schema", name: "weather", strict: true, schema } } });
      assert.deepEqual(items.map(({ type, text }) => [type, JSON.parse(text)]), [["message", document]]);
      assert.deepEqual(stub.requests.map(({ body }) => [formatOf(body), body.tools?.length ?? 0]), [[schema, 0]]);
    });

    it("an answer that the bound on tokens cut is incomplete; one that failed is an error before its head and a failed response after it", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge } = await startServer();
      const resetsAt = Math.floor(Date.now() / 1000) + 3_600;
      stub.respond = ({ body }) => {
        switch (saidUpstream(body).at(-1)) {
          case "user: long": return textAnswer(["to be ", "conti"], { stopReason: "max_tokens" });
          case "user: busy": return errorAnswer(429, "rate_limit_error", "slow down", { "retry-after": "7" });
          case "user: used up": return errorAnswer(429, "rate_limit_error", "This request would exceed your account's rate limit.", subscriptionHeaders({ status: "rejected", utilization: 1, resetsAt }));
          case "user: too long": return errorAnswer(400, "invalid_request_error", "prompt is too long: 300000 tokens > 200000 maximum");
          default: return midStreamErrorAnswer(["Half an "], "overloaded_error", "Overloaded");
        }
      };
      const { response } = await streamed(bridge.url, { input: "long", max_output_tokens: 2_000 });
      assert.deepEqual([response.status, response.incomplete_details, response.max_output_tokens], ["incomplete", { reason: "max_output_tokens" }, 2_000]);
      const busy = await openAiErrorIn(await postJson(`${bridge.url}/v1/responses`, { input: "busy", stream: true }));
      assert.deepEqual([busy.status, busy.type], [429, "rate_limit_error"]);
      const usedUp = await (await postJson(`${bridge.url}/v1/responses`, { input: "used up", stream: true })).json() as { error: { type: string; resets_at: number } };
      assert.equal(usedUp.error.type, "usage_limit_reached", "by which Codex stops");
      assert.ok(Math.abs(usedUp.error.resets_at - resetsAt) <= 2, `${usedUp.error.resets_at}`);
      const tooLong = await openAiErrorIn(await postJson(`${bridge.url}/v1/responses`, { input: "too long" }));
      assert.deepEqual([tooLong.status, tooLong.code, tooLong.param], [400, "context_length_exceeded", "input"]);
      const broken = await streamed(bridge.url, { input: "break" });
      assert.deepEqual([broken.response.status, broken.response.output], ["failed", []]);
      assert.equal((await fetch(`${bridge.url}/v1/responses/${broken.response.id}`)).status, 404, "what failed is not kept");
    });
  });
}

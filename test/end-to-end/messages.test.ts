/** `POST /v1/messages` through the whole server, on made-up CLIs. */
import assert from "node:assert/strict";
import { describe, it, test, type TestContext } from "node:test";
import { startEmbedded, startEmbeddedWith } from "../support/embedded-server.ts";
import { anthropicErrorIn, judgeMessageStream } from "../support/messages-wire.ts";
import { oddMessagesRequests } from "../support/odd-messages-requests.ts";
import { startPuppeteer } from "../support/puppeteer.ts";
import { startRememberingClaude } from "../support/remembering-claude.ts";
import type { View } from "../support/remembered-told.ts";
import { chatRequest, postJson, readBytes } from "../support/sse.ts";

const ask = (content: unknown, more: object = {}): object => ({ model: "opus", max_tokens: 4_096, messages: [{ role: "user", content }], ...more });
const post = (url: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> => postJson(`${url}/v1/messages`, body, { headers });
const streamOf = async (response: Response): Promise<ReturnType<typeof judgeMessageStream>> => {
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/u);
  return judgeMessageStream(await readBytes(response));
};

/** What the API streams, as its documentation has it: thinking, a search, text with a source. */
const search = { type: "server_tool_use", id: "srvtoolu_1", name: "web_search" };
const found = { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [{ type: "web_search_result", url: "https://example.com", title: "é", encrypted_content: "Eq" }] };
const blocks: readonly (readonly [start: object, ...deltas: object[]])[] = [
  [{ type: "thinking", thinking: "", signature: "" }, { type: "thinking_delta", thinking: "Let me" }, { type: "thinking_delta", thinking: " see: “é”" }, { type: "signature_delta", signature: "EqQBCg+/=" }],
  [{ type: "redacted_thinking", data: "EmwKAhgB" }],
  [{ ...search, input: {} }, { type: "input_json_delta", partial_json: "{\"query\":" }, { type: "input_json_delta", partial_json: " \"rain\"}" }],
  [found],
  [{ type: "text", text: "" }, { type: "citations_delta", citation: { type: "web_search_result_location", url: "https://example.com", cited_text: "é" } }, { type: "text_delta", text: "It rains\n\"😀\"" }, { type: "text_delta", text: "." }],
];
const usage = {
  input_tokens: 25, cache_creation_input_tokens: 5, cache_read_input_tokens: 7, cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 5 }, output_tokens: 1, service_tier: "standard",
};
const upstream: readonly object[] = [
  { type: "message_start", message: { id: "msg_01XFDUDYJgAACzvnptvVoYEL", type: "message", role: "assistant", model: "claude-fake-1", content: [], container: null, stop_reason: null, stop_sequence: null, stop_details: null, usage } },
  ...blocks.flatMap(([content_block, ...deltas], index) => [
    { type: "content_block_start", index, content_block }, ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })), { type: "content_block_stop", index },
  ]),
  {
    type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null },
    usage: { input_tokens: 25, cache_creation_input_tokens: 5, cache_read_input_tokens: 7, output_tokens: 89, server_tool_use: { web_search_requests: 1 } },
  },
  { type: "message_stop" },
];

const lineOf = (event: object): string => `${JSON.stringify({ type: "stream_event", event, session_id: "fake", parent_tool_use_id: null })}\n`;
const lastLine = `${JSON.stringify({ type: "result", subtype: "success", is_error: false, num_turns: 1, result: "" })}\n`;

/** What is answered where the API says this. */
async function played(t: TestContext, more: object, events: readonly object[]): Promise<Response> {
  const { url } = await startEmbeddedWith(t, "puppet");
  const puppeteer = await startPuppeteer(t);
  const asking = post(url, ask(puppeteer.prompt(), more));
  (await puppeteer.next()).raw(events.map(lineOf).join("") + lastLine);
  return await asking;
}

describe("an answer's stream", () => {
  it("is event by event the API's own: the same types in the same order, with the same indexes and fields", async (t) => {
    const response = await played(t, { stream: true }, upstream);
    const { events, message } = await streamOf(response);
    assert.deepEqual(events, upstream);
    assert.equal(message.usage.output_tokens, 89);
    assert.equal(response.headers.get("request-id"), response.headers.get("x-request-id"));
  });

  it("is what its whole answer has, in one message", async (t) => {
    const streamed = await streamOf(await played(t, { stream: true }, upstream));
    const whole = await played(t, {}, upstream);
    assert.match(whole.headers.get("request-id") ?? "", /^req_/u);
    assert.deepEqual(await whole.json(), streamed.message);
  });

  it("has pings in a silence, before its first event too", async (t) => {
    const { url } = await startEmbeddedWith(t, "puppet", { heartbeatSeconds: 0.02, headWaitSeconds: 0.02 });
    const puppeteer = await startPuppeteer(t);
    const asking = post(url, ask(puppeteer.prompt(), { stream: true }));
    const puppet = await puppeteer.next();
    const reader = (await asking).body?.getReader() ?? assert.fail();
    let read = Buffer.alloc(0);
    const pings = (): number => read.toString().split("event: ping").length - 1;
    const until = async (isEnough: () => boolean): Promise<void> => {
      while (!isEnough()) {
        const { value, done } = await reader.read();
        if (done) return;
        read = Buffer.concat([read, value]);
      }
    };
    await until(() => pings() >= 3);
    assert.match(read.toString(), /^(?:event: ping\ndata: \{"type":"ping"\}\n\n)+$/u);
    puppet.raw(upstream.slice(0, 3).map(lineOf).join(""));
    await until(() => read.includes("Let me"));
    const before = pings();
    await until(() => pings() >= before + 2);
    puppet.raw([{ type: "content_block_stop", index: 0 }, ...upstream.slice(-2)].map(lineOf).join("") + lastLine);
    await until(() => false);
    const judged = judgeMessageStream(read);
    assert.ok(judged.pings >= 5, `${judged.pings}`);
    assert.deepEqual(judged.message.content, [{ type: "thinking", thinking: "Let me", signature: "" }]);
  });

  it("of a turn that fails keeps its status before the first delta, and ends in an error event behind it", async (t) => {
    const early = await anthropicErrorIn(await post((await startEmbeddedWith(t, "refuses-initialize")).url, ask("hi", { stream: true })));
    assert.deepEqual([early.status, early.type], [500, "api_error"]);
    const late = await streamOf(await post((await startEmbeddedWith(t, "dies-midway")).url, ask("hi", { stream: true })));
    assert.equal(late.failure, "api_error");
  });
});

test("what is wrong with a request is told in Anthropic's form, by the field's name, and the next one is answered", async (t) => {
  const { url, logLines } = await startEmbeddedWith(t, "answers");
  for (const [what, body, field] of oddMessagesRequests) {
    const { status, type, message } = await anthropicErrorIn(await post(url, body));
    assert.deepEqual([status, type, message.slice(0, field.length)], [400, "invalid_request_error", field], what);
  }
  for (const [body, words] of [["{", /^body: |JSON/u], [`{"messages":${"[".repeat(50_000)}${"]".repeat(50_000)}}`, /nested/u]] as const) {
    const error = await anthropicErrorIn(await post(url, body));
    assert.deepEqual([error.status, error.type], [400, "invalid_request_error"]);
    assert.match(error.message, words);
  }
  const unknown = await anthropicErrorIn(await post(url, ask("hi", { model: "gpt-4o" })));
  assert.deepEqual([unknown.status, unknown.type], [404, "not_found_error"]);
  assert.match(unknown.message, /^model: /u);
  const wrongMethod = await fetch(`${url}/v1/messages`);
  assert.deepEqual([wrongMethod.status, wrongMethod.headers.get("allow")], [405, "POST, OPTIONS"]);
  await anthropicErrorIn(wrongMethod);
  const odd = { metadata: { user_id: "u" }, service_tier: "auto", context_management: { edits: [] }, whatever: 1, stop_sequences: null, tools: [], tool_choice: null };
  const answer = await post(url, ask([{ type: "text", text: "WORDS 2", cache_control: { type: "ephemeral" } }], odd), { "anthropic-version": "2023-06-01", "anthropic-beta": "a,b" });
  const { content, stop_reason, model } = await answer.json() as any;
  assert.deepEqual([answer.status, content, stop_reason, model], [200, [{ type: "text", text: "w0 w1 " }], "end_turn", "claude-fake-1"]);
  assert.deepEqual(logLines.filter((line) => / (error|warn) /.test(line)), [], "nothing of it is a fault of the server");
});

test("a key is taken as x-api-key and as a Bearer, and a wrong one refused in Anthropic's form; a page may read the request's id", async (t) => {
  const { url } = await startEmbeddedWith(t, "answers", { apiKey: "secret-of-the-test" });
  for (const headers of [{ "x-api-key": "secret-of-the-test" }, { authorization: "Bearer secret-of-the-test" }] as const) {
    const response = await post(url, ask("WORDS 1"), { ...headers, origin: "https://example.com" });
    assert.deepEqual([response.status, response.headers.get("access-control-expose-headers")?.split(", ").includes("request-id")], [200, true]);
    await response.text();
  }
  for (const headers of [{}, { "x-api-key": "wrong" }]) {
    const { status, type } = await anthropicErrorIn(await post(url, ask("WORDS 1"), headers));
    assert.deepEqual([status, type], [401, "authentication_error"]);
  }
  const preflight = await fetch(`${url}/v1/messages`, {
    method: "OPTIONS", headers: { origin: "https://example.com", "access-control-request-method": "POST", "access-control-request-headers": "x-api-key, anthropic-version, anthropic-dangerous-direct-browser-access" },
  });
  for (const name of ["x-api-key", "anthropic-version", "anthropic-dangerous-direct-browser-access"]) assert.ok(preflight.headers.get("access-control-allow-headers")?.split(", ").includes(name), name);
});

describe("whether the model thinks", () => {
  it("is what the request says; where it says nothing, what an alias says, and else it does not", async (t) => {
    const claude = await startRememberingClaude(t, 3);
    const views: View[] = [];
    claude.onTurn = (view) => void views.push({ ...view, told: structuredClone(view.told) });
    const aliases = [{ name: "deep", model: "opus", thinking: { type: "enabled", budgetTokens: 3_000 } as const }];
    const { url } = await startEmbedded(t, { claude: claude.path, passEnv: Object.keys(claude.environment), aliases }, claude.environment);
    const toldTo = async (more: object): Promise<readonly unknown[]> => {
      assert.equal((await post(url, ask(`question ${views.length}`, more))).status, 200);
      const { isThinkingOff, thinkingTokens } = views.at(-1)?.told.settings ?? assert.fail();
      return [isThinkingOff, thinkingTokens];
    };
    assert.deepEqual(await toldTo({}), [true, 0]);
    assert.deepEqual(await toldTo({ thinking: { type: "adaptive" } }), [false, null]);
    assert.deepEqual(await toldTo({ thinking: { type: "enabled", budget_tokens: 2_048 } }), [false, 2_048]);
    assert.deepEqual(await toldTo({ model: "deep" }), [false, 3_000]);
    assert.deepEqual(await toldTo({ model: "deep", thinking: { type: "disabled" } }), [true, 0]);
    assert.deepEqual(claude.violations, []);
  });
});

describe("a conversation that chat has begun", () => {
  it("goes on by messages on the same process", async (t) => {
    const claude = await startRememberingClaude(t, 5);
    const { url } = await startEmbedded(t, { claude: claude.path, passEnv: Object.keys(claude.environment) }, claude.environment);
    const chat = await (await chatRequest(url, { model: "opus", messages: [{ role: "system", content: "Be brief." }, { role: "user", content: "one" }] })).json() as any;
    const said = chat.choices[0].message.content;
    const messages = [{ role: "user", content: "one" }, { role: "assistant", content: [{ type: "text", text: said }] }, { role: "user", content: [{ type: "text", text: "two" }] }];
    assert.equal((await post(url, { model: "opus", max_tokens: 100, system: [{ type: "text", text: "Be brief." }], messages })).status, 200);
    assert.deepEqual([claude.counts.turns, claude.counts.processes - 1, claude.violations], [2, 1, []], "one process was asked what the CLI can do");
  });
});

for (const stream of [false, true]) {
  test(`a spent window is told in the headers by which Claude Code says when it ends, ${stream ? "streamed" : "in one piece"}`, async (t) => {
    const { url } = await startEmbeddedWith(t, "limit-reached");
    const resetsAt = Math.floor(Date.now() / 1000) + 3_600;
    const response = await post(url, ask(`until ${resetsAt}`, { stream }));
    const told = ["status", "reset", "representative-claim"].map((name) => response.headers.get(`anthropic-ratelimit-unified-${name}`));
    assert.deepEqual(told, ["rejected", String(resetsAt), "five_hour"]);
    assert.deepEqual([(await anthropicErrorIn(response)).status, response.headers.get("x-should-retry")], [429, "false"]);
  });
}

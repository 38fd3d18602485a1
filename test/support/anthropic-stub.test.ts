import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import {
  brokenAnswer, errorAnswer, extraUsageSpentAnswer, hangingAnswer, lastUserText, longContextAnswer, midStreamErrorAnswer, stallAnswer, startAnthropicStub, subscriptionHeaders,
  textAnswer, textOf, toolUseAnswer, type AnthropicStubOptions, type StubAnswer,
} from "./anthropic-stub.ts";
import { readSse } from "./sse.ts";

const question = { model: "claude-test", max_tokens: 100, stream: true, messages: [{ role: "user", content: "hello N=2" }] };

async function open(t: TestContext, options: AnthropicStubOptions = {}) {
  const stub = await startAnthropicStub(options);
  t.after(() => stub.close());
  const post = (body: unknown = question, signal: AbortSignal | null = null) =>
    fetch(`${stub.url}/v1/messages?beta=true`, { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body), signal });
  return { stub, post, answerWith: (answer: StubAnswer) => { stub.respond = () => answer; } };
}

async function events(response: Response): Promise<any[]> {
  const all = [];
  for await (const { data } of readSse(response)) all.push(JSON.parse(data));
  return all;
}

test("the default answer streams as many words as were asked for", async (t) => {
  const { stub, post } = await open(t);
  const response = await post();
  assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
  const all = await events(response);
  assert.deepEqual(all.map(({ type }) => type), ["message_start", "ping", "content_block_start", "content_block_delta", "content_block_delta", "content_block_stop", "message_delta", "message_stop"]);
  assert.deepEqual(all.filter(({ type }) => type === "content_block_delta").map(({ delta }) => delta.text), ["w0 ", "w1 "]);
  assert.equal(all[0].message.model, "claude-test");
  assert.equal(stub.requests[0]?.path, "/v1/messages?beta=true");
  assert.equal(stub.requests[0]?.bodyBytes, JSON.stringify(question).length);
  assert.deepEqual(stub.refusals, []);
});

test("the same answer comes as one message without stream", async (t) => {
  const { post, answerWith } = await open(t);
  answerWith(textAnswer(["a", "b"], { thinking: ["h", "m"], usage: { cache_read_input_tokens: 7 }, stopReason: "max_tokens", model: "other", headers: { "x-more": "1" } }));
  const response = await post({ ...question, stream: false });
  assert.equal(response.headers.get("x-more"), "1");
  const message: any = await response.json();
  assert.equal(message.model, "other");
  assert.deepEqual(message.content.map(({ type, text, thinking }: any) => [type, text ?? thinking]), [["thinking", "hm"], ["text", "ab"]]);
  assert.equal(message.stop_reason, "max_tokens");
  assert.deepEqual(message.usage, { input_tokens: 10, cache_creation_input_tokens: 0, cache_read_input_tokens: 7, output_tokens: 4 });
});

test("tool calls stream their input in the given fragments, each with its own id", async (t) => {
  const { post, answerWith } = await open(t);
  answerWith(toolUseAnswer([{ name: "look", input: { a: 1 }, fragments: ['{"a"', ":1}"] }, { id: "toolu_x", name: "see", input: {} }], { textBefore: "so" }));
  const all = await events(await post());
  const starts = all.filter(({ type }) => type === "content_block_start").map(({ content_block }) => content_block);
  assert.deepEqual(starts, [{ type: "text", text: "" }, { type: "tool_use", id: "toolu_msg_stub_0_1", name: "look", input: {} }, { type: "tool_use", id: "toolu_x", name: "see", input: {} }]);
  assert.deepEqual(all.flatMap(({ delta }) => delta?.partial_json ?? []), ['{"a"', ":1}", "{}"]);
  assert.equal(all.at(-2).delta.stop_reason, "tool_use");
});

test("thinking streams before the text and is signed", async (t) => {
  const { post, answerWith } = await open(t);
  answerWith(textAnswer(["b"], { thinking: ["a"] }));
  const deltas = (await events(await post())).flatMap(({ delta }) => delta?.type ?? []);
  assert.deepEqual(deltas, ["thinking_delta", "signature_delta", "text_delta"]);
});

test("errors carry their status and headers", async (t) => {
  const { post, answerWith } = await open(t);
  answerWith(errorAnswer(429, "rate_limit_error", "slow down", { "retry-after": "3", ...subscriptionHeaders({ status: "rejected", utilization: 1, resetsAt: 1_900_000_000, other: { utilization: 0.5, resetsAt: 1_900_000_100 } }) }));
  const response = await post();
  assert.equal(response.status, 429);
  assert.deepEqual(await response.json(), { type: "error", error: { type: "rate_limit_error", message: "slow down" } });
  const limits = Object.fromEntries([...response.headers].filter(([name]) => name.startsWith("anthropic-ratelimit-unified")));
  assert.deepEqual(limits, {
    "anthropic-ratelimit-unified-status": "rejected", "anthropic-ratelimit-unified-reset": "1900000000", "anthropic-ratelimit-unified-representative-claim": "five_hour",
    "anthropic-ratelimit-unified-5h-status": "rejected", "anthropic-ratelimit-unified-5h-utilization": "1", "anthropic-ratelimit-unified-5h-reset": "1900000000",
    "anthropic-ratelimit-unified-7d-status": "allowed", "anthropic-ratelimit-unified-7d-utilization": "0.5", "anthropic-ratelimit-unified-7d-reset": "1900000100",
  });
});

test("what the plan does not have is refused with the windows open, and is no breach of a rule", async (t) => {
  const { stub, post, answerWith } = await open(t);
  for (const [answer, status, type, words] of [
    [longContextAnswer(), 429, "rate_limit_error", /^Extra usage is required for long context requests/],
    [extraUsageSpentAnswer(), 400, "invalid_request_error", /^You are out of extra usage/],
  ] as const) {
    answerWith(answer);
    const response = await post();
    assert.equal(response.status, status);
    const { error } = await response.json() as { error: { type: string; message: string } };
    assert.equal(error.type, type);
    assert.match(error.message, words);
    assert.equal(response.headers.get("anthropic-ratelimit-unified-status"), "allowed");
    assert.equal(response.headers.get("retry-after"), null);
  }
  assert.deepEqual(stub.refusals, []);
});

test("a broken answer ends its connection after the deltas", async (t) => {
  const { stub, post, answerWith } = await open(t);
  answerWith(brokenAnswer(["a", "b"]));
  const response = await post();
  const seen: string[] = [];
  await assert.rejects(async () => { for await (const { data } of readSse(response)) seen.push(JSON.parse(data).type); });
  assert.deepEqual(seen.slice(-2), ["content_block_delta", "content_block_delta"]);
  await stub.requests[0]?.closed;
  await assert.rejects(post({ ...question, stream: false }));
});

test("an error in mid-stream is an error event after the deltas", async (t) => {
  const { post, answerWith } = await open(t);
  answerWith(midStreamErrorAnswer(["a"], "overloaded_error", "Overloaded"));
  const all = await events(await post());
  assert.deepEqual(all.at(-1), { type: "error", error: { type: "overloaded_error", message: "Overloaded" } });
  assert.equal(all.at(-2).type, "content_block_delta");
  assert.equal((await post({ ...question, stream: false })).status, 500);
});

test("a stalled answer stays open until the client goes, which is seen", async (t) => {
  const { stub, post, answerWith } = await open(t);
  answerWith(stallAnswer(["a"]));
  const leaving = new AbortController();
  const response = await post(question, leaving.signal);
  for await (const { data } of readSse(response)) if (JSON.parse(data).type === "content_block_delta") break;
  assert.equal(stub.requests[0]?.isClosed, false);
  leaving.abort();
  await stub.requests[0]?.closed;
  assert.equal(stub.requests[0]?.isAborted, true);
});

test("a paced answer stops when the client goes", async (t) => {
  const { stub, post, answerWith } = await open(t);
  answerWith(textAnswer(Array.from({ length: 1_000_000 }, () => "x"), { everyMs: 1 }));
  const leaving = new AbortController();
  const response = await post(question, leaving.signal);
  for await (const { data } of readSse(response)) if (JSON.parse(data).type === "content_block_delta") break;
  leaving.abort();
  await stub.requests[0]?.closed;
  assert.equal(stub.requests[0]?.isAborted, true);
});

test("a hanging answer is ended by close, and waiting for requests sees it first", async (t) => {
  const { stub, post, answerWith } = await open(t);
  answerWith(hangingAnswer());
  const pending = assert.rejects(post());
  const [request] = await stub.waitForRequests(1);
  assert.equal(request?.isClosed, false);
  await stub.close();
  await pending;
});

test("waiting for requests that do not come ends with how many came", async (t) => {
  const { stub, post } = await open(t);
  await (await post()).text();
  await assert.rejects(stub.waitForRequests(2, 1), /1 of 2 requests came within 1 ms/);
});

test("what the real API refuses is refused and kept", async (t) => {
  const { stub, post } = await open(t, { limits: { promptTokensMax: 50 } });
  const empty = await post({ ...question, messages: [{ role: "user", content: "" }] });
  assert.equal(empty.status, 400);
  assert.deepEqual(await empty.json(), { type: "error", error: { type: "invalid_request_error", message: "messages: text content blocks must be non-empty" } });
  const long = await post({ ...question, messages: [{ role: "user", content: "x".repeat(1_000) }] });
  assert.match(await long.text(), /prompt is too long: \d+ tokens > 50 maximum/);
  assert.equal((await post("{")).status, 400);
  assert.deepEqual(stub.refusals.map(({ request }) => request.index), [0, 1, 2]);
  assert.equal(stub.requests.length, 3);
});

test("a responder may answer by the request and later; one that throws answers 500", async (t) => {
  const { stub, post } = await open(t, { respond: async ({ body }, index) => textAnswer([`${index}:${lastUserText(body)}`]) });
  await (await post()).text();
  const second = await events(await post());
  assert.equal(second[3].delta.text, "1:hello N=2");
  stub.respond = () => { throw new Error("no plan"); };
  const failed = await post();
  assert.equal(failed.status, 500);
  assert.match(await failed.text(), /no plan/);
});

test("all else is answered harmlessly", async (t) => {
  const { stub } = await open(t);
  assert.equal((await fetch(stub.url, { method: "HEAD" })).status, 200);
  assert.deepEqual(await (await fetch(`${stub.url}/api/anything`, { method: "POST", body: "x" })).json(), {});
  assert.equal(stub.requests.length, 0);
});

test("the last user text is found among what the CLI adds", () => {
  const reminder = { type: "text", text: "<system-reminder>\nthe date\n</system-reminder>\n\n" };
  const blocks = [{ type: "text", text: "a" }, { type: "text", text: "b" }];
  const body = { ...question, messages: [{ role: "user", content: [reminder, ...blocks] }, { role: "system", content: "date" }, { role: "user", content: [reminder] }] };
  assert.equal(lastUserText({ ...body, messages: body.messages.slice(0, 2) }), `${reminder.text}ab`);
  assert.equal(lastUserText({ ...body, messages: [] }), "");
  assert.equal(textOf(undefined), "");
});

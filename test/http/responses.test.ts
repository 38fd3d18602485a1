import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { startEmbedded, startEmbeddedWith } from "../support/embedded-server.ts";
import { healthOf } from "../support/health.ts";
import { openAiErrorIn } from "../support/openai-error.ts";
import { startPuppeteer } from "../support/puppeteer.ts";
import { type JudgedResponse, judgeResponseStream } from "../support/responses-wire.ts";
import { postJson, readBytes } from "../support/sse.ts";

const post = (url: string, body: object): Promise<Response> => postJson(`${url}/v1/responses`, { model: "opus", ...body });
const stored = (url: string, id: string, method = "GET"): Promise<Response> => fetch(`${url}/v1/responses/${id}`, { method });

async function whole(url: string, body: object): Promise<any> {
  const response = await post(url, body);
  assert.equal(response.status, 200, await response.clone().text());
  return await response.json();
}

async function streamed(url: string, body: object): Promise<JudgedResponse> {
  const response = await post(url, { ...body, stream: true });
  assert.equal(response.status, 200);
  return judgeResponseStream(await readBytes(response));
}

/** The type and text of each item. */
const said = (response: any): unknown[] => response.output.map((item: any) => [item.type, (item.content ?? item.summary)?.map(({ text }: any) => text).join("") ?? item.arguments ?? item.input]);

describe("a response", () => {
  it("in one piece has OpenAI's form, and repeats its request", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    const answer = await post(url, { input: "WORDS 2 THINK ODD", instructions: "Be brief.", temperature: 0.5, metadata: { a: "é" } });
    assert.deepEqual([answer.status, answer.headers.get("content-type"), answer.headers.get("x-claude-model")], [200, "application/json; charset=utf-8", "claude-fake-1"]);
    const { id, created_at, output, ...rest } = await answer.json() as any;
    assert.match(id, /^resp_[\w-]{24}$/u);
    assert.ok(Math.abs(created_at - Date.now() / 1000) < 60, "seconds, not milliseconds");
    assert.deepEqual(said({ output }), [["reasoning", "hm “\n”"], ["message", 'é"\\\n😀 w1 ']]);
    assert.deepEqual(output.map(({ status }: any) => status), ["completed", "completed"]);
    assert.deepEqual(rest, {
      object: "response", status: "completed", background: false, error: null, incomplete_details: null, instructions: "Be brief.", max_output_tokens: null, max_tool_calls: null, metadata: { a: "é" },
      model: "opus", parallel_tool_calls: true, previous_response_id: null, prompt_cache_key: null, reasoning: { effort: null, summary: null }, safety_identifier: null, service_tier: "default",
      access_programs: null, store: true, temperature: 0.5, text: { format: { type: "text" }, verbosity: "medium" }, tool_choice: "auto", tools: [], top_logprobs: 0, top_p: 1, truncation: "disabled",
      usage: { input_tokens: 15, input_tokens_details: { cached_tokens: 3, cache_write_tokens: 2 }, output_tokens: 2, output_tokens_details: rest.usage.output_tokens_details, total_tokens: 17 },
    });
  });

  it("streamed is the same, event by event", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    const answer = await post(url, { input: "WORDS 3 THINK ODD", stream: true });
    assert.deepEqual([answer.status, answer.headers.get("content-type"), answer.headers.get("x-claude-model")], [200, "text/event-stream; charset=utf-8", "claude-fake-1"]);
    const { response, deltas } = judgeResponseStream(await readBytes(answer));
    assert.equal(deltas, 4, "an event a delta");
    const { id: _id, created_at: _created, output, usage, ...rest } = response;
    const inOnePiece = await whole(url, { input: "WORDS 3 THINK ODD" });
    assert.deepEqual(said({ output }), said(inOnePiece));
    const { id: _otherId, created_at: _otherCreated, output: _output, usage: otherUsage, ...others } = inOnePiece;
    assert.deepEqual(rest, others);
    assert.deepEqual([usage.input_tokens, usage.output_tokens], [otherUsage.input_tokens, otherUsage.output_tokens]);
  });

  it("needs no model, and no more than its input", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers", { defaultModel: "sonnet" });
    const answer = await (await postJson(`${url}/responses`, { input: "WORDS 1" })).json() as any;
    assert.deepEqual([answer.model, said(answer)], ["sonnet", [["message", "w0 "]]]);
  });

  it("of the demo is one like any other", async (t) => {
    const { url } = await startEmbedded(t, { demo: true });
    const { response, items } = await streamed(url, { input: "Hello" });
    assert.equal(response.status, "completed");
    assert.ok(items.some(({ type, text }) => type === "message" && text !== ""));
  });

  it("that cannot be asked for is refused before its head", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    for (const stream of [true, false]) {
      for (const [body, status, param] of [[{}, 400, "input"], [{ input: "x", background: true }, 400, "background"], [{ input: "x", model: "gpt-5" }, 404, "model"]] as const) {
        const error = await openAiErrorIn(await post(url, { ...body, stream }));
        assert.deepEqual([error.status, error.param], [status, param]);
      }
    }
  });

  it("that fails before its first event has a status; after it, it ends as failed and is not kept", async (t) => {
    const { url } = await startEmbeddedWith(t, "puppet");
    const puppeteer = await startPuppeteer(t);
    for (const stream of [true, false]) {
      const answering = post(url, { input: puppeteer.prompt(), stream });
      // A process that dies before it has begun is replaced once.
      for (let deaths = 0; deaths < 2; deaths++) (await puppeteer.next()).die();
      assert.equal((await openAiErrorIn(await answering)).code, "claude_cli_failed");
    }
    const answering = post(url, { input: puppeteer.prompt(), stream: true });
    const puppet = await puppeteer.next();
    puppet.start();
    puppet.say("Half an ");
    const answer = await answering;
    process.kill(puppet.pid);
    const { response, items } = judgeResponseStream(await readBytes(answer));
    assert.deepEqual([response.status, response.error.code, items.map(({ text }) => text)], ["failed", "claude_cli_failed", ["Half an "]]);
    assert.equal((await stored(url, response.id)).status, 404);
  });

  it("that was cut by its bound is incomplete, and kept", async (t) => {
    const { url } = await startEmbeddedWith(t, "puppet");
    const puppeteer = await startPuppeteer(t);
    const answering = whole(url, { input: puppeteer.prompt() });
    const puppet = await puppeteer.next();
    puppet.start();
    puppet.say("to be conti");
    puppet.finish("max_tokens");
    const response = await answering;
    assert.deepEqual([response.status, response.incomplete_details, response.output[0].status], ["incomplete", { reason: "max_output_tokens" }, "incomplete"]);
    assert.deepEqual(await (await stored(url, response.id)).json(), response);
  });

  it("whose client has left is not kept", async (t) => {
    const { url } = await startEmbeddedWith(t, "puppet");
    const puppeteer = await startPuppeteer(t);
    const left = new AbortController();
    const answer = postJson(`${url}/v1/responses`, { model: "opus", input: puppeteer.prompt(), stream: true }, { signal: left.signal });
    const puppet = await puppeteer.next();
    puppet.start();
    puppet.say("a");
    const reader = (await answer).body?.getReader() ?? assert.fail("no body");
    const { value } = await reader.read();
    const id = /"id":"(resp_[\w-]+)"/u.exec(Buffer.from(value ?? []).toString())?.[1] ?? assert.fail("no id");
    left.abort();
    await puppet.gone;
    assert.equal((await stored(url, id)).status, 404);
  });
});

describe("a response that is kept", () => {
  it("is given again as it was, streamed or not, and to HEAD without its body", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    for (const response of [await whole(url, { input: "WORDS 2 ODD", instructions: "é" }), (await streamed(url, { input: "WORDS 2 ODD", store: true })).response]) {
      const again = await stored(url, response.id);
      assert.deepEqual([again.status, again.headers.get("content-type"), await again.json()], [200, "application/json; charset=utf-8", response]);
      const head = await stored(url, response.id, "HEAD");
      assert.deepEqual([head.status, await head.text()], [200, ""]);
      const streamedAgain = await openAiErrorIn(await stored(url, `${response.id}?stream=true`));
      assert.deepEqual([streamedAgain.status, streamedAgain.code, streamedAgain.param], [400, "unsupported_parameter", "stream"]);
      assert.equal((await stored(url, `${response.id}?stream=false`)).status, 200);
    }
  });

  it("is not when store is false, whole or streamed", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    for (const { id, store } of [await whole(url, { input: "x", store: false }), (await streamed(url, { input: "x", store: false })).response]) {
      assert.equal(store, false);
      const missing = await openAiErrorIn(await stored(url, id));
      assert.deepEqual([missing.status, missing.code, missing.param], [404, "not_found", null]);
      const error = await openAiErrorIn(await post(url, { input: "x", previous_response_id: id }));
      assert.deepEqual([error.status, error.code, error.param], [400, "previous_response_not_found", "previous_response_id"]);
    }
  });

  it("is gone once it is deleted: for GET, for DELETE, and for what would go on from it", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    const { id, output: [item] } = await whole(url, { input: "x" });
    const deleted = await stored(url, id, "DELETE");
    assert.deepEqual([deleted.status, await deleted.json()], [200, { id, object: "response", deleted: true }]);
    for (const method of ["GET", "DELETE"]) assert.equal((await openAiErrorIn(await stored(url, id, method))).status, 404, method);
    assert.equal((await openAiErrorIn(await post(url, { input: "x", previous_response_id: id }))).code, "previous_response_not_found");
    assert.equal((await openAiErrorIn(await post(url, { input: [{ id: item.id }, { role: "user", content: "x" }] }))).param, "input[0].id");
    for (const nobody of ["resp_1", "constructor", "%00", "..%2Fmodels"]) assert.equal((await openAiErrorIn(await stored(url, nobody))).status, 404, nobody);
  });

  it("answers no other methods", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    for (const [path, allow] of [["/v1/responses", "POST, OPTIONS"], ["/v1/responses/resp_1", "GET, HEAD, DELETE, OPTIONS"]] as const) {
      for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"].filter((one) => !allow.split(", ").includes(one))) {
        const response = await fetch(url + path, { method });
        assert.deepEqual([response.headers.get("allow"), (await openAiErrorIn(response)).code], [allow, "method_not_allowed"], `${method} ${path}`);
      }
    }
  });

  it("may be deleted by a page of this machine", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    const preflight = await fetch(`${url}/v1/responses/resp_1`, { method: "OPTIONS", headers: { origin: "http://localhost:5173", "access-control-request-method": "DELETE" } });
    assert.equal(preflight.status, 204);
    assert.ok(preflight.headers.get("access-control-allow-methods")?.split(", ").includes("DELETE"));
  });

  it("is nobody's without the key", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers", { apiKey: "sk-correct-horse" });
    const headers = { authorization: "Bearer sk-correct-horse" };
    const { id } = await (await postJson(`${url}/v1/responses`, { input: "x" }, { headers })).json() as any;
    for (const method of ["GET", "DELETE"]) assert.equal((await stored(url, id, method)).status, 401);
    assert.equal((await fetch(`${url}/v1/responses/${id}`, { headers })).status, 200);
  });
});

describe("a conversation goes on in its process", () => {
  const hits = async (url: string): Promise<unknown> => (await healthOf(url)).turns.went_on;

  it("by previous_response_id, by its items again, and by references to them", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    const first = await whole(url, { input: "WORDS 2 THINK" });
    const { response: second } = await streamed(url, { input: "WORDS 1", previous_response_id: first.id });
    assert.deepEqual([second.previous_response_id, await hits(url)], [first.id, 1]);
    const history = [{ role: "user", content: "WORDS 2 THINK" }, ...first.output, { role: "user", content: [{ type: "input_text", text: "WORDS 1" }] }];
    const third = await whole(url, { input: [...history, ...second.output, { role: "user", content: "WORDS 3" }], store: false });
    assert.deepEqual([said(third), await hits(url)], [[["message", "w0 w1 w2 "]], 2]);
    const references = second.output.map(({ id }: any) => ({ type: "item_reference", id }));
    await whole(url, { input: [...history, ...references, { role: "user", content: "WORDS 3" }, ...third.output, { role: "user", content: "x" }] });
    const { turns: { went_on: hit, told: others } } = await healthOf(url);
    assert.deepEqual([hit, others["first_message"], others["unknown_history"]], [3, 1, 0]);
  });

  it("but not what goes on from an earlier response, which is told anew", async (t) => {
    const { url } = await startEmbeddedWith(t, "echo-history");
    const first = await whole(url, { input: "one" });
    await whole(url, { input: "two", previous_response_id: first.id });
    const other = await whole(url, { input: "three", previous_response_id: first.id });
    const told = JSON.parse(said(other).flat()[1] as string) as any[];
    const users = told.filter(({ type }) => type === "user").map(({ message }) => message.content[0].text);
    assert.deepEqual([users, await hits(url)], [["one", "three"], 1]);
  });

  const tools = [{ type: "function", name: "look.up", parameters: { type: "object", properties: { a: { type: "number" } } } }, { type: "custom", name: "patch" }];

  it("that waits for a function's result", async (t) => {
    const { url } = await startEmbeddedWith(t, "calls-tools");
    const { response, items } = await streamed(url, { input: 'CALL look_up {"a":1}', tools });
    assert.deepEqual([response.status, items.map(({ type, text }) => [type, text])], ["completed", [["message", "one moment "], ["function_call", '{"a":1}']]]);
    const { call_id, name } = items[1]?.item;
    assert.equal(name, "look.up");
    const after = await whole(url, { tools, previous_response_id: response.id, input: [{ type: "function_call_output", call_id, output: "found" }] });
    assert.equal(await hits(url), 1);
    assert.match(JSON.stringify(said(after)), /found/u);
  });

  it("that waits for a custom tool's result", async (t) => {
    const { url } = await startEmbeddedWith(t, "calls-tools");
    const first = await whole(url, { input: 'CALL patch {"input":"*** é"}', tools });
    assert.deepEqual(said(first), [["message", "one moment "], ["custom_tool_call", "*** é"]]);
    const after = await whole(url, { tools, previous_response_id: first.id, input: [{ type: "custom_tool_call_output", call_id: first.output[1].call_id, output: "done" }] });
    assert.equal(await hits(url), 1);
    assert.match(JSON.stringify(said(after)), /done/u);
  });
});

test("a silent answer's keepalives have their numbers too", async (t) => {
  const { url } = await startEmbeddedWith(t, "puppet", { headWaitSeconds: 0.01, heartbeatSeconds: 0.02 });
  const puppeteer = await startPuppeteer(t);
  const answer = await post(url, { input: puppeteer.prompt(), stream: true });
  assert.equal(answer.headers.get("x-claude-model"), null, "nobody serves yet");
  const puppet = await puppeteer.next();
  const chunks: Uint8Array[] = [];
  let isTold = false;
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    if (isTold || !Buffer.concat(chunks).includes("event: keepalive")) continue;
    isTold = true;
    puppet.start();
    puppet.say("at last");
    puppet.finish();
  }
  const { items, keepalives } = judgeResponseStream(Buffer.concat(chunks));
  assert.ok(keepalives > 0);
  assert.deepEqual(items.map(({ text }) => text), ["at last"]);
});

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it, type TestContext } from "node:test";
import { bodyLookupRoute, type Config, lookupRoute, type Route, turnRoute } from "../../../src/index.ts";
import { importsOf } from "../../support/architecture.ts";
import { startEmbedded } from "../../support/embedded-server.ts";
import { eventLine, messageStart } from "../../support/cli-lines.ts";
import { fakeProgramPath } from "../../support/fake-claude.ts";
import { waitForHealth } from "../../support/health.ts";
import { openAiErrorIn } from "../../support/openai-error.ts";
import { startPuppeteer } from "../../support/puppeteer.ts";
import { openSocket, rawRequest, readAnswer } from "../../support/raw-http.ts";
import { chatRequest, postJson } from "../../support/sse.ts";
import { countWords, listNames, madeUpDialect } from "./dialect.ts";

const routes = [
  turnRoute("/v2/lines", madeUpDialect, { requestHeaders: ["x-lines-version"], responseHeaders: ["x-window"] }),
  bodyLookupRoute("/v2/lines/count", madeUpDialect, countWords),
  lookupRoute("/v1/models", madeUpDialect, { GET: listNames }, { onlyWith: "x-lines-version", requestHeaders: ["x-lines-version"] }),
];

async function startServer(t: TestContext, fake: string, config: Partial<Config>, routesOfTest: readonly Route[]): Promise<string> {
  const { url } = await startEmbedded(t, { claude: fakeProgramPath(fake), ...config }, {}, { routes: routesOfTest });
  return url;
}

const start = (t: TestContext, fake: string, config: Partial<Config> = {}): Promise<string> => startServer(t, fake, config, routes);

const post = (url: string, body: object | string): Promise<Response> => postJson(`${url}/v2/lines`, body);

describe("a dialect that is a file and a route", () => {
  it("answers in one piece and as a stream, with its own head, opening and headers", async (t) => {
    const url = await start(t, "answers");
    const whole = await post(url, { say: ["WORDS 2"] });
    assert.deepEqual([whole.status, whole.headers.get("x-window"), whole.headers.get("x-claude-model")], [200, "unknown", "claude-fake-1"]);
    assert.equal(await whole.text(), "start claude-fake-1\ntext w0 \ntext w1 \nend end_turn 2\n");
    const stream = await post(url, { say: ["WORDS 2"], stream: true });
    assert.match(stream.headers.get("content-type") ?? "", /^text\/event-stream/u);
    assert.equal(await stream.text(), "event: lines\nstart claude-fake-1\ntext w0 \ntext w1 \nend end_turn 2\n");
  });

  it("is told all that the API says: signatures, encrypted thinking, citations, its own tools, which stop sequence, and the borders of blocks", async (t) => {
    const url = await start(t, "puppet");
    const puppeteer = await startPuppeteer(t);
    const asking = postJson(`${url}/v2/lines`, { say: [puppeteer.prompt()], all: true }, { headers: { "x-request-id": "lines-1" } });
    const puppet = await puppeteer.next();
    const write = (line: object): void => puppet.raw(`${JSON.stringify(line)}\n`);
    const tell = (event: object): void => write(eventLine(event));
    write(messageStart("msg_1", "claude-fake-1"));
    const search = { type: "server_tool_use", id: "s1", name: "web_search", input: {} };
    for (const [index, content_block, ...deltas] of [
      [0, { type: "thinking", thinking: "" }, { type: "thinking_delta", thinking: "hm" }, { type: "signature_delta", signature: "Eq+/=" }],
      [1, { type: "redacted_thinking", data: "secret" }],
      [2, search, { type: "input_json_delta", partial_json: '{"q":1}' }],
      [3, { type: "text", text: "" }, { type: "text_delta", text: "é" }, { type: "citations_delta", citation: { cited_text: "é" } }],
      [4, { type: "novelty" }, { type: "novelty_delta", more: 1 }],
    ] as const) {
      tell({ type: "content_block_start", index, content_block });
      for (const delta of deltas) tell({ type: "content_block_delta", index, delta });
      tell({ type: "content_block_stop", index });
    }
    const usage = { output_tokens: 1, server_tool_use: { web_search_requests: 1 } };
    tell({ type: "message_delta", delta: { stop_reason: "stop_sequence", stop_sequence: "END", stop_details: { why: "é" } }, usage });
    puppet.finish("stop_sequence");
    assert.deepEqual((await (await asking).text()).split("\n"), [
      "for lines-1", "start claude-fake-1",
      'begin 0 {"type":"thinking"}', "thinking hm", "signature Eq+/=", "done 0",
      'begin 1 {"type":"redacted_thinking","data":"secret"}', "done 1",
      `begin 2 ${JSON.stringify(search)}`, 'input {\\"q\\":1}', "done 2",
      'begin 3 {"type":"text"}', "text é", 'citation {"cited_text":"é"}', "done 3",
      'begin 4 {"type":"other","block":{"type":"novelty"}}', 'other {"type":"novelty_delta","more":1}', "done 4",
      'end ["stop_sequence","END",{"why":"é"},{"server_tool_use":{"web_search_requests":1}}]', "",
    ]);
  });

  it("tells of the subscription's window: which it is, how it stands, how much is used", async (t) => {
    const url = await start(t, "tells-window");
    const response = await post(url, { say: [`until ${Math.floor(Date.now() / 1000) + 3_600}`] });
    assert.deepEqual([response.headers.get("x-window"), (await response.text()).includes("text ok")], ["five_hour allowed 0.25", true]);
  });

  it("has tools: a call, then the answer to its result", async (t) => {
    const url = await start(t, "calls-tools");
    // The model has the tool under a name that the Messages API takes; the client reads its own.
    const asked = 'CALL _ {"at":"é"}';
    const call = await (await post(url, { say: [asked], tools: ["é"], stream: true })).text();
    const [, said, id] = /^event: lines\nstart claude-fake-1\n(?:text (.*)\n)?call (\S+) é \{"at":"é"\}\nend tool_use \d+\n$/u.exec(call) ?? assert.fail(JSON.stringify(call));
    const answer = await post(url, { say: [asked, { said, call: "é", id, input: { at: "é" } }, { id, result: "a bird" }], tools: ["é"] });
    assert.match(await answer.text(), /^start claude-fake-1\ntext .*a bird.*\nend end_turn \d+\n$/u);
  });

  it("writes every refusal in its own form, also those that come before it is asked", async (t) => {
    const url = await start(t, "answers");
    for (const [body, told] of [
      [{ say: [7] }, ["invalid_type", "say[0]"]], [{}, ["invalid_type", "say"]], ["{", ["invalid_json", "body"]],
    ] as const) {
      const response = await post(url, body);
      assert.deepEqual([response.status, response.headers.get("x-made-up"), await response.json()], [422, "yes", told]);
      assert.match(response.headers.get("x-lines-request") ?? "", /^req_/u);
      assert.equal(response.headers.get("x-lines-request"), response.headers.get("x-request-id"));
    }
    const wrongMethod = await fetch(`${url}/v2/lines`);
    assert.deepEqual([wrongMethod.status, wrongMethod.headers.get("allow"), await wrongMethod.json()], [422, "POST, OPTIONS", ["method_not_allowed", null]]);
    const foreign = await fetch(`${url}/v2/lines`, { method: "POST", headers: { origin: "https://evil.example" } });
    assert.deepEqual([foreign.status, await foreign.json()], [422, ["forbidden", null]]);
    const locked = await start(t, "answers", { apiKey: "secret-of-the-test" });
    const keyless = await post(locked, { say: ["WORDS 1"] });
    assert.deepEqual([keyless.status, keyless.headers.get("www-authenticate"), await keyless.json()], [418, "Bearer", ["invalid_api_key", null]]);
  });

  it("writes in its own form what the listener refuses while a body is read", async (t) => {
    const url = await start(t, "answers");
    const head = (...lines: string[]): string => ["POST /v2/lines HTTP/1.1", "host: localhost", ...lines, "", ""].join("\r\n");
    const tooLong = await rawRequest(t, url, head("content-length: 10737418240"));
    const badChunk = await rawRequest(t, url, `${head("transfer-encoding: chunked")}no chunk\r\n`);
    const socket = await openSocket(t, url);
    const answering = readAnswer(socket);
    socket.end(`${head("content-length: 100")}{"say":`);
    const refusals = [tooLong, badChunk, await answering];
    for (const { headers } of refusals) assert.equal(headers["x-lines-request"], headers["x-request-id"]);
    const told = refusals.map(({ status, headers, body }) => [status, headers["x-made-up"], JSON.parse(body)]);
    assert.deepEqual(told, [
      [422, "yes", ["body_too_large", "body"]], [422, "yes", ["invalid_request", null]], [422, "yes", ["invalid_json", "body"]],
    ]);
  });

  it("writes in its own form that all places are taken, and when to come again", async (t) => {
    const url = await start(t, "puppet", { maxProcesses: 1, maxQueue: 1 });
    const puppeteer = await startPuppeteer(t);
    const waiting = ["first", "second"].map((name) => post(url, { say: [puppeteer.prompt(name)] }));
    await waitForHealth(url, ({ running_turns, waiting_turns }) => running_turns === 1 && waiting_turns === 1);
    const third = await post(url, { say: [puppeteer.prompt("third")] });
    assert.deepEqual([third.status, third.headers.get("retry-after"), await third.json()], [422, "5", ["server_busy", null]]);
    for (const _turn of waiting) {
      const puppet = await puppeteer.next();
      puppet.start();
      puppet.finish();
    }
    for (const response of await Promise.all(waiting)) assert.equal(response.status, 200);
  });

  it("names the headers that a web page may send and read at its path, and at no other", async (t) => {
    const url = await start(t, "answers");
    const origin = "http://localhost:5173";
    const granted = async (path: string): Promise<(string | undefined)[]> => {
      const preflight = await fetch(url + path, { method: "OPTIONS", headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "x-lines-version" } });
      const answer = await postJson(url + path, "{", { headers: { origin } });
      assert.equal(answer.headers.get("access-control-allow-origin"), origin);
      await answer.text();
      return [preflight.headers.get("access-control-allow-headers"), answer.headers.get("access-control-expose-headers")].map((names) => /x-lines-version|x-window/u.exec(names ?? "")?.[0]);
    };
    assert.deepEqual(await granted("/v2/lines"), ["x-lines-version", "x-window"]);
    assert.deepEqual(await granted("/v1/responses"), [undefined, undefined]);
  });

  it("sees the request's headers, but for the keys", async (t) => {
    const url = await start(t, "answers");
    const response = await postJson(`${url}/v2/lines`, { say: ["WORDS 1"] }, { headers: { "x-lines-model": "gpt-5" } });
    assert.deepEqual([response.status, await response.json()], [422, ["model_not_found", "x-lines-model"]]);
  });

  it("has its history made one that the Messages API takes, or refused by the field's own name", async (t) => {
    const url = await start(t, "echo-history");
    const told = async (...say: unknown[]): Promise<unknown> => {
      const answer = await (await post(url, { say })).text();
      const list = JSON.parse(JSON.parse(`"${/^text (.*)$/mu.exec(answer)?.[1]}"`) as string) as { message?: { role: string; content: { type: string }[] } }[];
      return list.flatMap(({ message }) => (message === undefined ? [] : [`${message.role} ${message.content.map(({ type }) => type).join(" ")}`]));
    };
    assert.deepEqual(await told("a", "b", { said: "c" }), ["user text text", "assistant text", "user text"]);
    // The CLI is told what comes behind results as a message of its own, and sends both as one.
    assert.deepEqual(await told({ said: "c" }, { call: "look", id: "1", input: {} }, { id: "1", result: "r" }, "d"), ["user text", "assistant text tool_use", "user tool_result", "user text"]);
    for (const [say, field] of [
      [["a", { call: "look", id: "1", input: {} }], "say[1]"], [["a", { id: "1", result: "r" }], "say[1].id"], [[" "], "say"],
    ] as const) {
      const response = await post(url, { say });
      assert.deepEqual([response.status, await response.json()], [422, ["invalid_value", field]]);
    }
  });

  it("names the fields in which a number of 19 digits keeps all of them", async (t) => {
    const url = await start(t, "echo-history");
    const answer = await (await post(url, '{"say":["a",{"call":"look","id":"1","input":{"at":1234567890123456789}},{"id":"1","result":"r"}]}')).text();
    assert.match(answer, /"at\\":\\"1234567890123456789\\"/u);
  });

  it("has an endpoint that is sent a body and asks no model", async (t) => {
    const url = await start(t, "answers");
    const count = (body: unknown): Promise<Response> => postJson(`${url}/v2/lines/count`, body);
    const counted = await count({ say: ["one two", "three"] });
    assert.deepEqual([counted.status, counted.headers.get("content-type"), await counted.json()], [200, "application/json; charset=utf-8", { words: 3 }]);
    for (const [body, told] of [[{ say: [7] }, ["invalid_type", "say[0]"]], ["{", ["invalid_json", "body"]]] as const) {
      const response = await count(body);
      assert.deepEqual([response.status, await response.json()], [422, told]);
    }
    const wrongMethod = await fetch(`${url}/v2/lines/count`);
    assert.deepEqual([wrongMethod.status, wrongMethod.headers.get("allow")], [422, "POST, OPTIONS"]);
    const tooLong = await rawRequest(t, url, "POST /v2/lines/count HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10737418240\r\n\r\n");
    assert.deepEqual(JSON.parse(tooLong.body), ["body_too_large", "body"]);
  });

  it("serves a path of another API to the requests that have its header, and to their preflights", async (t) => {
    const url = await start(t, "answers");
    const own = await fetch(`${url}/v1/models`, { headers: { "x-lines-version": "7" } });
    assert.deepEqual(await own.json(), { version: "7", names: ["opus", "é"] });
    assert.equal((await (await fetch(`${url}/v1/models`)).json() as { object: string }).object, "list");
    const preflight = (asked: string): Promise<Response> => fetch(`${url}/v1/models`, {
      method: "OPTIONS", headers: { origin: "http://localhost", "access-control-request-method": "GET", "access-control-request-headers": asked },
    });
    const granted = [await preflight("authorization, X-Lines-Version"), await preflight("authorization")].map(({ headers }) => headers.get("access-control-allow-headers")?.includes("x-lines-version"));
    assert.deepEqual(granted, [true, false]);
  });

  it("writes a failure before the head as a status, and behind it as its stream's last line", async (t) => {
    const early = await post(await start(t, "refuses-initialize"), { say: ["hi"], stream: true });
    assert.deepEqual([early.status, (await early.json() as string[])[0]], [422, "cli_failed"]);
    const late = await post(await start(t, "dies-midway"), { say: ["hi"], stream: true });
    assert.equal(late.status, 200);
    assert.match(await late.text(), /^event: lines\nstart claude-fake-1\n(?:text .*\n)+broken cli_failed\n$/u);
  });

  it("keeps its status for a failure between the answer's start, which it writes, and its first delta", async (t) => {
    const url = await start(t, "puppet");
    const puppeteer = await startPuppeteer(t);
    const asking = post(url, { say: [puppeteer.prompt()], stream: true });
    const puppet = await puppeteer.next();
    puppet.start();
    puppet.die();
    const response = await asking;
    assert.deepEqual([response.status, (await response.json() as string[])[0]], [422, "cli_failed"]);
  });

  it("imports nothing but what the package exports", () => {
    const source = readFileSync(new URL("dialect.ts", import.meta.url), "utf8");
    assert.deepEqual(importsOf(source).map(({ specifier }) => specifier), ["../../../src/index.ts"]);
  });

  it("stands beside the others, which stay as they are, and is listed with them", async (t) => {
    const url = await start(t, "answers");
    const { endpoints } = await (await fetch(url)).json() as { endpoints: string[] };
    const { endpoints: without } = await (await fetch(await startServer(t, "answers", {}, []))).json() as { endpoints: string[] };
    assert.deepEqual(endpoints, [...without, "/v2/lines", "/v2/lines/count"]);
    assert.equal((await openAiErrorIn(await chatRequest(url, "{"))).code, "invalid_json");
    const nowhere = await openAiErrorIn(await fetch(`${url}/nowhere`));
    assert.match(nowhere.message, /\/v2\/lines/u);
  });
});

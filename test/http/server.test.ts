import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { openAiErrors } from "../../src/api/openai/errors.ts";
import { BridgeError } from "../../src/errors.ts";
import type { Services } from "../../src/http/exchange.ts";
import type { Route } from "../../src/http/route.ts";
import { createHttpServer } from "../../src/http/server.ts";
import { createLogger } from "../../src/log.ts";
import { cleanUp } from "../support/cleanup.ts";
import { startEmbeddedWith } from "../support/embedded-server.ts";
import { within } from "../support/exit.ts";
import { failOnFaults } from "../support/faults.ts";
import { openAiErrorIn, openAiErrorOf } from "../support/openai-error.ts";
import { startPuppeteer } from "../support/puppeteer.ts";
import { openSocket, rawRequest, readAnswer } from "../support/raw-http.ts";
import { chatRequest } from "../support/sse.ts";

const servedMsMax = 20_000;

const question = { model: "opus", messages: [{ role: "user", content: "WORDS 1" }] };
const head = (...lines: string[]): string => `${[...lines, "", ""].join("\r\n")}`;

describe("a request id", () => {
  it("is on every answer, whatever it is", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    const answers = await Promise.all([
      fetch(`${url}/health`), fetch(`${url}/nowhere`), fetch(`${url}/health`, { method: "DELETE" }), fetch(`${url}/health`, { method: "OPTIONS" }),
      fetch(`${url}/`, { headers: { origin: "https://evil.example" } }), chatRequest(url, "{"), chatRequest(url, question), chatRequest(url, { ...question, stream: true }),
    ]);
    assert.deepEqual(answers.map(({ status }) => status), [200, 404, 405, 204, 403, 400, 200, 200]);
    const ids = answers.map(({ headers }) => headers.get("x-request-id") ?? "");
    for (const id of ids) assert.match(id, /^req_[0-9a-f]{32}$/);
    assert.equal(new Set(ids).size, ids.length);
    for (const answer of answers) await answer.arrayBuffer();
  });

  it("of the client's own is kept, and stands in the log", async (t) => {
    const { url, logLines } = await startEmbeddedWith(t, "answers");
    const response = await chatRequest(url, question, { headers: { "x-request-id": "mine-1/2" } });
    assert.equal(response.headers.get("x-request-id"), "mine-1/2");
    await response.text();
    assert.equal(logLines.filter((line) => line.includes("id=mine-1/2")).length, 1);
  });

  it("that is no token is replaced", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    for (const id of ["two words", "x".repeat(129), "", "caf\u00e9"]) {
      const response = await fetch(`${url}/health`, { headers: { "x-request-id": id } });
      assert.match(response.headers.get("x-request-id") ?? "", /^req_/);
    }
  });
});

describe("the log", () => {
  it("has a line a request, without its query", async (t) => {
    const { url, logLines } = await startEmbeddedWith(t, "answers", { logLevel: "info" });
    await (await fetch(`${url}/v1/models?key=hunter2`)).text();
    await (await fetch(`${url}/nowhere`)).text();
    const requests = logLines.filter((line) => line.includes(" request "));
    assert.match(requests[0] ?? "", / info request id=req_\w+ method=GET path=\/v1\/models ms=\d+ status=200 complete=true$/);
    assert.match(requests[1] ?? "", / path=\/nowhere ms=\d+ status=404 complete=true$/);
    assert.doesNotMatch(logLines.join("\n"), /hunter2/);
  });

  it("cannot be forged by a path", async (t) => {
    const { url, logLines } = await startEmbeddedWith(t, "answers");
    await (await fetch(`${url}/a%0Ab"c d`)).text();
    await rawRequest(t, url, Buffer.from("GET /\u001b[31m\u0085 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n", "latin1"));
    for (const line of logLines) assert.match(line, /^[\x20-\x7e]*$/);
  });
});

describe("requests that are still being sent", () => {
  it("are as many as could run or wait, and no more: the next is told to come again, and is served when one has left", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers", { maxProcesses: 1, maxQueue: 1 });
    const sending = await Promise.all(["a", "b"].map(async () => {
      const socket = await openSocket(t, url);
      socket.write(head("POST /v1/chat/completions HTTP/1.1", "host: localhost", "expect: 100-continue", "content-length: 1000"));
      const [asked] = await once(socket, "data") as [Buffer];
      assert.match(asked.toString(), /^HTTP\/1\.1 100 /);
      return socket;
    }));
    const response = await chatRequest(url, question);
    const error = await openAiErrorIn(response);
    assert.deepEqual([error.status, error.code, response.headers.get("retry-after")], [429, "server_busy", "5"]);
    assert.equal((await fetch(`${url}/v1/models`)).status, 200, "what holds nothing is answered");
    sending[0]?.destroy();
    // The server learns of it when it does.
    const served = async (): Promise<number> => {
      const { status } = await chatRequest(url, question);
      return status === 429 ? served() : status;
    };
    assert.equal(await within(served(), servedMsMax, () => "the place was not given back"), 200);
  });
});

describe("an upgrade", () => {
  it("to a WebSocket gets 426 at once, with or without a fitting path", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    for (const path of ["/v1/responses", "/v1/chat/completions", "/"]) {
      const answer = await rawRequest(t, url, head(`GET ${path} HTTP/1.1`, "host: localhost", "connection: Upgrade", "upgrade: websocket", "sec-websocket-version: 13", "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=="));
      assert.equal(answer.status, 426);
      assert.equal(answer.headers["upgrade"], "HTTP/1.1");
      assert.equal(openAiErrorOf(answer.body).type, "invalid_request_error");
    }
  });

  it("whose client is gone by then harms nobody", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    const { port } = new URL(url);
    for (let round = 0; round < 10; round += 1) {
      const socket = connect(Number(port), "127.0.0.1");
      socket.on("error", () => undefined);
      await once(socket, "connect");
      socket.write(head("GET / HTTP/1.1", "host: localhost", "connection: Upgrade", "upgrade: websocket"));
      socket.resetAndDestroy();
    }
    assert.equal((await fetch(`${url}/health`)).status, 200);
  });
});

describe("a connection", () => {
  it("carries one request after another, errors between", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    const socket = await openSocket(t, url);
    const ask = (body: string): Promise<{ status: number }> => {
      const answering = readAnswer(socket);
      socket.write(`${head("POST /v1/chat/completions HTTP/1.1", "host: localhost", `content-length: ${Buffer.byteLength(body)}`)}${body}`);
      return answering.finally(() => socket.removeAllListeners("data").removeAllListeners("end"));
    };
    const statuses: number[] = [];
    for (const body of [JSON.stringify(question), "{", JSON.stringify({ messages: [] }), JSON.stringify(question)]) statuses.push((await ask(body)).status);
    assert.deepEqual(statuses, [200, 400, 400, 200]);
  });

  it("may pipeline: answers come in the order of the requests", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    const body = JSON.stringify(question);
    const socket = await openSocket(t, url);
    const answering = readAnswer(socket);
    socket.write(`${head("POST /v1/chat/completions HTTP/1.1", "host: localhost", `content-length: ${Buffer.byteLength(body)}`)}${body}${head("GET /nowhere HTTP/1.1", "host: localhost", "connection: close")}`);
    let text = "";
    socket.on("data", (chunk: string) => (text += chunk));
    await answering;
    if (!socket.readableEnded) await once(socket, "end");
    assert.deepEqual(text.match(/HTTP\/1\.1 \d+/g), ["HTTP/1.1 200", "HTTP/1.1 404"]);
  });
});

describe("a stream", () => {
  it("has the head that proxies and clients need, and arrives a delta at a time", async (t) => {
    const { url } = await startEmbeddedWith(t, "puppet");
    const puppeteer = await startPuppeteer(t);
    const asking = chatRequest(url, { model: "opus", stream: true, messages: [{ role: "user", content: puppeteer.prompt() }] });
    const puppet = await puppeteer.next();
    puppet.start();
    puppet.say("one");
    const response = await asking;
    assert.equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
    assert.equal(response.headers.get("cache-control"), "no-cache");
    assert.equal(response.headers.get("x-accel-buffering"), "no");
    assert.equal(response.headers.get("content-length"), null);
    assert.equal(response.headers.get("content-encoding"), null);
    const reader = response.body?.getReader();
    let text = "";
    const readUntil = async (part: string): Promise<void> => {
      while (!text.includes(part)) text += Buffer.from((await reader?.read())?.value ?? assert.fail(`ended before ${part}`)).toString();
    };
    // Each delta is here before the next is said.
    await readUntil('"content":"one"');
    puppet.say("two");
    await readUntil('"content":"two"');
    assert.doesNotMatch(text, /DONE/);
    puppet.finish();
    await readUntil("data: [DONE]\n\n");
    assert.equal((await reader?.read())?.done, true);
  });
});

describe("a server of its own", () => {
  async function listen(t: TestContext, check: () => void = () => {}, routes: readonly Route[] = []) {
    const logLines: string[] = [];
    failOnFaults(t);
    const log = createLogger("info", (line) => logLines.push(line));
    // Nothing in these tests gets as far as the other services.
    const server = createHttpServer({ services: { log } as Services, routes, defaultErrors: openAiErrors, access: { check, corsHeaders: () => ({}) } });
    await once(server.listen(0, "127.0.0.1"), "listening");
    cleanUp(t, () => server.close());
    return { server, logLines, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  }

  it("goes on when a connection could not be accepted", async (t) => {
    const { server, logLines, url } = await listen(t);
    server.emit("error", Object.assign(new Error("accept EMFILE"), { code: "EMFILE" }));
    assert.match(logLines.join(), / error a connection could not be accepted code=EMFILE$/u);
    assert.equal((await fetch(`${url}/nowhere`)).status, 404);
  });

  /** A path whose handler waits for ever, and whose errors have a form of their own. */
  const waiting = (headers: Record<string, string>): Route => (
    { path: "/slow", errors: { failure: ({ code, field }) => ({ status: 408, headers, body: [code, field] }) }, handlers: { POST: () => new Promise<void>(() => {}) } }
  );

  for (const [what, code, kind] of [
    ["that takes too long", "ERR_HTTP_REQUEST_TIMEOUT", "request_timeout"], ["that ends too early", "HPE_INVALID_EOF_STATE", "invalid_json"],
  ] as const) {
    it(`answers a body ${what} in the form of the request's path, with its headers`, async (t) => {
      const { server, url } = await listen(t, undefined, [waiting({ "x-form": "its own" })]);
      const accepting = once(server, "connection");
      const requesting = once(server, "request");
      const socket = await openSocket(t, url);
      const answering = readAnswer(socket);
      socket.write(head("POST /slow HTTP/1.1", "host: localhost", "content-length: 10"));
      const [accepted] = await accepting;
      await requesting;
      server.emit("clientError", Object.assign(new Error("the parser's"), { code }), accepted);
      const { status, headers, body } = await answering;
      assert.deepEqual([status, headers["x-form"], JSON.parse(body)], [408, "its own", [kind, "body"]]);
      assert.match(headers["x-request-id"] ?? "", /^req_[0-9a-f]{32}$/u);
    });
  }

  it("cuts the connection where the form's own header cannot be sent in answer to a body that ends too early", async (t) => {
    const { logLines, url } = await listen(t, undefined, [waiting({ "x-form": "a\r\nx-forged: b" })]);
    const socket = await openSocket(t, url);
    let text = "";
    socket.on("data", (chunk) => (text += String(chunk)));
    const closed = once(socket, "close");
    socket.end(head("POST /slow HTTP/1.1", "host: localhost", "content-length: 10"));
    await closed;
    assert.equal(text, "");
    assert.match(logLines.join("\n"), / error a request failed reason="?.*ERR_INVALID_CHAR/u);
    assert.equal((await fetch(`${url}/nowhere`)).status, 404);
  });

  it("cuts the connection whose failure cannot be told, and that one alone", async (t) => {
    let requests = 0;
    const { logLines, url } = await listen(t, () => {
      if (++requests === 1) throw new BridgeError("forbidden", "No.");
    }, [{ path: "/", errors: { failure: () => ({ status: 403, headers: { "x-odd": "\n" }, body: {} }) }, handlers: {} }]);
    await assert.rejects(fetch(url), /fetch failed/u);
    assert.match(logLines.join("\n"), / error a request failed id=req_\w+ reason="?.*ERR_INVALID_CHAR/u);
    assert.equal((await fetch(`${url}/nowhere`)).status, 404);
  });
});

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
import { startPuppeteer } from "../support/puppeteer.ts";
import { openAiErrorIn, openAiErrorOf } from "../support/openai-error.ts";
import { openSocket, rawRequest, readAnswer } from "../support/raw-http.ts";
import { chatRequest } from "../support/sse.ts";

const servedMsMax = 20_000;
const key = "sk-correct-horse";
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

describe("Host and Origin", () => {
  it("are looked at before anything else is told", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    for (const line of ["host: evil.example", "host: evil.example:3456", "host:", "x-a: b"]) {
      for (const path of ["/health", "/v1/chat/completions", "/nowhere"]) {
        const answer = await rawRequest(t, url, head(`GET ${path} HTTP/1.1`, line, "connection: close"));
        // Without any Host Node itself refuses, with an empty body.
        assert.equal(answer.status, line === "x-a: b" ? 400 : 403, `${line} ${path}`);
        if (answer.status === 403) assert.equal(openAiErrorOf(answer.body).code, "forbidden");
      }
    }
    const twice = await rawRequest(t, url, head("GET /health HTTP/1.1", "host: localhost", "host: evil.example", "connection: close"));
    assert.ok([400, 403].includes(twice.status));
    const old = await rawRequest(t, url, head("GET /health HTTP/1.0"));
    assert.equal(old.status, 403);
  });

  it("of this machine are answered", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    for (const host of ["localhost", "127.0.0.1:1", "[::1]:3456", "app.localhost"]) {
      assert.equal((await rawRequest(t, url, head("GET /health HTTP/1.1", `host: ${host}`, "connection: close"))).status, 200, host);
    }
  });

  it("that are foreign get 403 without CORS headers, a preflight too", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    for (const method of ["GET", "OPTIONS"]) {
      const response = await fetch(`${url}/v1/models`, { method, headers: { origin: "https://evil.example", "access-control-request-method": "GET" } });
      assert.equal((await openAiErrorIn(response)).status, 403);
      assert.equal(response.headers.get("access-control-allow-origin"), null);
    }
  });
});

describe("CORS", () => {
  it("lets a page of this machine in, its preflight and its request", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    const origin = "http://localhost:5173";
    const preflight = await fetch(`${url}/v1/chat/completions`, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization, content-type, x-stainless-os" },
    });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get("access-control-allow-origin"), origin);
    assert.equal(preflight.headers.get("vary"), "origin");
    assert.equal(preflight.headers.get("allow"), "POST, OPTIONS");
    assert.match(preflight.headers.get("access-control-allow-headers") ?? "", /authorization.*content-type.*x-stainless-os/);
    const answer = await chatRequest(url, { ...question, stream: true }, { headers: { origin } });
    assert.equal(answer.headers.get("access-control-allow-origin"), origin);
    assert.match(answer.headers.get("access-control-expose-headers") ?? "", /x-request-id/);
    await answer.text();
  });

  it("headers are on an error too, so that the page can read it", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    const response = await chatRequest(url, "{", { headers: { origin: "http://127.0.0.1:1" } });
    assert.equal(response.status, 400);
    assert.equal(response.headers.get("access-control-allow-origin"), "http://127.0.0.1:1");
    await response.text();
  });
});

describe("a page that the owner named", () => {
  it("is served without a key, and no other", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers", { allowedOrigins: ["app://obsidian.md", "chrome-extension://*"] });
    for (const [origin, status] of [["app://obsidian.md", 200], ["chrome-extension://abcdef", 200], ["app://other.md", 403], ["null", 403]] as const) {
      const answer = await chatRequest(url, question, { headers: { origin } });
      assert.deepEqual([answer.status, answer.headers.get("access-control-allow-origin")], [status, status === 200 ? origin : null]);
      await answer.text();
    }
  });
});

describe("a key", () => {
  for (const origin of ["http://localhost:5173", "app://obsidian.md", "https://chat.example.com", "chrome-extension://abcdef", "null"]) {
    it(`lets a page of ${origin} in, which can read too that it lacks one`, async (t) => {
      const { url } = await startEmbeddedWith(t, "answers", { apiKey: key });
      const preflight = await fetch(`${url}/v1/chat/completions`, {
        method: "OPTIONS",
        headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization, content-type, x-title", "access-control-request-private-network": "true" },
      });
      const granted = ["access-control-allow-origin", "access-control-allow-private-network"].map((name) => preflight.headers.get(name));
      assert.deepEqual([preflight.status, ...granted], [204, origin, "true"]);
      assert.match(preflight.headers.get("access-control-allow-headers") ?? "", /authorization.*x-title/u);
      const ask = (sent: string): Promise<Response> => chatRequest(url, { ...question, stream: true }, { headers: { origin, authorization: `Bearer ${sent}` } });
      for (const [sent, status] of [["wrong-key", 401], [key, 200]] as const) {
        const answer = await ask(sent);
        assert.deepEqual([answer.status, answer.headers.get("access-control-allow-origin"), answer.headers.get("vary")], [status, origin, "origin"]);
        assert.match(await answer.text(), status === 200 ? /\[DONE\]\n\n$/u : /invalid_api_key/u);
      }
    });
  }

  it("that is set is needed for everything but a preflight", async (t) => {
    const { url, logLines } = await startEmbeddedWith(t, "answers", { apiKey: key });
    for (const path of ["/", "/health", "/v1/models", "/nowhere"]) {
      for (const headers of [{}, { authorization: "Bearer wrong-key" }, { "x-api-key": "wrong-key" }] as const) {
        const response = await fetch(url + path, { headers });
        const error = await openAiErrorIn(response);
        assert.deepEqual([error.status, error.code], [401, "invalid_api_key"]);
        assert.equal(response.headers.get("www-authenticate"), "Bearer");
      }
    }
    const sent: Record<string, string>[] = [{ authorization: `Bearer ${key}` }, { "x-api-key": key }];
    for (const headers of sent) {
      const response = await fetch(`${url}/v1/models`, { headers });
      assert.equal(response.status, 200);
      await response.text();
    }
    const preflight = await fetch(`${url}/v1/models`, { method: "OPTIONS", headers: { origin: "http://localhost", "access-control-request-method": "GET" } });
    assert.equal(preflight.status, 204);
    assert.doesNotMatch(logLines.join("\n"), new RegExp(`${key}|wrong-key`));
  });

  it("answers any Host, as a server for other machines must", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers", { apiKey: key });
    const answer = await rawRequest(t, url, head("GET /health HTTP/1.1", "host: nas.example", `authorization: Bearer ${key}`, "connection: close"));
    assert.equal(answer.status, 200);
  });

  it("is asked for before the body is read", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers", { apiKey: key });
    const answer = await rawRequest(t, url, head("POST /v1/chat/completions HTTP/1.1", "host: x", "content-length: 1000000"));
    assert.equal(answer.status, 401);
  });
});

describe("what is no HTTP", () => {
  const garbage = ["\r\n\r\n\0\0\0", "HELLO\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nno colon here\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n"];
  it("gets a 400 in OpenAI's form, and the next request is answered", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    for (const bytes of garbage) {
      const answer = await rawRequest(t, url, Buffer.from(bytes, "latin1"));
      assert.equal(answer.status, 400, JSON.stringify(bytes));
      assert.equal(answer.headers["connection"], "close");
      assert.match(answer.headers["x-request-id"] ?? "", /^req_/);
      assert.equal(openAiErrorOf(answer.body).type, "invalid_request_error");
    }
    assert.equal((await fetch(`${url}/health`)).status, 200);
  });

  it("but TLS is told to use http://", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    const tls = await rawRequest(t, url, Buffer.from("16030102000100", "hex"));
    assert.match(openAiErrorOf(tls.body).message, /use http:\/\/ in place of https:\/\//);
    assert.doesNotMatch(openAiErrorOf((await rawRequest(t, url, "HELLO\r\n\r\n")).body).message, /TLS/);
  });

  it("headers beyond the parser's limit get 431", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    const answer = await rawRequest(t, url, head("GET /health HTTP/1.1", "host: localhost", `x-long: ${"x".repeat(100_000)}`));
    assert.equal(answer.status, 431);
    assert.equal(openAiErrorOf(answer.body).param, "headers");
  });

  it("a length beside chunks is refused: requests must not be smuggled", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    const answer = await rawRequest(t, url, `${head("POST /v1/chat/completions HTTP/1.1", "host: localhost", "content-length: 3", "transfer-encoding: chunked")}0\r\n\r\n`);
    assert.equal(answer.status, 400);
  });
});

describe("a body", () => {
  const post = (...lines: string[]): string => head("POST /v1/chat/completions HTTP/1.1", "host: localhost", "content-type: application/json", ...lines);

  it("cut in the middle by a client that waits for its answer gets a 400 that names it", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    for (const request of [`${post("content-length: 100")}{"messages":`, `${post("transfer-encoding: chunked")}5\r\n{"mes`]) {
      const socket = await openSocket(t, url);
      const answering = readAnswer(socket);
      socket.end(request);
      const answer = await answering;
      assert.equal(answer.status, 400);
      assert.equal(openAiErrorOf(answer.body).param, "body");
    }
    assert.equal((await fetch(`${url}/health`)).status, 200);
  });

  it("cut in the middle by a client that is gone harms nobody", async (t) => {
    const { url, logLines } = await startEmbeddedWith(t, "answers");
    const socket = await openSocket(t, url);
    socket.write(`${post("content-length: 100", "x-request-id: cut-off")}{"messages":`);
    // The server has the head by the time it answers another request that was sent later.
    await (await fetch(`${url}/health`)).text();
    socket.resetAndDestroy();
    // The log line of a request that was broken off gives no event; other requests give the server its turns.
    for (let round = 0; round < 1_000 && !logLines.some((line) => line.includes("id=cut-off")); round += 1) await (await fetch(`${url}/health`)).text();
    assert.match(logLines.find((line) => line.includes("id=cut-off")) ?? "", /complete=false/);
  });

  it("announced with 10 GB gets its 413 at once, before any of it is sent", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    const answer = await rawRequest(t, url, post("content-length: 10737418240"));
    assert.equal(answer.status, 413);
    const error = openAiErrorOf(answer.body);
    assert.deepEqual([error.param, error.code], ["body", "body_too_large"]);
    assert.match(error.message, /64 MB/);
  });

  it("that runs over without having been announced gets its 413 where it does", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers", { maxBodyMegabytes: 1 });
    const socket = await openSocket(t, url);
    const answering = readAnswer(socket);
    socket.write(post("transfer-encoding: chunked"));
    const piece = Buffer.concat([Buffer.from("10000\r\n"), Buffer.alloc(65_536, " "), Buffer.from("\r\n")]);
    let isAnswered = false;
    void answering.then(() => (isAnswered = true));
    while (!isAnswered && socket.writable) if (!socket.write(piece)) await Promise.race([once(socket, "drain"), answering]);
    assert.equal((await answering).status, 413);
  });

  it("asked for by Expect is asked for, and answered", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    const body = JSON.stringify(question);
    const socket = await openSocket(t, url);
    socket.write(post(`content-length: ${Buffer.byteLength(body)}`, "expect: 100-continue", "connection: close"));
    const [first] = await once(socket, "data") as [Buffer];
    assert.match(first.toString(), /^HTTP\/1\.1 100 Continue/);
    const answering = readAnswer(socket);
    socket.write(body);
    assert.equal((await answering).status, 200);
  });
});

describe("an Expect that nobody knows", () => {
  it("gets a 417 as every answer is, after the check of who asks, and a line in the log", async (t) => {
    const { url, logLines } = await startEmbeddedWith(t, "answers");
    const ask = (host: string): string => head("GET /health HTTP/1.1", `host: ${host}`, "expect: teapot", "x-request-id: tea", "connection: close");
    const answer = await rawRequest(t, url, ask("localhost"));
    const { code, param } = openAiErrorOf(answer.body);
    assert.deepEqual([answer.status, code, param, answer.headers["x-request-id"]], [417, "expectation_failed", "expect", "tea"]);
    assert.equal(logLines.filter((line) => line.includes("id=tea") && line.includes("status=417")).length, 1);
    assert.equal((await rawRequest(t, url, ask("evil.example"))).status, 403);
    assert.equal((await rawRequest(t, url, head("GET /health HTTP/1.0", "host: localhost", "expect: teapot"))).status, 200, "RFC 9110 \u00a710.1.1: HTTP/1.0 knows no Expect");
  });
});

describe("a target that is a whole URL", () => {
  it("is served by its path, and its query stays out of the log", async (t) => {
    const { url, logLines } = await startEmbeddedWith(t, "answers");
    const { host } = new URL(url);
    const get = (target: string, hostHeader = host): string => head(`GET ${target} HTTP/1.1`, `host: ${hostHeader}`, "connection: close");
    for (const target of [`http://${host}/health`, `HTTP://localhost/v1/models/?a=hunter2`, `http://${host}`]) {
      assert.equal((await rawRequest(t, url, get(target))).status, 200, target);
    }
    assert.equal((await rawRequest(t, url, get(`http://${host}/nowhere`))).status, 404);
    for (const [target, hostHeader] of [["http://evil.example/health", host], ["http://me:hunter2@localhost/health", host], [`http://${host}/health`, "evil.example"]] as const) {
      assert.equal((await rawRequest(t, url, get(target, hostHeader))).status, 403, target);
    }
    assert.ok(logLines.some((line) => line.includes("path=/v1/models/ ")));
    assert.doesNotMatch(logLines.join("\n"), /hunter2|path=http/i);
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

describe("what is no HTTP, behind a request", () => {
  it("is never answered into the middle of its answer: the connection is cut, and the turn ends", async (t) => {
    const { url } = await startEmbeddedWith(t, "puppet");
    const puppeteer = await startPuppeteer(t);
    const body = JSON.stringify({ model: "opus", stream: true, messages: [{ role: "user", content: puppeteer.prompt() }] });
    const socket = await openSocket(t, url);
    let text = "";
    socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
    const closed = new Promise<void>((resolve) => socket.once("end", resolve).once("close", () => resolve()));
    socket.write(`${head("POST /v1/chat/completions HTTP/1.1", "host: localhost", `content-length: ${body.length}`)}${body}`);
    const puppet = await puppeteer.next();
    puppet.start();
    puppet.say("one");
    while (!text.includes('"content":"one"')) await once(socket, "data");
    socket.write("\0\0 what is this? \r\n\r\n");
    await closed;
    assert.deepEqual(text.match(/HTTP\/1\.1 \d+/g), ["HTTP/1.1 200"]);
    assert.doesNotMatch(text, /\r\n0\r\n\r\n$|DONE/, "the client can see that it is not whole");
    await puppet.gone;
  });

  it("is never answered where answers are still owed, begun or not: the connection is cut, and all its turns end", async (t) => {
    const { url } = await startEmbeddedWith(t, "puppet", { maxProcesses: 2 });
    const puppeteer = await startPuppeteer(t);
    for (const isBegun of [true, false]) {
      const socket = await openSocket(t, url);
      let text = "";
      socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
      const closed = new Promise<void>((resolve) => socket.once("end", resolve).once("close", () => resolve()));
      const posts = ["first", "second"].map((name) => {
        const body = JSON.stringify({ model: "opus", stream: true, messages: [{ role: "user", content: puppeteer.prompt(name) }] });
        return `${head("POST /v1/chat/completions HTTP/1.1", "host: localhost", `content-length: ${body.length}`)}${body}`;
      });
      socket.write(posts.join(""));
      const puppets = [await puppeteer.next(), await puppeteer.next()];
      if (isBegun) {
        const first = puppets.find(({ prompt }) => prompt.endsWith("first"));
        first?.start();
        first?.say("one");
        while (!text.includes('"content":"one"')) await once(socket, "data");
      }
      socket.write("GARBAGE\r\n\r\n");
      await closed;
      assert.deepEqual(text.match(/HTTP\/1\.1 \d+/g), isBegun ? ["HTTP/1.1 200"] : null);
      for (const { gone } of puppets) await gone;
    }
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

/** What comes in place of a good request: bodies, heads and bytes of all kinds. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { turnRoute } from "../../src/index.ts";
import { madeUpDialect } from "../api/made-up-dialect/dialect.ts";
import { startEmbedded, startEmbeddedWith } from "../support/embedded-server.ts";
import { fakeProgramPath } from "../support/fake-claude.ts";
import { openAiErrorOf } from "../support/openai-error.ts";
import { startPuppeteer } from "../support/puppeteer.ts";
import { openSocket, rawRequest, readAnswer } from "../support/raw-http.ts";

const question = { model: "opus", messages: [{ role: "user", content: "WORDS 1" }] };
const head = (...lines: string[]): string => `${[...lines, "", ""].join("\r\n")}`;

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

  it("cut in the middle is answered with the request's id under the name of the path's own API too", async (t) => {
    const routes = [turnRoute("/v2/lines", { ...madeUpDialect, requestIdHeader: "lines-id" })];
    const { url } = await startEmbedded(t, { claude: fakeProgramPath("answers") }, {}, { routes });
    const socket = await openSocket(t, url);
    const answering = readAnswer(socket);
    socket.end(`${head("POST /v2/lines HTTP/1.1", "host: localhost", "content-type: application/json", "content-length: 100")}{"say":`);
    const { headers } = await answering;
    assert.match(headers["lines-id"] ?? "", /^req_/u);
    assert.equal(headers["lines-id"], headers["x-request-id"]);
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

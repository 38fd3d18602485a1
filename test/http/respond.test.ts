import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { BridgeError } from "../../src/errors.ts";
import { sendBytes, sendFailure } from "../../src/http/respond.ts";
import { openAiErrors } from "../../src/api/openai/errors.ts";
import { createLogger } from "../../src/log.ts";
import { cleanUp } from "../support/cleanup.ts";
import { openAiErrorOf } from "../support/openai-error.ts";
import { openSocket, rawRequest, readAnswer } from "../support/raw-http.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that answers every request so. */
async function serverOf(t: TestContext, answer: Answer): Promise<string> {
  const server = createServer(answer);
  await once(server.listen(0, "127.0.0.1"), "listening");
  cleanUp(t, () => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  }));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function logOf(): { readonly lines: string[]; readonly log: ReturnType<typeof createLogger> } {
  const lines: string[] = [];
  return { lines, log: createLogger("debug", (line) => lines.push(line)) };
}

describe("JSON", () => {
  it("goes out with its type and its length in bytes", async (t) => {
    const url = await serverOf(t, (_request, response) => sendBytes(response, 201, Buffer.from(JSON.stringify({ word: "grün 😀" })), { "x-more": "1" }));
    const response = await fetch(url);
    assert.equal(response.status, 201);
    assert.equal(response.headers.get("content-type"), "application/json; charset=utf-8");
    assert.equal(response.headers.get("content-length"), String(Buffer.byteLength('{"word":"grün 😀"}')));
    assert.equal(response.headers.get("x-more"), "1");
    assert.deepEqual(await response.json(), { word: "grün 😀" });
  });

  it("that is bytes already goes out untouched", async (t) => {
    const url = await serverOf(t, (_request, response) => sendBytes(response, 200, Buffer.from('{ "a" : 1 }')));
    assert.equal(await (await fetch(url)).text(), '{ "a" : 1 }');
  });

  it("is left off for HEAD, its length is not", async (t) => {
    const url = await serverOf(t, (_request, response) => sendBytes(response, 200, Buffer.from('{"a":1}')));
    const answer = await rawRequest(t, url, "HEAD / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    assert.equal(answer.headers["content-length"], "7");
    assert.equal(answer.body, "");
  });
});

describe("a failure", () => {
  it("is its status, its four keys and its advice", async (t) => {
    const { log, lines } = logOf();
    const failure = new BridgeError("server_busy", "All are taken.", { field: "messages", retryAfterSeconds: 5 });
    const url = await serverOf(t, (request, response) => void request.resume().on("end", () => sendFailure(request, response, failure, openAiErrors, log)));
    const response = await fetch(url);
    assert.equal(response.status, 429);
    assert.equal(response.headers.get("retry-after"), "5");
    assert.deepEqual(openAiErrorOf(await response.text()), { message: "All are taken.", type: "rate_limit_error", param: "messages", code: "server_busy" });
    assert.deepEqual(lines, [], "what the client is told is no news for the log");
  });

  it("of the server's own is a 500 that tells nothing of the inside, and the log has its cause", async (t) => {
    const { log, lines } = logOf();
    const url = await serverOf(t, (request, response) => void request.resume().on("end", () => sendFailure(request, response, new TypeError("inside story"), openAiErrors, log)));
    const response = await fetch(url);
    assert.equal(response.status, 500);
    const body = await response.text();
    assert.equal(openAiErrorOf(body).code, "internal_error");
    assert.doesNotMatch(body, /inside story|respond\.test/);
    assert.match(lines.join("\n"), /error a request failed.*inside story.*respond\.test/);
  });

  it("that is no Error is a 500 too", async (t) => {
    const { log, lines } = logOf();
    const url = await serverOf(t, (request, response) => void request.resume().on("end", () => sendFailure(request, response, "a string", openAiErrors, log)));
    assert.equal((await fetch(url)).status, 500);
    assert.match(lines.join(), /a string/);
  });

  it("after the head cuts the connection: the client must not take what it has for the whole", async (t) => {
    const { log } = logOf();
    const url = await serverOf(t, (request, response) => {
      response.writeHead(200, { "content-type": "text/plain" });
      response.write("half", () => sendFailure(request, response, new BridgeError("internal", "x"), openAiErrors, log));
    });
    const response = await fetch(url);
    assert.equal(response.status, 200);
    await assert.rejects(response.text(), /terminated/);
  });

  it("after the whole answer changes nothing", async (t) => {
    const { log } = logOf();
    const url = await serverOf(t, (request, response) => {
      response.end("whole");
      sendFailure(request, response, new BridgeError("internal", "x"), openAiErrors, log);
    });
    assert.equal(await (await fetch(url)).text(), "whole");
  });

  it("is told to nobody when the client is gone", async (t) => {
    const { log } = logOf();
    let outcome: Promise<void> | undefined;
    const url = await serverOf(t, (request, response) => {
      request.resume();
      outcome = once(response, "close").then(() => sendFailure(request, response, new BridgeError("client_closed", "x"), openAiErrors, log));
      response.flushHeaders();
    });
    const socket = await openSocket(t, url);
    socket.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nab");
    await once(socket, "data");
    socket.destroy();
    await outcome;
  });
});

describe("a body that is refused while it comes", () => {
  const refuse = (t: TestContext): Promise<string> => serverOf(t, (request, response) => sendFailure(request, response, new BridgeError("body_too_large", "Too large.", { field: "body", retryAfterSeconds: 1 }), openAiErrors, logOf().log));

  it("gets its answer at once, whole, before the connection closes", async (t) => {
    const socket = await openSocket(t, await refuse(t));
    const answering = readAnswer(socket);
    socket.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\nthe first of many");
    const answer = await answering;
    assert.equal(answer.status, 413);
    assert.equal(answer.headers["connection"], "close");
    assert.equal(answer.headers["retry-after"], "1");
    assert.equal(openAiErrorOf(answer.body).param, "body");
  });

  it("may be sent to its end: the client that writes first and reads then is not cut off", async (t) => {
    const socket = await openSocket(t, await refuse(t));
    const bytes = 5_000_000;
    const answering = readAnswer(socket);
    socket.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${bytes}\r\n\r\n`);
    socket.write(Buffer.alloc(bytes));
    assert.equal((await answering).status, 413);
    if (!socket.readableEnded) await once(socket, "end");
    assert.ok(socket.bytesWritten > bytes);
  });

  it("does not hold the connection for ever", async (t) => {
    const socket = await openSocket(t, await refuse(t));
    const answering = readAnswer(socket);
    socket.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\nand then nothing");
    await answering;
    // The server ends its side by itself, though the body never came.
    if (!socket.readableEnded) await once(socket, "end");
  });
});

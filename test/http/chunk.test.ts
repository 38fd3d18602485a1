/** Chunks that are written past Node's response, on real sockets: to the byte what Node would have written. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { hasRoom, writeChunk } from "../../src/http/chunk.ts";
import { roomOrClose } from "../../src/http/room-or-close.ts";
import { encodeWireText, noText, type WireText } from "../../src/json-text.ts";
import { cleanUp } from "../support/cleanup.ts";
import { openSocket } from "../support/raw-http.ts";

type Write = (response: ServerResponse, text: WireText) => boolean;

const byNode: Write = (response, text) => response.write(text, "latin1");
const texts = ["data: a\n\n", "data: grün 😀 \u2028\n\n", "x".repeat(15), "y".repeat(16), "z".repeat(100_000)].map(encodeWireText);

async function serverOf(t: TestContext, answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer({ keepAliveTimeout: 60_000 }, answer);
  await once(server.listen(0, "127.0.0.1"), "listening");
  cleanUp(t, () => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  }));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** An answer that is streamed in all of `texts`; the path says who frames them. */
function stream(request: IncomingMessage, response: ServerResponse): void {
  const write = request.url === "/node" ? byNode : writeChunk;
  response.sendDate = false;
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write("open;");
  for (const text of texts) write(response, text);
  response.end("last;");
}

const ask = (path: string, version = "1.1", ...headers: string[]): string => [`GET ${path} HTTP/${version}`, "host: x", ...headers, "", ""].join("\r\n");

/** All that comes until it ends in the `count`th `end`, or the connection is closed. */
function readUntil(socket: Socket, end: string, count = 1): Promise<string> {
  let text = "";
  socket.setEncoding("latin1");
  return new Promise((resolve) => {
    const onData = (piece: string): void => {
      text += piece;
      if (text.endsWith(end) && text.split(end).length > count) done();
    };
    const done = (): void => {
      socket.off("data", onData).off("end", done);
      resolve(text);
    };
    socket.on("data", onData).on("end", done);
  });
}

const lastChunk = "\r\n0\r\n\r\n";

describe("a stream's chunks are to the byte what Node writes", () => {
  it("on a connection that is kept, one answer after the other", async (t) => {
    const socket = await openSocket(t, await serverOf(t, stream));
    const answers: string[] = [];
    for (const path of ["/node", "/own", "/own", "/node"]) {
      socket.write(ask(path));
      answers.push(await readUntil(socket, lastChunk));
    }
    assert.equal(new Set(answers).size, 1);
    assert.match(answers[0] ?? "", /transfer-encoding: chunked\r\n/iu);
    assert.ok((answers[0] ?? "").endsWith(`\r\n5\r\nlast;${lastChunk}`));
  });

  for (const [how, version, ...headers] of [["where the connection closes behind them", "1.1", "connection: close"], ["over HTTP/1.0, which has none", "1.0"], ["over HTTP/1.0, kept", "1.0", "connection: keep-alive"]] as const) {
    it(how, async (t) => {
      const url = await serverOf(t, stream);
      const [node, own] = await Promise.all(["/node", "/own"].map(async (path) => {
        const socket = await openSocket(t, url);
        socket.write(ask(path, version, ...headers));
        return await readUntil(socket, "last;");
      }));
      assert.equal(own, node);
      assert.equal(/chunked/iu.test(own ?? ""), version === "1.1");
    });
  }

  it("for requests that were sent ahead, whose answers wait for their turn", async (t) => {
    const socket = await openSocket(t, await serverOf(t, stream));
    socket.write(ask("/node") + ask("/node") + ask("/node"));
    const node = await readUntil(socket, lastChunk, 3);
    socket.write(ask("/own") + ask("/own") + ask("/own"));
    assert.equal(await readUntil(socket, lastChunk, 3), node);
  });

  it("where an answer gets its connection between two of them", async (t) => {
    const responses: ServerResponse[] = [];
    let onBoth = (): void => {};
    const both = new Promise<void>((resolve) => (onBoth = resolve));
    const socket = await openSocket(t, await serverOf(t, (_request, response) => {
      if (responses.push(response) === 2) onBoth();
    }));
    socket.write(ask("/first") + ask("/second"));
    await both;
    const [first, second] = responses as [ServerResponse, ServerResponse];
    for (const response of responses) {
      response.writeHead(200);
      response.write("open;");
      writeChunk(response, encodeWireText("ahead;"));
    }
    assert.equal(second.socket, null);
    first.end();
    await once(first, "finish");
    writeChunk(second, encodeWireText("in its turn;"));
    second.end();
    const answer = await readUntil(socket, lastChunk, 2);
    assert.deepEqual(answer.split("HTTP/1.1").map((one) => one.split("\r\n\r\n").slice(1).join("\r\n\r\n")), [
      "", `5\r\nopen;\r\n6\r\nahead;${lastChunk}`, `5\r\nopen;\r\n6\r\nahead;\r\nc\r\nin its turn;${lastChunk}`,
    ]);
  });

  it("and never overtake what the response itself still holds", async (t) => {
    const socket = await openSocket(t, await serverOf(t, (_request, response) => {
      response.writeHead(200);
      response.write("open;");
      response.cork();
      response.write("held;");
      writeChunk(response, encodeWireText("behind it;"));
      response.uncork();
      writeChunk(response, encodeWireText("last;"));
      response.end();
    }));
    socket.write(ask("/"));
    const answer = await readUntil(socket, lastChunk);
    assert.equal(answer.replaceAll(/^[\s\S]*?\r\n\r\n|\r\n|[0-9a-f]+(?=\r\n)/gu, ""), "open;held;behind it;last;");
  });

  it("of which an empty one is none, not the last", async (t) => {
    const socket = await openSocket(t, await serverOf(t, (_request, response) => {
      response.writeHead(200);
      response.write("open;");
      writeChunk(response, noText);
      writeChunk(response, encodeWireText("last;"));
      response.end();
    }));
    socket.write(ask("/"));
    assert.ok((await readUntil(socket, lastChunk)).endsWith(`5\r\nopen;\r\n5\r\nlast;${lastChunk}`));
  });

  it("and none is written into the next answer, once their own has ended", async (t) => {
    const faults: string[] = [];
    const socket = await openSocket(t, await serverOf(t, (request, response) => {
      response.on("error", (error: NodeJS.ErrnoException) => faults.push(String(error.code)));
      response.writeHead(200);
      response.write("open;");
      response.end();
      if (request.url === "/first") writeChunk(response, encodeWireText("too late;"));
    }));
    socket.write(ask("/first") + ask("/second"));
    assert.doesNotMatch(await readUntil(socket, lastChunk, 2), /too late/u);
    assert.deepEqual(faults, ["ERR_STREAM_WRITE_AFTER_END"]);
  });
});

describe("a reader that stops", () => {
  /** The response to a request whose reader reads nothing, with chunks written until there was no room. */
  async function stalled(t: TestContext): Promise<{ readonly socket: Socket; readonly response: ServerResponse; readonly bytes: number }> {
    let onResponse = (_response: ServerResponse): void => {};
    const came = new Promise<ServerResponse>((resolve) => (onResponse = resolve));
    const socket = await openSocket(t, await serverOf(t, (_request, response) => onResponse(response)));
    socket.write(ask("/"));
    const response = await came;
    response.writeHead(200);
    response.write("open;");
    const text = encodeWireText("x".repeat(100_000));
    let bytes = 0;
    do bytes += text.length; while (writeChunk(response, text) || await isSoonTaken(response));
    return { socket, response, bytes };
  }

  /** Whether the system takes all of it within the next turns of the event loop. */
  async function isSoonTaken(response: ServerResponse): Promise<boolean> {
    for (let turn = 0; turn < 50 && !hasRoom(response); turn++) await new Promise(setImmediate);
    return hasRoom(response);
  }

  it("is waited for, and has lost nothing when it goes on", async (t) => {
    const { socket, response, bytes } = await stalled(t);
    let isOver = false;
    const room = roomOrClose(response).then(() => (isOver = true));
    await new Promise(setImmediate);
    assert.deepEqual([isOver, hasRoom(response)], [false, false]);
    const whole = readUntil(socket, lastChunk);
    await room;
    assert.equal(hasRoom(response), true);
    writeChunk(response, encodeWireText("behind;"));
    response.end();
    const answer = await whole;
    assert.equal(answer.split("x").length - 1, bytes);
    assert.ok(answer.endsWith(`7\r\nbehind;${lastChunk}`));
  });

  it("and leaves is waited for no more, and nothing is written to it", async (t) => {
    const { socket, response } = await stalled(t);
    const room = roomOrClose(response);
    socket.destroy();
    await room;
    assert.deepEqual([response.destroyed, hasRoom(response), writeChunk(response, encodeWireText("gone"))], [true, false, false]);
    await roomOrClose(response);
  });
});

describe("a text longer than the connection's buffer", () => {
  it("is waited for no longer than the system needs to take it", async (t) => {
    const socket = await openSocket(t, await serverOf(t, (_request, response) => {
      response.writeHead(200);
      response.write("open;");
      setImmediate(() => {
        const text = encodeWireText("x".repeat(70_000));
        response.end(encodeWireText(` ${String(writeChunk(response, text))}`));
      });
    }));
    socket.write(ask("/"));
    assert.match(await readUntil(socket, lastChunk), / true\r\n0\r\n/u);
  });
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { Listeners } from "../../src/http/listeners.ts";
import { createLogger } from "../../src/log.ts";
import { cleanUp } from "../support/cleanup.ts";
import { startEmbeddedWith } from "../support/embedded-server.ts";
import { hasIpv6 } from "../support/ipv6.ts";

const skip = hasIpv6() ? false : "this machine has no ::1";

async function listen(t: TestContext, port = 0, host = "127.0.0.1") {
  const logLines: string[] = [];
  const server = createHttpServer((_request, response) => response.end("here"));
  const listeners = new Listeners(server, createLogger("info", (line) => logLines.push(line)));
  const address = await listeners.listen(port, host);
  cleanUp(t, () => {
    server.closeAllConnections();
    return server.listening ? listeners.close() : undefined;
  });
  return { server, listeners, logLines, port: address.port };
}

const isRefused = (url: string): Promise<boolean> => fetch(url).then(() => false, () => true);

/** A server of another program that has this port, or any, on `::1`. */
async function taken(t: TestContext, port = 0): Promise<number> {
  const other = createServer().listen(port, "::1");
  await once(other, "listening");
  cleanUp(t, () => other.close());
  return (other.address() as AddressInfo).port;
}

describe("a server on 127.0.0.1", () => {
  it("answers on [::1] at the same port too, by one HTTP server", { skip }, async (t) => {
    const { server, port, logLines } = await listen(t);
    let requests = 0;
    server.on("request", () => (requests += 1));
    for (const host of ["127.0.0.1", "[::1]", "localhost"]) assert.equal(await (await fetch(`http://${host}:${port}/`)).text(), "here", host);
    assert.deepEqual([requests, logLines], [3, []]);
  });

  it("closes both, and waits for the connections of both", { skip }, async (t) => {
    const { server, listeners, port } = await listen(t);
    const sockets = ["127.0.0.1", "::1"].map((host) => connect(port, host));
    cleanUp(t, () => sockets.forEach((socket) => socket.destroy()));
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    // Each is known to the server once it has answered it.
    for (const socket of sockets) {
      socket.write("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
      await once(socket, "data");
      socket.resume();
    }
    let isClosed = false;
    const closed = listeners.close().then(() => (isClosed = true));
    const gone = sockets.map((socket) => once(socket, "close"));
    server.closeAllConnections();
    await Promise.all([...gone, closed]);
    assert.equal(isClosed, true);
    for (const host of ["127.0.0.1", "[::1]"]) assert.equal(await isRefused(`http://${host}:${port}/`), true, host);
  });

  it("goes on alone where another program has the port on [::1], and says so", { skip }, async (t) => {
    const port = await taken(t);
    const { logLines } = await listen(t, port);
    assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), "here");
    assert.match(logLines.join("\n"), new RegExp(`^\\S+ warn not listening on \\[::1\\], only on 127\\.0\\.0\\.1 port=${port} code=EADDRINUSE$`, "u"));
  });

  it("rejects where the port is in use there", async (t) => {
    const { port } = await listen(t);
    await assert.rejects(listen(t, port), { code: "EADDRINUSE" });
  });
});

for (const host of ["::1", "localhost"]) {
  it(`a server on ${host} listens there alone`, { skip }, async (t) => {
    const { port, server, logLines } = await listen(t, 0, host);
    const { address } = server.address() as AddressInfo;
    const other = address === "::1" ? "127.0.0.1" : "[::1]";
    assert.deepEqual([await isRefused(`http://${other}:${port}/`), logLines], [true, []]);
  });
}

it("the whole server answers on both, a stream too, and neither outlives it", { skip }, async (t) => {
  const { url, api } = await startEmbeddedWith(t, "answers");
  const { port } = new URL(url);
  for (const host of ["127.0.0.1", "[::1]"]) {
    const answer = await fetch(`http://${host}:${port}/v1/chat/completions`, {
      method: "POST", body: JSON.stringify({ model: "opus", stream: true, messages: [{ role: "user", content: "WORDS 2" }] }),
    });
    assert.match(await answer.text(), /w0 .*w1 .*\[DONE\]\n\n$/su, host);
    for (const path of ["/health", "/v1/models", "/"]) assert.equal((await fetch(`http://${host}:${port}${path}`)).status, 200, `${host} ${path}`);
  }
  await api.close();
  for (const host of ["127.0.0.1", "[::1]"]) assert.equal(await isRefused(`http://${host}:${port}/health`), true, host);
});

/** Who is let in, by the wire: hosts, pages, keys. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startEmbeddedWith } from "../support/embedded-server.ts";
import { openAiErrorIn, openAiErrorOf } from "../support/openai-error.ts";
import { rawRequest } from "../support/raw-http.ts";
import { chatRequest } from "../support/sse.ts";

const key = "sk-correct-horse";
const question = { model: "opus", messages: [{ role: "user", content: "WORDS 1" }] };
const head = (...lines: string[]): string => `${[...lines, "", ""].join("\r\n")}`;

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

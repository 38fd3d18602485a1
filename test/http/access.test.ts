import assert from "node:assert/strict";
import type { IncomingHttpHeaders } from "node:http";
import { describe, it } from "node:test";
import { BridgeError } from "../../src/errors.ts";
import { createAccess } from "../../src/http/access.ts";
import { failureOf } from "../../src/http/respond.ts";
import { openAiError, openAiErrors } from "../../src/api/openai/errors.ts";
import { statusOf } from "../support/openai-error.ts";

const key = "sk-correct-horse";
const allowedOrigins = ["https://chat.example.com", "app://obsidian.md", "tauri://localhost", "chrome-extension://*", "vscode-webview://*"];
const { check: open, corsHeaders } = createAccess({ host: "127.0.0.1", apiKey: undefined, allowedOrigins: [] });
const { check: named, corsHeaders: namedCors } = createAccess({ host: "127.0.0.1", apiKey: undefined, allowedOrigins });
const { check: keyed, corsHeaders: keyedCors } = createAccess({ host: "0.0.0.0", apiKey: key, allowedOrigins: [] });

function refusalOf(check: () => void): BridgeError {
  try {
    check();
  } catch (error) {
    assert.ok(error instanceof BridgeError);
    return error;
  }
  return assert.fail("it was let in");
}

const foreignOrigins = [
  "https://evil.com", "null", "", "http://localhost.evil.com", "http://evil.com:3456", "http://localhost@evil.com", "http://user@localhost",
  "http://localhost/", "file://localhost", "file://", "moz-extension://abcdef", "http://10.0.0.2:3000", "http://localhost:3000, https://evil.com", "*",
];
const namedOrigins = ["https://chat.example.com", "https://CHAT.example.com", "app://obsidian.md", "tauri://localhost", "chrome-extension://abcdef", "vscode-webview://0a1b"];
const nearlyNamed = [
  "https://chat.example.com.evil.com", "http://chat.example.com", "https://chat.example.com:8443", "https://evil.chat.example.com", "app://obsidian.md.evil", "app://",
  "chrome-extension://", "chrome-extension://a/b", "chrome-extension://a, https://evil.com", "chrome-extension://a@b", "xchrome-extension://a", "*", "chrome-extension", "null",
];
const loopbackOrigins = ["http://localhost", "https://localhost:5173", "http://127.0.0.1:3000", "http://[::1]:8080", "http://app.localhost:3000"];

describe("without a key", () => {
  for (const host of ["localhost", "localhost:3456", "127.0.0.1:3456", "127.8.8.8", "[::1]:3456", "api.localhost", "LOCALHOST:1"]) {
    it(`answers the Host ${host}`, () => open({ host }, ["Host", host]));
  }

  for (const host of ["evil.com", "evil.com:3456", "localhost.evil.com", "192.168.1.5:3456", "", "[::2]", "localhost:3456:1", "0.0.0.0:3456"]) {
    it(`answers 403 to the Host ${JSON.stringify(host)}`, () => {
      const error = refusalOf(() => open({ host }));
      assert.equal(statusOf(error), 403);
      assert.equal(openAiError(error).code, "forbidden");
    });
  }

  it("answers 403 when there is no Host", () => {
    assert.equal(refusalOf(() => open({}, ["accept", "*/*"])).code, "forbidden");
  });

  it("answers 403 when there are two, though Node shows the first", () => {
    assert.equal(refusalOf(() => open({ host: "localhost" }, ["Host", "localhost", "HOST", "evil.com"])).code, "forbidden");
  });

  it("does not take a header's value for a name", () => {
    open({ host: "localhost" }, ["x-a", "host", "Host", "localhost", "x-b", "host"]);
  });

  it("lets any key pass, for clients that must send one", () => {
    open({ host: "localhost", authorization: "Bearer whatever", "x-api-key": "other" });
  });

  it("is never made for a host beyond loopback", () => {
    assert.throws(() => createAccess({ host: "0.0.0.0", apiKey: undefined, allowedOrigins: [] }), /needs an API key/);
  });
});

describe("without a key an Origin", () => {
  for (const origin of loopbackOrigins) {
    it(`of this machine is let in: ${origin}`, () => open({ host: "localhost:3456", origin }));
  }
  for (const origin of foreignOrigins) {
    it(`that is foreign gets 403: ${JSON.stringify(origin)}`, () => {
      for (const check of [open, named]) {
        const error = refusalOf(() => check({ host: "localhost:3456", origin }));
        assert.equal(statusOf(error), 403);
        assert.match(error.message, /^This Origin is not allowed.*--allowed-origin/);
      }
    });
  }
  for (const origin of namedOrigins) {
    it(`that the owner named is let in, by nobody else: ${origin}`, () => {
      named({ host: "localhost:3456", origin });
      assert.equal(refusalOf(() => open({ host: "localhost:3456", origin })).code, "forbidden");
    });
    it(`that the owner named is refused on a Host that is not this machine's, as DNS rebinding has it: ${origin}`, () => {
      assert.equal(refusalOf(() => named({ host: "evil.com:3456", origin })).code, "forbidden");
    });
  }
  for (const origin of nearlyNamed) {
    it(`that only resembles one that the owner named gets 403: ${JSON.stringify(origin)}`, () => {
      assert.equal(refusalOf(() => named({ host: "localhost:3456", origin })).code, "forbidden");
      assert.deepEqual(namedCors(origin), {});
    });
  }
  it("that a foreign page leaves off gets 403", () => {
    const headers: IncomingHttpHeaders = { host: "localhost:3456", "sec-fetch-site": "cross-site" };
    for (const check of [open, named]) assert.equal(statusOf(refusalOf(() => check(headers))), 403);
  });
  for (const site of ["same-origin", "same-site", "none"] as const) {
    it(`may be missing from a ${site} request`, () => open({ host: "localhost:3456", "sec-fetch-site": site }));
  }
  it("of another loopback name is let in though it is cross-site", () => {
    open({ host: "127.0.0.1:3456", origin: "http://localhost:3000", "sec-fetch-site": "cross-site" });
  });
});

describe("with a key an Origin", () => {
  for (const origin of [...foreignOrigins, ...loopbackOrigins, ...namedOrigins]) {
    it(`is served with the right one, and told that another is wrong: ${JSON.stringify(origin)}`, () => {
      keyed({ host: "localhost:3456", origin, "sec-fetch-site": "cross-site", authorization: `Bearer ${key}` });
      for (const authorization of [undefined, "Bearer wrong"]) assert.equal(statusOf(refusalOf(() => keyed({ origin, authorization }))), 401);
    });
  }
});

describe("with a key", () => {
  const right: readonly IncomingHttpHeaders[] = [
    { authorization: `Bearer ${key}` },
    { authorization: `bearer ${key}` },
    { authorization: `BEARER   ${key} ` },
    { "x-api-key": key },
    { authorization: "Bearer wrong", "x-api-key": key },
    { authorization: `Bearer ${key}`, "x-api-key": "wrong" },
    { authorization: `Bearer ${key}`, host: "any.example.com" },
  ];
  for (const headers of right) {
    it(`lets in ${JSON.stringify(headers)}`, () => keyed(headers));
  }

  const wrong: readonly IncomingHttpHeaders[] = [
    { authorization: "Bearer wrong" },
    { authorization: `Bearer ${key}x` },
    { authorization: `Bearer ${key} x` },
    { authorization: key },
    { authorization: `Basic ${key}` },
    { authorization: "Bearer " },
    { authorization: "" },
    { "x-api-key": "" },
    { "x-api-key": key.toUpperCase() },
    { "x-api-key": [key] },
    { "x-api-key": "k\u00fcche" },
    {},
  ];
  for (const headers of wrong) {
    it(`answers 401 to ${JSON.stringify(headers)}`, () => {
      const error = refusalOf(() => keyed(headers));
      assert.equal(statusOf(error), 401);
      assert.equal(openAiError(error).type, "authentication_error");
      assert.equal(openAiError(error).code, "invalid_api_key");
      assert.equal(failureOf(error, openAiErrors, "req_1").headers["www-authenticate"], "Bearer");
      assert.equal(error.cause, undefined);
    });
  }

  it("says nothing of the key that was sent, nor of its own", () => {
    const error = refusalOf(() => keyed({ authorization: "Bearer hunter2", "x-api-key": "hunter2" }));
    assert.ok(!JSON.stringify([error.message, openAiError(error), error.stack]).includes("hunter2"));
    assert.ok(!error.message.includes(key));
  });

  it("tells a missing key from a wrong one", () => {
    assert.match(refusalOf(() => keyed({})).message, /^An API key is needed/);
    assert.match(refusalOf(() => keyed({ "x-api-key": "x" })).message, /^The API key is not this server's/);
  });

  it("is not asked of a preflight, and of nothing that only looks like one", () => {
    const preflight: IncomingHttpHeaders = { origin: "http://localhost:3000", "access-control-request-method": "POST" };
    keyed(preflight, [], "OPTIONS");
    assert.equal(statusOf(refusalOf(() => keyed(preflight, [], "POST"))), 401);
    assert.equal(statusOf(refusalOf(() => keyed(preflight))), 401);
    assert.equal(statusOf(refusalOf(() => keyed({ origin: "http://localhost:3000" }, [], "OPTIONS"))), 401);
    for (const origin of [...foreignOrigins, ...namedOrigins]) keyed({ ...preflight, origin }, [], "OPTIONS");
  });
});

describe("CORS headers", () => {
  it("name a loopback Origin", () => {
    assert.deepEqual(corsHeaders("http://localhost:3000"), {
      "access-control-allow-origin": "http://localhost:3000",
      vary: "origin",
      "access-control-expose-headers": "retry-after, x-request-id, x-should-retry",
    });
  });

  for (const origin of [undefined, ...foreignOrigins]) {
    it(`are left off for ${JSON.stringify(origin)}`, () => {
      assert.deepEqual(corsHeaders(origin), {});
      assert.deepEqual(corsHeaders(origin, { requestHeaders: "authorization" }), {});
    });
  }

  it("tell a preflight what may be sent", () => {
    assert.deepEqual(corsHeaders("http://127.0.0.1:3000", { requestHeaders: undefined }), {
      "access-control-allow-origin": "http://127.0.0.1:3000",
      vary: "origin",
      "access-control-allow-methods": "GET, POST, DELETE, OPTIONS",
      "access-control-allow-headers": "authorization, content-type, x-api-key, x-request-id",
      "access-control-max-age": "600",
    });
  });

  it("name what a path allows besides, each name once", () => {
    const page = { methods: ["PUT", "POST"], requestHeaders: ["x-lines", "x-api-key"], responseHeaders: ["x-window", "retry-after"] };
    const preflight = corsHeaders("http://localhost", { requestHeaders: "x-lines, x-evil" }, page);
    assert.equal(preflight["access-control-allow-methods"], "GET, POST, DELETE, OPTIONS, PUT");
    assert.equal(preflight["access-control-allow-headers"], "authorization, content-type, x-api-key, x-request-id, x-lines");
    assert.equal(corsHeaders("http://localhost", undefined, page)["access-control-expose-headers"], "retry-after, x-request-id, x-should-retry, x-window");
    assert.deepEqual(corsHeaders("https://evil.com", { requestHeaders: "x-lines" }, page), {});
  });

  it("grant the SDK's own x-stainless headers when asked for, and no others", () => {
    const headers = corsHeaders("http://localhost", { requestHeaders: "Authorization, X-Stainless-OS,x-stainless-lang, x-evil, x-stainless-a\r\nb, *" });
    assert.equal(
      headers["access-control-allow-headers"],
      "authorization, content-type, x-api-key, x-request-id, x-stainless-os, x-stainless-lang",
    );
  });

  const ofClients = ["openai-beta", "openai-organization", "anthropic-version", "anthropic-dangerous-direct-browser-access", "x-title", "http-referer", "x-stainless-retry-count", "x-requested-with"];
  for (const name of ofClients) {
    it(`grant ${name}, which clients in browsers send, when asked for`, () => {
      const granted = (asked: string): string[] => (corsHeaders("http://localhost", { requestHeaders: asked })["access-control-allow-headers"] ?? "").split(", ");
      assert.deepEqual([granted(`content-type, ${name.toUpperCase()}`).includes(name), granted("content-type").includes(name)], [true, false]);
    });
  }

  it("name an Origin that the owner has named, and no other", () => {
    for (const origin of namedOrigins) assert.equal(namedCors(origin)["access-control-allow-origin"], origin);
    for (const origin of foreignOrigins) assert.deepEqual(namedCors(origin), {});
  });

  it("name any Origin where there is a key, null too: the page has to have it", () => {
    for (const origin of [...loopbackOrigins, ...namedOrigins, "https://evil.com", "null", "file://"]) {
      assert.equal(keyedCors(origin)["access-control-allow-origin"], origin);
      assert.equal(keyedCors(origin, { requestHeaders: "authorization" })["access-control-allow-headers"]?.startsWith("authorization"), true);
    }
    for (const origin of [undefined, "", "*", "http://a, http://b", "a b", "\u00e9"]) assert.deepEqual(keyedCors(origin), {});
  });

  it("let a page of the internet reach this machine where it may be served, if its browser asks", () => {
    const asked = { requestHeaders: undefined, isToPrivateNetwork: true };
    assert.equal(keyedCors("https://chat.example.com", asked)["access-control-allow-private-network"], "true");
    assert.equal(namedCors("https://chat.example.com", asked)["access-control-allow-private-network"], "true");
    assert.equal(keyedCors("https://chat.example.com", { requestHeaders: undefined })["access-control-allow-private-network"], undefined);
    assert.deepEqual(corsHeaders("https://chat.example.com", asked), {});
  });

  it("allow no credentials, and never hold a star", () => {
    for (const origin of [...loopbackOrigins, ...foreignOrigins, ...namedOrigins]) {
      for (const cors of [corsHeaders, namedCors, keyedCors]) {
        const all = JSON.stringify([cors(origin, { requestHeaders: "*", isToPrivateNetwork: true }), cors(origin)]);
        assert.ok(!all.includes("*") && !all.includes("credentials"), all);
      }
    }
  });
});

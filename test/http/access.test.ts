import assert from "node:assert/strict";
import type { IncomingHttpHeaders } from "node:http";
import { describe, it } from "node:test";
import { BridgeError } from "../../src/errors.ts";
import { corsHeaders, createAccessCheck } from "../../src/http/access.ts";
import { failureOf } from "../../src/http/respond.ts";
import { openAiError, openAiErrors } from "../../src/api/openai/errors.ts";
import { statusOf } from "../support/openai-error.ts";

const open = createAccessCheck({ host: "127.0.0.1", apiKey: undefined });
const key = "sk-correct-horse";
const keyed = createAccessCheck({ host: "0.0.0.0", apiKey: key });

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
  "http://localhost/", "file://localhost", "chrome-extension://abcdef", "http://10.0.0.2:3000", "http://localhost:3000, https://evil.com", "*",
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
    assert.throws(() => createAccessCheck({ host: "0.0.0.0", apiKey: undefined }), /needs an API key/);
  });
});

describe("an Origin", () => {
  const checks = [
    ["without a key", open, {}],
    ["with a key", keyed, { authorization: `Bearer ${key}` }],
  ] as const;
  for (const [when, check, credentials] of checks) {
    for (const origin of loopbackOrigins) {
      it(`of this machine is let in ${when}: ${origin}`, () => check({ host: "localhost:3456", origin, ...credentials }));
    }
    for (const origin of foreignOrigins) {
      it(`that is foreign gets 403 ${when}: ${JSON.stringify(origin)}`, () => {
        const error = refusalOf(() => check({ host: "localhost:3456", origin, ...credentials }));
        assert.equal(statusOf(error), 403);
        assert.match(error.message, /^This Origin is not allowed.*with or without an API key/);
      });
    }
    it(`that a foreign page leaves off gets 403 ${when}`, () => {
      const headers: IncomingHttpHeaders = { host: "localhost:3456", "sec-fetch-site": "cross-site", ...credentials };
      assert.equal(statusOf(refusalOf(() => check(headers))), 403);
    });
    for (const site of ["same-origin", "same-site", "none"] as const) {
      it(`may be missing from a ${site} request ${when}`, () => check({ host: "localhost:3456", "sec-fetch-site": site, ...credentials }));
    }
    it(`of another loopback name is let in though it is cross-site ${when}`, () => {
      check({ host: "127.0.0.1:3456", origin: "http://localhost:3000", "sec-fetch-site": "cross-site", ...credentials });
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
    assert.equal(statusOf(refusalOf(() => keyed({ ...preflight, origin: "https://evil.com" }, [], "OPTIONS"))), 403);
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

  it("never hold a star", () => {
    for (const origin of [...loopbackOrigins, ...foreignOrigins]) {
      assert.ok(!JSON.stringify(corsHeaders(origin, { requestHeaders: "*" })).includes("*"));
    }
  });
});

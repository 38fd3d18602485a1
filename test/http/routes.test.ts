import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { openAiErrors } from "../../src/api/openai/errors.ts";
import { StoredResponses } from "../../src/api/openai/responses/stored.ts";
import { StoredSessions } from "../../src/api/openai/sessions/stored.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { allowedMethods, handlerOf, listedPaths, type Route } from "../../src/http/route.ts";
import { Router } from "../../src/http/router.ts";
import { routesOf } from "../../src/http/routes.ts";
import { createClaudeMaxApi, turnRoute } from "../../src/index.ts";
import { madeUpDialect } from "../api/made-up-dialect/dialect.ts";
import { startEmbedded, startEmbeddedWith } from "../support/embedded-server.ts";
import { waitForHealth } from "../support/health.ts";
import { anthropicErrorIn } from "../support/messages-wire.ts";
import { openAiErrorIn, statusOf } from "../support/openai-error.ts";
import { chatRequest, postJson } from "../support/sse.ts";

/** The table needs an engine and a store only when a request is served. */
const routes = routesOf({ engine: {} as Engine, store: new StoredResponses(), sessionStore: new StoredSessions(() => 0), server: { version: "0.0.0", isDemo: false, startedAtMs: 0, findPolicy: () => [] }, defaultErrors: openAiErrors, more: [] });
const router = new Router(routes);

function pathFound(url: string): string {
  return router.find(url)?.route.path ?? assert.fail(`${url} was not found`);
}

const served = [
  ["GET", "", "/", "GET, HEAD, OPTIONS"],
  ["GET", "/health", "/health", "GET, HEAD, OPTIONS"],
  ["GET", "/models", "/v1/models", "GET, HEAD, OPTIONS"],
  ["GET", "/models/claude-opus-4", "/v1/models/{id...}", "GET, HEAD, OPTIONS"],
  ["POST", "/chat/completions", "/v1/chat/completions", "POST, OPTIONS"],
  ["GET", "/sessions", "/v1/sessions", "GET, HEAD, OPTIONS"],
  ["GET", "/sessions/a", "/v1/sessions/{id}", "GET, HEAD, DELETE, OPTIONS"],
  ["POST", "/responses", "/v1/responses", "POST, OPTIONS"],
  ["POST", "/messages", "/v1/messages", "POST, OPTIONS"],
  ["POST", "/messages/count_tokens", "/v1/messages/count_tokens", "POST, OPTIONS"],
  ["POST", "/completions", "/v1/completions", "POST, OPTIONS"],
  ["GET", "/responses/resp_1", "/v1/responses/{id}", "GET, HEAD, DELETE, OPTIONS"],
  ["DELETE", "/responses/resp_1", "/v1/responses/{id}", "GET, HEAD, DELETE, OPTIONS"],
] as const;

describe("a path", () => {
  for (const [method, path, name, allow] of served) {
    it(`${method} ${path || "/"} is served with and without /v1, a slash behind, and a query`, () => {
      for (const prefix of ["", "/v1"]) {
        for (const suffix of ["", "/", "//", "?a=b", "/?a=/v1/models", "?"]) assert.equal(pathFound(prefix + path + suffix), name, prefix + path + suffix);
      }
    });

    it(`${method} ${path || "/"} tells its methods, and refuses the others by them`, () => {
      for (const prefix of ["", "/v1"]) {
        const { route } = router.find(prefix + path) ?? assert.fail(path);
        assert.equal(allowedMethods(route), allow);
        assert.ok(handlerOf(route, method) !== undefined);
        for (const other of ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "TRACE", ""].filter((candidate) => !allow.split(", ").includes(candidate))) {
          assert.equal(handlerOf(route, other), undefined, other);
        }
      }
    });

    if (method === "GET") it(`${path || "/"} is served to HEAD as to GET`, () => {
      const { route } = router.find(`/v1${path}`) ?? assert.fail(path);
      assert.equal(handlerOf(route, "HEAD"), handlerOf(route, "GET"));
    });
  }

  it("gives what stands behind /models/, percent-encoding and slashes as they are", () => {
    for (const id of ["opus", "claude-code-cli/opus", "a%2Fb", "claude-3-5@20250101"]) {
      assert.equal(router.find(`/v1/models/${id}?x=1`)?.parameter, id);
    }
  });

  it("gives the response's id, whatever stands behind it", () => {
    for (const url of ["/responses/resp_a-B", "/v1/responses/resp_a-B/", "/v1/responses/resp_a-B?stream=true"]) assert.equal(router.find(url)?.parameter, "resp_a-B");
  });

  for (const [path, name] of [
    ["/v1//chat/completions", "/v1/chat/completions"], ["/v1/v1/chat/completions", "/v1/chat/completions"], ["//chat/completions", "/v1/chat/completions"], ["/v1/chat//completions//", "/v1/chat/completions"],
    ["//v1//v1/responses", "/v1/responses"], ["/v1/v1/v1/models", "/v1/models"], ["/v1///models/opus", "/v1/models/{id...}"], ["/v1/v1/responses/resp_1", "/v1/responses/{id}"], ["/v1/v1/health", "/health"], ["//", "/"],
  ] as const) {
    it(`${path} is read as ${name}`, () => assert.equal(pathFound(path), name));
  }

  for (const [path, added] of [
    ["/v1/chat/completions/chat/completions", "/chat/completions"], ["/v1/chat/completions/models", "/models"], ["/api/v1/chat/completions", "/chat/completions"], ["/openai/v1/responses", "/responses"],
    ["/V1/models", "/models"], ["/v2/models", "/models"], ["/v1/chat/v1/chat/completions/", "/chat/completions"],
  ] as const) {
    it(`${path} is not there, and what the base URL should be is told`, () => {
      assert.equal(router.find(path), undefined);
      assert.ok(router.notFound(path).message.endsWith(` The client's base URL should be this server's address with /v1 and nothing else behind it: the client adds ${added} itself.`), router.notFound(path).message);
    });
  }

  for (const path of ["/v1/responses/resp_1/input_items", "/v1/responses/resp_1/cancel", "/v1/responsesx", "/v1/chat", "/v1/chat/completions/x", "/v1models", "/modelsx", "/healthz", "/v1/completions/x", "/v1/embed", "*"]) {
    it(`${path} is not there, for any method`, () => {
      assert.equal(router.find(path), undefined);
      const error = router.notFound(path);
      assert.deepEqual([statusOf(error), error.code], [404, "not_found"]);
      assert.doesNotMatch(error.message, /base URL/u);
    });
  }

  it("that is not there is told, but not a novel", () => {
    assert.match(router.notFound("/v1/embed").message, /at \/embed\. There are \/v1\/chat\/completions/);
    assert.ok(router.notFound(`/${"x".repeat(10_000)}`).message.length < 400);
  });

  it("keeps its query to itself", () => assert.doesNotMatch(router.notFound("/nowhere?key=secret").message, /secret/));
});

describe("a table of routes", () => {
  const tableOf = (...paths: string[]): Router => new Router(paths.map((path) => ({ path, errors: openAiErrors, handlers: {} })));

  for (const [later, earlier] of [
    ["/v1/responses", "/v1/responses"], ["/responses", "/v1/responses"], ["/v1/responses/", "/v1/responses"], ["/things/{a}", "/things/{b}"],
    ["/things/mine", "/things/{id...}"], ["/things/{id}", "/v1/things/{id...}"], ["/things/{a...}", "/things/{b...}"],
  ] as const) {
    it(`is refused where ${later} stands behind ${earlier}, and is told the path that is never reached`, () => {
      assert.throws(() => tableOf(earlier, "/else", later), { message: `The path ${later} is never reached: ${earlier} matches it.` });
    });
  }

  for (const path of ["", "things", "/things/{id", "/things/id}", "/things/{}", "/a{id}", "/{a}/{b}", "/{a}..", "/a?b", "/a#b"]) {
    it(`is refused where ${JSON.stringify(path)} is a path`, () => assert.throws(() => tableOf(path), (error: Error) => error.message.startsWith(`The path ${path} is no`)));
  }

  it("is taken where a placeholder stands behind a name, and where paths differ in characters that patterns give a meaning", () => {
    const router = tableOf("/things/mine", "/things/{id}", "/things/{id...}", "/a.b", "/a+b", "/a(b)");
    for (const path of ["/things/mine", "/a.b", "/a+b", "/a(b)"]) assert.equal(router.find(path)?.route.path, path);
    assert.equal(router.find("/things/x")?.route.path, "/things/{id}");
    assert.equal(router.find("/things/x/y")?.route.path, "/things/{id...}");
    assert.equal(router.find("/aXb"), undefined);
  });

  describe("of which one needs a header", () => {
    const route = (name: string, onlyWith?: string): Route => (
      { path: "/v1/models", errors: openAiErrors, handlers: { [name]: () => {} }, options: onlyWith === undefined ? {} : { onlyWith } }
    );
    const served = (table: Router, ...headers: string[]): string[] => Object.keys(table.find("/v1/models", (name) => headers.includes(name))?.route.handlers ?? {});

    it("gives it the requests that have the header, wherever it stands, and the others to the route of all", () => {
      for (const table of [new Router([route("all"), route("one", "x-one")]), new Router([route("one", "x-one"), route("all")])]) {
        assert.deepEqual([served(table), served(table, "x-two"), served(table, "x-two", "x-one")], [["all"], ["all"], ["one"]]);
      }
    });

    it("serves nothing without the header where no other route has the path", () => {
      assert.deepEqual(served(new Router([route("one", "x-one")])), []);
    });

    it("lists the path once, and refuses a second route for the same header", () => {
      assert.deepEqual(listedPaths([route("all"), route("one", "x-one")]), ["/v1/models"]);
      assert.throws(() => new Router([route("one", "x-one"), route("again", "x-one")]), /\/v1\/models is never reached/u);
      assert.doesNotThrow(() => new Router([route("one", "x-one"), route("two", "x-two")]));
    });
  });

  it("of an embedding program that repeats a path of the server's is refused when the server is made", () => {
    const route = turnRoute("/v1/chat/completions", madeUpDialect);
    assert.throws(() => createClaudeMaxApi({ claude: "none" }, { routes: [route] }), /\/v1\/chat\/completions is never reached/u);
  });
});

describe("the answers", () => {
  it("of /v1/responses/compact say what to do instead, and nobody is sent there", async (t) => {
    const { url } = await startEmbedded(t, { demo: true });
    for (const path of ["/v1/responses/compact", "/responses/compact/", "/v1/v1/responses/compact"]) {
      const error = await openAiErrorIn(await postJson(`${url}${path}`, { model: "opus", input: "hi" }));
      assert.deepEqual([error.status, error.code, error.param], [404, "not_found", null], path);
      assert.match(error.message, /not compacted here.*ask for a summary at \/v1\/responses/u);
    }
    assert.doesNotMatch(await (await fetch(`${url}/`)).text(), /compact/u);
    assert.doesNotMatch(router.notFound("/v1/embeddings").message, /compact/u);
  });

  it("of what the APIs have and this server has not say so, and what people use instead; nobody is sent there", async (t) => {
    const { url } = await startEmbedded(t, { demo: true });
    for (const path of ["/v1/embeddings", "/embeddings", "/v1/images/generations", "/v1/audio/speech", "/v1/audio/transcriptions", "/v1/moderations", "/v1/batches"]) {
      const response = await postJson(`${url}${path}`, { model: "opus", input: "hi" });
      assert.equal(response.headers.get("x-should-retry"), "false", "OpenAI's SDKs would ask three times");
      const error = await openAiErrorIn(response);
      assert.deepEqual([error.status, error.code, error.param], [501, "not_implemented", null], path);
      assert.match(error.message, /use |send them/u);
    }
    const { status, type } = await anthropicErrorIn(await postJson(`${url}/messages/batches`, { model: "opus", messages: [] }));
    assert.deepEqual([status, type], [501, "invalid_request_error"]);
    assert.doesNotMatch(await (await fetch(`${url}/`)).text(), /embeddings|batches/u);
  });

  it("of / and /health tell what this is and how it is", async (t) => {
    const { url, api } = await startEmbedded(t, { demo: true });
    // A busy machine may not have looked for the CLI yet.
    await waitForHealth(url, ({ claude }) => claude.capabilities !== null);
    const about = await (await fetch(`${url}/`)).json() as { name: string; endpoints: string[] };
    assert.equal(about.name, "claude-max-api");
    for (const endpoint of about.endpoints) assert.notEqual((await fetch(url + endpoint, { method: "OPTIONS" })).status, 404, endpoint);
    const health = await (await fetch(`${url}/health`)).json() as Record<string, unknown>;
    const { uptime_seconds, version, ...rest } = health;
    assert.ok(Number.isInteger(uptime_seconds) && Number(uptime_seconds) >= 0);
    assert.match(String(version), /^\d+\.\d+\.\d+$/);
    const told = { first_message: 0, unknown_history: 0, in_use: 0, idle_time: 0, evicted: 0, renewed: 0, process_ended: 0, rewind_refused: 0 };
    assert.deepEqual({ ...rest, processes: undefined }, {
      status: "ok", demo: true, running_turns: 0, waiting_turns: 0, processes: undefined, rate_limit: null,
      turns: { went_on: 0, rewound: 0, messages_taken_back: 0, told, told_on: { recycled: 0, warm: 0, booted: 0 } },
      claude: {
        found: true, version: "2.1.330", logged_in: true, account_email_sent: false, managed_policy: [], notes: [],
        capabilities: { history: true, settings: true, thinking: true, rewind_steps: false, rewind_many: false, rewind_to_empty: false, answer_target: false, set_model: false }, message: null,
      },
    });
    assert.equal((await api.discovered()).loggedIn, true);
  });

  for (const [fake, installed, words] of [
    ["logged-out", { found: true, version: "2.1.330", logged_in: false, account_email_sent: false }, /not logged in: run `claude`/u],
    ["no-version", { found: false, version: null, logged_in: null, account_email_sent: null }, /./u],
  ] as const) {
    it(`of /health say why nothing can be asked: ${fake}`, async (t) => {
      const { url } = await startEmbeddedWith(t, fake);
      const { status, claude } = await (await fetch(`${url}/health`)).json() as { status: string; claude: Record<string, unknown> };
      assert.equal(status, "unavailable");
      const { message, managed_policy: _policy, notes: _notes, capabilities: _capabilities, ...rest } = claude;
      assert.deepEqual(rest, installed);
      assert.match(String(message), words);
    });
  }

  it("tell of the subscription's window once the CLI has", async (t) => {
    const { url } = await startEmbeddedWith(t, "tells-window");
    const resetsAt = Math.floor(Date.now() / 1000) + 3_600;
    const ask = { model: "opus", messages: [{ role: "user", content: `until ${resetsAt}` }] };
    for (const stream of [true, false]) {
      const response = await chatRequest(url, { ...ask, stream });
      await response.text();
      assert.deepEqual([response.headers.get("x-claude-window"), response.headers.get("x-claude-window-used-percent")], ["five_hour", "25"]);
      assert.deepEqual([...response.headers.keys()].filter((name) => name.startsWith("x-ratelimit-")), [], "it counts no requests");
      const seconds = Number(response.headers.get("x-claude-window-resets-in-seconds"));
      assert.ok(seconds > 3_000 && seconds <= 3_600, String(seconds));
    }
    const health = await (await fetch(`${url}/health`)).json() as Record<string, unknown>;
    assert.deepEqual(health["rate_limit"], { status: "allowed", window: "five_hour", utilization: 0.25, resets_at: resetsAt });
  });

  it("of HEAD have no body", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    for (const path of ["/", "/v1/models", "/health"]) {
      const response = await fetch(url + path, { method: "HEAD" });
      assert.equal(response.status, 200, path);
      assert.equal(await response.text(), "");
      assert.ok(Number(response.headers.get("content-length")) > 0);
    }
  });

  it("of /v1/models are OpenAI's form, the CLI's own names among them", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    const list = await (await fetch(`${url}/v1/models`)).json() as { object: string; data: Record<string, unknown>[] };
    assert.equal(list.object, "list");
    const ids = list.data.map(({ id }) => id);
    for (const id of ["opus", "sonnet", "haiku", "claude-opus-4", "fake", "claude-fake-1"]) assert.ok(ids.includes(id), id);
    assert.equal(new Set(ids).size, ids.length);
    for (const model of list.data) {
      assert.equal(model["object"], "model");
      assert.equal(model["owned_by"], "anthropic");
      assert.ok(Number.isInteger(model["created"]) && Number(model["created"]) < Date.now() / 1000 + 1, "seconds, not milliseconds");
      const one = await (await fetch(`${url}/v1/models/${String(model["id"])}`)).json();
      assert.deepEqual(one, model);
    }
  });

  it("of /v1/models name the operator's aliases first, each once, and an alias answers as what it stands for", async (t) => {
    const aliases = [{ name: "gpt-4o", model: "opus" }, { name: "o3/mini", model: "claude-opus-4", effort: "high" as const }, { name: "haiku", model: "opus" }];
    const { url } = await startEmbeddedWith(t, "answers", { aliases });
    const { data } = await (await fetch(`${url}/v1/models`)).json() as { data: { id: string }[] };
    const ids = data.map(({ id }) => id);
    assert.deepEqual(ids.slice(0, 3), ["gpt-4o", "o3/mini", "haiku"]);
    assert.equal(new Set(ids).size, ids.length);
    for (const id of ["gpt-4o", "o3/mini", "o3%2Fmini"]) {
      const one = await fetch(`${url}/v1/models/${id}`);
      assert.deepEqual(await one.json(), data.find((model) => model.id === decodeURIComponent(id)));
    }
    const answer = await (await chatRequest(url, { model: "gpt-4o", messages: [{ role: "user", content: "WORDS 1" }] })).json() as { model: string; object: string };
    assert.deepEqual([answer.object, answer.model], ["chat.completion", "gpt-4o"]);
  });

  it("of an alias for a model that nobody serves are a 404", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers", { aliases: [{ name: "gpt-4o", model: "gpt-5" }] });
    const error = await openAiErrorIn(await chatRequest(url, { model: "gpt-4o", messages: [{ role: "user", content: "hi" }] }));
    assert.deepEqual([error.status, error.param], [404, "model"]);
  });

  it("of /v1/models/{id} take what a client may write, and 404 what nobody serves", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    for (const id of ["opus", "claude-code-cli/opus", "claude-code-cli%2Fopus", "claude-some-later-one", "anthropic/claude-sonnet-4.5", "Claude-Sonnet-4-5"]) {
      const response = await fetch(`${url}/v1/models/${id}`);
      assert.equal(response.status, 200, id);
      assert.equal((await response.json() as { id: string }).id, decodeURIComponent(id));
    }
    for (const id of ["gpt-4o", "-opus", "--model", "opus%20x"]) {
      const error = await openAiErrorIn(await fetch(`${url}/v1/models/${id}`));
      assert.deepEqual([error.status, error.code, error.param], [404, "model_not_found", "model"], id);
    }
    const broken = await openAiErrorIn(await fetch(`${url}/v1/models/%E0%A4`));
    assert.deepEqual([broken.status, broken.param], [400, "model"]);
  });
});

test("the model that served is told in a header, streamed and not", async (t) => {
  const { url } = await startEmbeddedWith(t, "answers");
  for (const stream of [true, false]) {
    const response = await chatRequest(url, { model: "opus", stream, messages: [{ role: "user", content: "WORDS 1" }] });
    assert.equal(response.headers.get("x-claude-model"), "claude-fake-1");
    await response.text();
  }
});

test("a request that names no model gets the default one, and its answer says so", async (t) => {
  const { url } = await startEmbeddedWith(t, "answers", { defaultModel: "sonnet" });
  for (const more of [{}, { model: null }, { model: "" }]) {
    const response = await chatRequest(url, { ...more, messages: [{ role: "user", content: "WORDS 2" }] });
    const answer = await response.json() as { model: string; choices: { message: { content: string } }[] };
    assert.equal(answer.model, "sonnet");
    assert.equal(answer.choices[0]?.message.content, "w0 w1 ");
  }
});

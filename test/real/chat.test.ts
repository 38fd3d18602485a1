/**
 * The whole way: the server as a process of its own, the real CLI as a subscriber has it, and the stub in place of Anthropic.
 * No test here may make the stub refuse a request, unless it says so.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import {
  type AnthropicStub, brokenAnswer, conversationOf, errorAnswer, hangingAnswer, midStreamErrorAnswer, type StubAnswer,
  type StubRequest, subscriptionHeaders, textAnswer, textOf,
} from "../support/anthropic-stub.ts";
import { type BridgeProcess, startBridge } from "../support/bridge-process.ts";
import { within } from "../support/exit.ts";
import { healthOf, waitForHealth } from "../support/health.ts";
import { openAiErrorIn, openAiErrorOf } from "../support/openai-error.ts";
import { listProcesses, waitUntilGone } from "../support/processes.ts";
import { apiKeyEnvironment, claudePath, type ClaudeVersion, claudeVersions, loggedOutEnvironment, subscriptionEnvironment, temporaryFolder } from "../support/real-claude.ts";
import { chatRequest, readStrictSse } from "../support/sse.ts";
import { startStub } from "../support/watched-stub.ts";

const leanBodyBytesMax = 2_600;
const goneMsMax = 30_000;
const noSignals = process.platform === "win32" ? "no signals" : false;
/** The SDK is not this project's: it is asked as a plain object. */
const { OpenAI } = createRequire(new URL("../interop/package.json", import.meta.url))("openai") as { OpenAI: new (options: object) => any };

/** One of everything that breaks JSON, UTF-8 or lines on the way. */
const oddDeltas = ["Grüße, ", '"w\u2028elt" ', "\\ \n\t", "😀", "</script>", " data: [DONE]\n\n", "\u0000\u001f", "日本"];

interface Chunk {
  readonly choices: readonly { readonly delta: { readonly content?: string; readonly reasoning_content?: string }; readonly finish_reason: string | null }[];
  readonly usage?: object | null;
}

interface Scene {
  readonly stub: AnthropicStub;
  readonly bridge: BridgeProcess;
  readonly url: string;
  readonly folder: string;
}

interface SceneOptions {
  readonly args?: readonly string[];
  readonly environment?: (stubUrl: string, folder: string) => Record<string, string>;
  readonly more?: Readonly<Record<string, string>>;
}

/** Without warm processes, so that those there are are those of the turns; a failure keeps its status, however slow the machine. */
async function start(t: TestContext, version: ClaudeVersion, { args = [], environment = subscriptionEnvironment, more = {} }: SceneOptions = {}): Promise<Scene> {
  const folder = await temporaryFolder(t);
  const stub = await startStub(t);
  const bridge = await startBridge(t, {
    args: ["--claude", claudePath(version), "--pass-env", "ANTHROPIC_BASE_URL,DISABLE_TELEMETRY", "--warm", "0", "--head-wait", "600", "--max-retries", "0", ...args],
    env: { ...environment(stub.url, folder), ...more },
  });
  return { stub, bridge, url: bridge.url, folder };
}

/** Answers by the text of the last message that the client sent. */
function answerBy(stub: AnthropicStub, answers: Readonly<Record<string, StubAnswer>>): void {
  stub.respond = ({ body }) => {
    const asked = textOf(conversationOf(body).at(-1)?.content);
    return answers[asked] ?? assert.fail(`nothing is to be answered to ${JSON.stringify(asked)}`);
  };
}

const ask = (content: unknown, more: object = {}): object => ({ model: "sonnet", messages: [{ role: "user", content }], ...more });

/** The requests of one question, by the text of its last message. */
const requestsFor = (stub: AnthropicStub, asked: string): StubRequest[] => stub.requests.filter(({ body }) => textOf(conversationOf(body).at(-1)?.content) === asked);

function claudesOf(bridge: BridgeProcess): number[] {
  return listProcesses("stream-json", bridge.child.pid).map(({ pid }) => pid);
}

async function streamOf(response: Response): Promise<{ readonly chunks: readonly Chunk[]; readonly text: string; readonly deltas: readonly string[]; readonly isDone: boolean; readonly error: string | undefined; readonly finish: readonly (string | null)[] }> {
  assert.equal(response.status, 200);
  const { data } = await readStrictSse(response);
  const isDone = data.at(-1) === "[DONE]";
  const error = data.find((entry) => entry.startsWith('{"error"'));
  if (error !== undefined) assert.equal(error, data.at(-1), "an error is the last event");
  const chunks = data.filter((entry) => entry !== "[DONE]" && entry !== error).map((entry) => JSON.parse(entry) as Chunk);
  const deltas = chunks.flatMap(({ choices }) => choices.flatMap(({ delta }) => (delta.content === undefined || delta.content === "" ? [] : [delta.content])));
  return { chunks, deltas, text: deltas.join(""), isDone, error, finish: chunks.flatMap(({ choices }) => choices.map(({ finish_reason }) => finish_reason)).filter((reason) => reason !== null) };
}

function filesBelow(folder: string): string[] {
  const entries = unlessGone(() => readdirSync(folder, { withFileTypes: true })) ?? [];
  return entries.flatMap((entry) => (entry.isDirectory() ? filesBelow(join(folder, entry.name)) : entry.isFile() ? [join(folder, entry.name)] : []));
}

/** A CLI that runs makes and removes files while they are looked at. */
function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return undefined;
  }
}

for (const version of claudeVersions) {
  describe(`claude ${version}`, { concurrency: 3 }, () => {
    it("answers", async (t) => {
      const { stub, url, bridge, folder } = await start(t, version);
      const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "anything", maxRetries: 0 });

      await t.test("the streamed text is the model's, a chunk a delta", async () => {
        answerBy(stub, { odd: textAnswer(oddDeltas) });
        const { deltas, isDone, finish } = await streamOf(await chatRequest(url, ask("odd", { stream: true })));
        assert.deepEqual(deltas, oddDeltas);
        assert.deepEqual([isDone, finish], [true, ["stop"]]);
      });

      await t.test("OpenAI's SDK reads it: streamed, by its helper, and whole", async () => {
        answerBy(stub, { sdk: textAnswer(oddDeltas, { usage: { output_tokens: 5 } }) });
        const streamed: string[] = [];
        for await (const chunk of await client.chat.completions.create(ask("sdk", { stream: true }))) {
          const content = chunk.choices[0]?.delta.content;
          if (content) streamed.push(content);
        }
        assert.deepEqual(streamed, oddDeltas);
        const helped = await client.chat.completions.stream(ask("sdk", { stream_options: { include_usage: true } })).finalChatCompletion();
        assert.equal(helped.choices[0].message.content, oddDeltas.join(""));
        assert.equal(helped.choices[0].finish_reason, "stop");
        assert.equal(helped.usage.completion_tokens, 5);
        const whole = await client.chat.completions.create(ask("sdk"));
        assert.equal(whole.choices[0].message.content, oddDeltas.join(""));
        assert.equal(whole.model, "sonnet");
        const models = await client.models.list();
        assert.ok(models.data.some(({ id }: { id: string }) => id === "sonnet"));
      });

      await t.test("a conversation goes up in its true roles, its system prompt as system", async () => {
        const messages = [
          { role: "system", content: "You are terse." }, { role: "user", content: "one" }, { role: "assistant", content: "first answer" },
          { role: "user", content: "two" }, { role: "assistant", content: "second answer" }, { role: "user", content: "three" },
        ];
        answerBy(stub, { three: textAnswer(["third answer"]) });
        assert.equal((await client.chat.completions.create({ model: "sonnet", messages })).choices[0].message.content, "third answer");
        const requests = requestsFor(stub, "three");
        assert.equal(requests.length, 1, "asked once: earlier turns are not asked again");
        const body = requests[0]?.body ?? assert.fail();
        assert.deepEqual(conversationOf(body).map(({ role, content }) => ({ role, content: textOf(content) })), messages.slice(1));
        assert.match(textOf(body.system), /You are terse\.$/);
      });

      await t.test("a hello is small, and brings no tool", async () => {
        answerBy(stub, { hello: textAnswer(["hello"]) });
        await (await chatRequest(url, { model: "sonnet", messages: [{ role: "system", content: "You are a helpful assistant." }, { role: "user", content: "hello" }] })).text();
        const [request] = requestsFor(stub, "hello");
        assert.ok(request !== undefined && request.bodyBytes <= leanBodyBytesMax, `${request?.bodyBytes} bytes`);
        assert.equal(request.body.tools?.length ?? 0, 0);
        t.diagnostic(`a hello upstream is ${request.bodyBytes} bytes`);
      });

      await t.test("usage is counted as OpenAI does, streamed and not; thinking is told apart", async () => {
        const usage = { input_tokens: 11, cache_creation_input_tokens: 5, cache_read_input_tokens: 7, output_tokens: 4 };
        answerBy(stub, { count: textAnswer(["a", "b"], { usage, thinking: ["hm, ", "“so”"] }) });
        const expected = { prompt_tokens: 23, completion_tokens: 4, total_tokens: 27 };
        const { chunks, isDone, text } = await streamOf(await chatRequest(url, ask("count", { stream: true, stream_options: { include_usage: true } })));
        const last = chunks.at(-1) as Chunk & { usage: Record<string, any> };
        assert.deepEqual([last.choices, isDone, text], [[], true, "ab"]);
        assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, last.usage[name]])), expected);
        assert.equal(last.usage["prompt_tokens_details"].cached_tokens, 7);
        assert.ok(chunks.slice(0, -1).every(({ usage: none }) => none === null));
        assert.equal(chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta.reasoning_content ?? "")).join(""), "hm, “so”");
        const whole = await client.chat.completions.create(ask("count"));
        assert.equal(whole.usage.prompt_tokens_details.cached_tokens, 7);
        assert.deepEqual([whole.usage.total_tokens, whole.choices[0].message.reasoning_content], [27, "hm, “so”"]);
      });

      await t.test("the name of the model that served is in a header, whatever signs it has", async () => {
        const names = { "claude-\u{1f600} \u2028": "claude-%F0%9F%98%80 %E2%80%A8", "claude\r\nset-cookie: a=b": "claude%0D%0Aset-cookie: a=b", "claude-\ud83d": "claude-%EF%BF%BD", "claude-é": "claude-%C3%A9" };
        answerBy(stub, Object.fromEntries(Object.entries(names).map(([model, header]) => [header, textAnswer(["ok"], { model })])));
        for (const header of Object.values(names)) {
          for (const stream of [true, false]) {
            const response = await chatRequest(url, ask(header, { stream }));
            const { status, headers } = response;
            assert.deepEqual([status, headers.get("x-claude-model"), headers.get("set-cookie")], [200, header, null]);
            assert.match(await response.text(), /"content":"ok"/u);
          }
        }
      });

      await t.test("an answer that was cut ends in length, and what the CLI would go on with is no part of it", async () => {
        answerBy(stub, { "cut, streamed": textAnswer(["half"], { stopReason: "max_tokens" }), "cut, whole": textAnswer(["half"], { stopReason: "max_tokens" }) });
        const { text, finish, isDone } = await streamOf(await chatRequest(url, ask("cut, streamed", { stream: true, max_tokens: 2_000 })));
        assert.deepEqual([text, finish, isDone], ["half", ["length"], true]);
        const whole = await client.chat.completions.create(ask("cut, whole", { max_tokens: 2_000 }));
        assert.deepEqual([whole.choices[0].message.content, whole.choices[0].finish_reason], ["half", "length"]);
        // By then whoever would have gone on is gone.
        await waitForHealth(url, ({ processes, running_turns }) => running_turns === 0 && processes.all === claudesOf(bridge).length);
        for (const asked of ["cut, streamed", "cut, whole"]) assert.equal(requestsFor(stub, asked).length, 1, asked);
        // Left alone the CLI asks three times. It is killed at once; on a busy machine its first request may be on the way by then, never a second.
        const resumed = stub.requests.filter(({ bodyText }) => bodyText.includes("Resume directly")).length;
        assert.ok(resumed <= 2, `at most one for each of the two answers, not ${resumed}`);
      });

      await t.test("an answer that the model paused is given, and its conversation goes on", async () => {
        stub.respond = ({ body }) => textAnswer([`${conversationOf(body).length} `], { stopReason: textOf(conversationOf(body).at(-1)?.content) === "pause" ? "pause_turn" : "end_turn" });
        const { text, finish, isDone } = await streamOf(await chatRequest(url, ask("pause", { stream: true })));
        assert.deepEqual([text, finish, isDone], ["1 ", ["length"], true]);
        const messages = [{ role: "user", content: "pause" }, { role: "assistant", content: text }, { role: "user", content: "go on" }];
        const next = await client.chat.completions.create({ model: "sonnet", messages });
        assert.deepEqual([next.choices[0].message.content, next.choices[0].finish_reason], ["3 ", "stop"]);
        assert.equal(requestsFor(stub, "pause").length, 1);
      });

      await t.test("max_tokens goes up as it is; a small one with haiku is not refused", async () => {
        answerBy(stub, { "bounded 50": textAnswer(["ok"]), "bounded 5000": textAnswer(["ok"]) });
        for (const [model, bound] of [["haiku", 50], ["sonnet", 50], ["sonnet", 5_000]] as const) {
          assert.equal((await chatRequest(url, ask(`bounded ${bound}`, { model, max_tokens: bound }))).status, 200);
          assert.equal(stub.requests.at(-1)?.body.max_tokens, bound);
        }
        assert.deepEqual(stub.refusals, []);
      });

      await t.test("an image by data URL arrives", async () => {
        const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
        answerBy(stub, { "what is it?": textAnswer(["a pixel"]) });
        const parts = [{ type: "text", text: "what is it?" }, { type: "image_url", image_url: { url: `data:image/png;base64,${png}` } }];
        assert.equal((await client.chat.completions.create(ask(parts))).choices[0].message.content, "a pixel");
        const content = conversationOf(requestsFor(stub, "what is it?")[0]?.body ?? assert.fail()).at(-1)?.content;
        const image = Array.isArray(content) ? content.find(({ type }) => type === "image") : undefined;
        assert.deepEqual(image?.["source"], { type: "base64", media_type: "image/png", data: png });
      });

      await t.test("the next turn of a conversation goes to the same process, which has seen exactly that", async () => {
        answerBy(stub, { "r1": textAnswer(["a", "1"]), "r2": textAnswer(["a2"]), "r3": textAnswer(["a3"]) });
        const before = await healthOf(url);
        const messages: { role: string; content: string }[] = [];
        for (const [asked, answered] of [["r1", "a1"], ["r2", "a2"], ["r3", "a3"]] as const) {
          messages.push({ role: "user", content: asked });
          const { text } = await streamOf(await chatRequest(url, { model: "sonnet", stream: true, messages }));
          assert.equal(text, answered);
          messages.push({ role: "assistant", content: text });
        }
        const after = await healthOf(url);
        assert.equal((after.turns.went_on ?? 0) - (before.turns.went_on ?? 0), 2);
        const last = requestsFor(stub, "r3")[0]?.body ?? assert.fail();
        assert.deepEqual(conversationOf(last).map(({ role, content }) => ({ role, content: textOf(content) })), messages.slice(0, -1));
      });

      await t.test("turns at the same time do not mix", async () => {
        const names = ["p0", "p1", "p2", "p3", "p4"];
        answerBy(stub, Object.fromEntries(names.map((name) => [name, textAnswer(Array.from({ length: 20 }, (_, word) => `${name}w${word} `), { everyMs: 5 })])));
        const texts = await Promise.all(names.map(async (name) => (await streamOf(await chatRequest(url, ask(name, { stream: true })))).text));
        assert.deepEqual(texts, names.map((name) => Array.from({ length: 20 }, (_, word) => `${name}w${word} `).join("")));
      });

      await t.test("nothing of a prompt stays on the disk", () => {
        const texts = filesBelow(folder).map((file) => ({ file, text: unlessGone(() => readFileSync(file, "latin1")) }));
        assert.ok(texts.some(({ text }) => text !== undefined), "there was something to look at");
        assert.deepEqual(texts.filter(({ text }) => text !== undefined && /bounded 5000|first answer|You are terse/.test(text)).map(({ file }) => file), []);
      });

      for (const { headers } of stub.requests) {
        assert.match(String(headers.authorization), /^Bearer sk-ant-oat01-/, "on the subscription");
        assert.equal(headers["x-api-key"], undefined);
      }
    });

    it("a failure upstream is its status, and the API is asked no more often than it may be", async (t) => {
      // The last: how often it is asked with no retries. The CLI repeats some by itself: a 400 with fewer betas (2.1.330), a 401
      // with its token read again, a 404 without streaming.
      const failures = [
        [400, "invalid_request_error", 400, "invalid_request_error", null, 3],
        // The CLI asks twice; and a process that was used before may have an outdated login, so a new one tries once more.
        [401, "authentication_error", 401, "authentication_error", "not_logged_in", 4],
        [404, "not_found_error", 404, "invalid_request_error", "model_not_found", 2],
        [429, "rate_limit_error", 429, "rate_limit_error", "rate_limit_exceeded", 1],
        [500, "api_error", 502, "server_error", "upstream_error", 1],
        [529, "overloaded_error", 503, "server_error", "overloaded", 1],
      ] as const;
      for (const retries of [0, 1]) {
        const { stub, url } = await start(t, version, { args: ["--max-retries", String(retries)] });
        answerBy(stub, Object.fromEntries(failures.map(([status, type]) => [`fail ${status}`, errorAnswer(status, type, "made up")])));
        for (const [upstream, , status, type, code, timesMax] of failures) {
          const asked = `fail ${upstream}`;
          if (retries > 0 && timesMax > 1) continue;
          for (const stream of retries === 0 ? [true, false] : [true]) {
            const before = requestsFor(stub, asked).length;
            const response = await chatRequest(url, ask(asked, { stream }));
            const error = await openAiErrorIn(response);
            assert.deepEqual([error.status, error.type, error.code], [status, type, code], asked);
            if ([429, 503].includes(status)) assert.match(response.headers.get("retry-after") ?? "", /^\d+$/, asked);
            const times = requestsFor(stub, asked).length - before;
            assert.ok(times >= 1 && times <= timesMax + retries, `${asked}: asked ${times} times with ${retries} retries`);
          }
        }
      }
    });

    it("a window that is used up is told with its reset, and is not worth a retry", async (t) => {
      const { stub, url } = await start(t, version, { args: ["--max-retries", "2"] });
      const resetsAt = Math.floor(Date.now() / 1000) + 3_600;
      const rejected = subscriptionHeaders({ status: "rejected", utilization: 1, resetsAt });
      answerBy(stub, { window: errorAnswer(429, "rate_limit_error", "This request would exceed your account's rate limit.", rejected) });
      for (const stream of [true, false]) {
        const response = await chatRequest(url, ask("window", { stream }));
        const error = await openAiErrorIn(response);
        assert.deepEqual([error.status, error.type, error.code], [429, "rate_limit_error", "usage_limit_reached"]);
        const seconds = Number(response.headers.get("retry-after"));
        assert.ok(seconds > 3_000 && seconds <= 3_600, `${seconds} s`);
        assert.equal(response.headers.get("x-should-retry"), "false");
      }
      assert.equal(stub.requests.length, 2, "asked once each");
      const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "anything", maxRetries: 2 });
      await assert.rejects(client.chat.completions.create(ask("window")), { status: 429, code: "usage_limit_reached" });
      assert.equal(stub.requests.length, 3, "the SDK does not retry either");
    });

    it("an answer that breaks off is never text twice, and never a success that it is not", async (t) => {
      const deltas = ["one ", "two ", "three ", "four "];
      const halves: readonly (readonly [string, StubAnswer])[] = [
        ["cut", brokenAnswer(deltas.slice(0, 2))], ["error", midStreamErrorAnswer(deltas.slice(0, 2), "overloaded_error", "Overloaded")],
      ];
      const { stub, url } = await start(t, version, { args: ["--max-retries", "1"] });
      await Promise.all(halves.flatMap(([name, half]) => [`${name} once`, `${name} always`].map((asked) => ({ asked, half }))).map(async ({ asked, half }) => {
        const answered = new Map<string, StubAnswer>([[asked, half]]);
        const earlier = stub.respond;
        stub.respond = (request, index) => {
          if (textOf(conversationOf(request.body).at(-1)?.content) !== asked) return earlier(request, index);
          // Whatever it asks then, and however.
          if (asked.endsWith("once") && requestsFor(stub, asked).length > 1) return textAnswer(deltas);
          return answered.get(asked) ?? assert.fail();
        };
        for (const stream of [true, false]) {
          const response = await chatRequest(url, ask(asked, { stream }));
          if (!stream) {
            if (response.status !== 200) {
              assert.ok([502, 503].includes((await openAiErrorIn(response)).status));
              continue;
            }
            assert.equal(asked.endsWith("always"), false, "no success");
            assert.equal((await response.json() as { choices: { message: { content: string } }[] }).choices[0]?.message.content, deltas.join(""));
            continue;
          }
          if (response.status !== 200) {
            assert.ok([502, 503].includes((await openAiErrorIn(response)).status), asked);
            continue;
          }
          const { text, isDone, error, finish } = await streamOf(response);
          assert.ok(deltas.join("").startsWith(text), `${asked}: ${text}`);
          if (error === undefined) {
            assert.deepEqual([asked.endsWith("once"), text, isDone, finish], [true, deltas.join(""), true, ["stop"]], asked);
          } else {
            assert.equal(openAiErrorOf(error).type, "server_error");
            assert.deepEqual([isDone, finish], [false, []]);
          }
        }
      }));
    });

    it("nobody logged in is a 401 with the mend, and /health says so", async (t) => {
      const { stub, url, bridge } = await start(t, version, { environment: loggedOutEnvironment });
      await bridge.waitForOutput(/not logged in; run `claude` and type \/login/);
      const { status, claude } = await healthOf(url);
      assert.deepEqual([status, claude.found, claude.version, claude.logged_in], ["unavailable", true, version, false]);
      assert.match(claude.message ?? "", /\/login/);
      for (const stream of [true, false]) {
        const error = await openAiErrorIn(await chatRequest(url, ask("hello", { stream })));
        assert.deepEqual([error.status, error.type, error.code], [401, "authentication_error", "not_logged_in"]);
        assert.match(error.message, /run `claude`, type \/login/);
      }
      assert.equal(stub.requests.length, 0);
    });

    it("an API key of the server's own is kept from it, and reaches it by --pass-env", async (t) => {
      const kept = await start(t, version, { more: { ANTHROPIC_API_KEY: "sk-ant-api03-not-to-be-billed", ANTHROPIC_AUTH_TOKEN: "not-to-be-used" } });
      assert.equal((await chatRequest(kept.url, ask("hello N=1"))).status, 200);
      assert.match(String(kept.stub.requests[0]?.headers.authorization), /^Bearer sk-ant-oat01-/);
      assert.equal(kept.stub.requests[0]?.headers["x-api-key"], undefined);
      const passed = await start(t, version, { environment: apiKeyEnvironment, args: ["--pass-env", "ANTHROPIC_API_KEY"] });
      assert.equal((await chatRequest(passed.url, ask("hello N=1"))).status, 200);
      assert.equal(passed.stub.requests[0]?.headers["x-api-key"], "sk-ant-api03-made-up-for-tests");
      assert.equal((await healthOf(passed.url)).claude.logged_in, true);
    });

    it("a client that leaves ends the request upstream; claude is taken back to before it, or ends", async (t) => {
      const { stub, url, bridge } = await start(t, version);
      answerBy(stub, { hangs: hangingAnswer(), paced: textAnswer(Array.from({ length: 2_000 }, (_, word) => `w${word} `), { everyMs: 50 }) });
      for (const [asked, stream] of [["hangs", true], ["hangs", false], ["paced", true], ["paced", false]] as const) {
        const leaving = new AbortController();
        const asking = chatRequest(url, ask(asked, { stream }), { signal: leaving.signal });
        const failed = assert.rejects(asking.then((response) => response.text()), { name: "AbortError" });
        const before = stub.requests.length;
        const request = (await stub.waitForRequests(before + 1, 60_000)).at(-1) ?? assert.fail();
        if (asked === "paced" && stream) await asking;
        // The one that was asked at the start what it serves is gone by then.
        await waitForHealth(url, ({ processes }) => processes.all === 1);
        const pids = claudesOf(bridge);
        assert.equal(pids.length, 1);
        leaving.abort();
        await failed;
        await within(request.closed, goneMsMax, () => `the request upstream of ${asked} is open`);
        assert.equal(request.isAborted, true);
        // The first turn of a conversation cannot be taken back by every CLI.
        const left = version === "2.1.330" ? pids : [];
        for (const pid of pids.filter((one) => !left.includes(one))) await waitUntilGone(pid, goneMsMax);
        await waitForHealth(url, ({ processes, running_turns }) => running_turns === 0 && processes.all === left.length && processes.resting === left.length);
        assert.deepEqual(claudesOf(bridge), left);
        assert.equal(stub.requests.length, before + 1, "it is not asked again");
      }
    });

    for (const signal of ["SIGKILL", "SIGTERM"] as const) {
      it(`${signal} of the server, with turns under way, ends every claude`, { skip: noSignals }, async (t) => {
        const { stub, url, bridge } = await start(t, version, { args: ["--warm", "1", "--shutdown-wait", "0"] });
        answerBy(stub, {
          rests: textAnswer(["done"]), hangs: hangingAnswer(), paced: textAnswer(Array.from({ length: 2_000 }, (_, word) => `w${word} `), { everyMs: 50 }),
        });
        // With a beginning of its own, or its process would be given to one of the others.
        const rests = { model: "sonnet", messages: [{ role: "system", content: "Rest." }, { role: "user", content: "rests" }] };
        assert.equal((await chatRequest(url, rests)).status, 200);
        const hanging = chatRequest(url, ask("hangs", { stream: true })).then((response) => response.text()).catch(() => "");
        const response = await chatRequest(url, ask("paced", { stream: true }));
        const reading = response.text().catch(() => "");
        await stub.waitForRequests(3, 60_000);
        await waitForHealth(url, ({ processes, running_turns }) => processes.warm > 0 && processes.resting === 1 && running_turns === 2);
        const pids = claudesOf(bridge);
        assert.ok(pids.length >= 4, "at rest, warm, hanging and in the middle");
        bridge.child.kill(signal);
        const exit = await within(bridge.exited, goneMsMax, () => "the server did not end");
        assert.deepEqual(exit, signal === "SIGKILL" ? { code: null, signal } : { code: 0, signal: null });
        const took = await Promise.all(pids.map((pid) => waitUntilGone(pid, goneMsMax)));
        t.diagnostic(`the last claude was gone after ${Math.round(Math.max(...took))} ms`);
        await Promise.all([hanging, reading]);
        await Promise.all(stub.requests.map(({ closed }) => closed));
      });
    }
  });
}

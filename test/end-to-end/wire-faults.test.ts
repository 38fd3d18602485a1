/**
 * What breaks clients, turned on our own bytes: every stream that the server sends is judged as it stands on the wire, and
 * the judge is shown to see each fault by putting it into those same bytes.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it, type TestContext } from "node:test";
import { createConfig } from "../../src/config/config.ts";
import { judgeChatStream, type JudgedStream } from "../support/chat-wire.ts";
import { startEmbeddedWith } from "../support/embedded-server.ts";
import { within } from "../support/exit.ts";
import { type Puppet, type Puppeteer, startPuppeteer } from "../support/puppeteer.ts";
import { openSocket } from "../support/raw-http.ts";

const streamMsMax = 30_000;

interface RawStream {
  readonly head: string;
  /** The chunks' content, joined. */
  readonly bytes: Buffer;
  /** The last chunk, of length 0, was there: the client knows that nothing is missing. */
  readonly isEnded: boolean;
}

/** One stream as it comes over a bare connection; `until` looks at what has come. */
class Reading {
  readonly #received: Buffer[] = [];
  readonly #checks = new Set<() => void>();
  isClosed = false;

  static async open(t: TestContext, url: string, body: object, connection: "close" | "keep-alive"): Promise<Reading> {
    const socket = await openSocket(t, url);
    const reading = new Reading();
    const tell = (): void => {
      for (const check of reading.#checks) check();
    };
    socket.on("data", (data: Buffer) => {
      reading.#received.push(data);
      tell();
    });
    void once(socket, "end").then(() => {
      reading.isClosed = true;
      tell();
    });
    const text = JSON.stringify({ model: "opus", stream: true, ...body });
    socket.write(`POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nconnection: ${connection}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
    return reading;
  }

  get stream(): RawStream {
    const all = Buffer.concat(this.#received).toString("latin1");
    const headEnd = all.indexOf("\r\n\r\n");
    const chunks: string[] = [];
    let at = headEnd + 4;
    for (;;) {
      const lineEnd = all.indexOf("\r\n", at);
      const length = Number.parseInt(all.slice(at, lineEnd), 16);
      if (headEnd === -1 || lineEnd === -1 || all.length < lineEnd + length + 4) return { head: all.slice(0, headEnd), bytes: Buffer.from(chunks.join(""), "latin1"), isEnded: false };
      if (length === 0) return { head: all.slice(0, headEnd), bytes: Buffer.from(chunks.join(""), "latin1"), isEnded: all.length === lineEnd + 4 };
      chunks.push(all.slice(lineEnd + 2, lineEnd + 2 + length));
      at = lineEnd + length + 4;
    }
  }

  until(fits: (reading: Reading) => boolean): Promise<void> {
    let check = (): void => {};
    const found = new Promise<void>((resolve) => {
      check = () => {
        if (fits(this)) resolve();
      };
      this.#checks.add(check);
      check();
    });
    return within(found, streamMsMax, () => `it did not come to it: ${this.stream.bytes.toString().slice(-300)}`).finally(() => this.#checks.delete(check));
  }

  has(part: string): boolean {
    return this.stream.bytes.includes(part);
  }
}

const beats = (reading: Reading): number => reading.stream.bytes.toString().split('"delta":{}').length - 1;

/** A stream whose turn is played by hand; the server is quick to send heartbeats where `heartbeatSeconds` says so. */
async function played(t: TestContext, { heartbeatSeconds = 0, turnTimeoutSeconds = 300, more = {} }: { heartbeatSeconds?: number; turnTimeoutSeconds?: number; more?: object }, play: (puppet: Puppet, reading: Reading) => Promise<void> | void): Promise<RawStream> {
  const puppeteer: Puppeteer = await startPuppeteer(t);
  const { url } = await startEmbeddedWith(t, "puppet", { heartbeatSeconds, turnTimeoutSeconds });
  const reading = await Reading.open(t, url, { messages: [{ role: "user", content: puppeteer.prompt() }], ...more }, "close");
  const puppet = await puppeteer.next();
  puppet.start();
  await play(puppet, reading);
  await reading.until(({ isClosed }) => isClosed);
  return reading.stream;
}

const thinking = `${JSON.stringify({ type: "stream_event", event: { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "hm “é”" } } })}\n`;
const isUsageAsked = true;
const usage = { stream_options: { include_usage: true } };

const toolsAsked = {
  tools: [{ type: "function", function: { name: "look", parameters: { type: "object", properties: {} } } }, { type: "function", function: { name: "see", parameters: { type: "object", properties: {} } } }],
  messages: [{ role: "user", content: 'CALL look {"a": "x é"} CALL see {}' }], ...usage,
};

async function called(t: TestContext): Promise<RawStream> {
  const { url } = await startEmbeddedWith(t, "calls-tools");
  const reading = await Reading.open(t, url, toolsAsked, "close");
  await reading.until(({ isClosed }) => isClosed);
  return reading.stream;
}

describe("the wire", () => {
  it("of an answer has the role first and once, every chunk of one answer, one finish, and [DONE] at the end", async (t) => {
    const { head, bytes, isEnded } = await played(t, {}, (puppet) => {
      puppet.raw(thinking);
      puppet.say("Grüße \n\n data: [DONE]\r\n");
      puppet.say("\u2028😀");
      puppet.finish();
    });
    assert.match(head, /^HTTP\/1\.1 200 OK\r\n/u);
    assert.match(head, /\r\ncontent-type: text\/event-stream/iu);
    assert.match(head, /\r\nx-request-id: \S+/iu);
    assert.doesNotMatch(head, /content-length|content-encoding/iu);
    assert.equal(isEnded, true);
    assert.deepEqual(judgeChatStream(bytes), { text: "Grüße \n\n data: [DONE]\r\n\u2028😀", reasoning: "hm “é”", calls: [], finish: "stop", usage: undefined, failure: undefined, heartbeats: 0 });
  });

  for (const [stopReason, finish] of [["end_turn", "stop"], ["stop_sequence", "stop"], ["max_tokens", "length"], ["refusal", "content_filter"]] as const) {
    it(`of an answer that ended in ${stopReason} says ${finish}`, async (t) => {
      const { bytes, isEnded } = await played(t, {}, (puppet) => {
        puppet.say("a");
        puppet.finish(stopReason);
      });
      assert.deepEqual([judgeChatStream(bytes).finish, isEnded], [finish, true]);
    });
  }

  it("of usage that was asked for is one chunk without choices, last; null before", async (t) => {
    const { bytes } = await played(t, { more: usage }, (puppet) => {
      puppet.say("a");
      puppet.finish();
    });
    const { usage: told } = judgeChatStream(bytes, { isUsageAsked });
    assert.deepEqual([told?.["prompt_tokens"], told?.["completion_tokens"], told?.["total_tokens"]], [15, 1, 16]);
  });

  it("of calls announces each once, with index, id and type, and then only its arguments", async (t) => {
    const { bytes, isEnded } = await called(t);
    const { calls, finish, text } = judgeChatStream(bytes, { isUsageAsked });
    assert.deepEqual(calls.map(({ name, json }) => [name, JSON.parse(json)]), [["look", { a: "x é" }], ["see", {}]]);
    assert.deepEqual([finish, text, isEnded], ["tool_calls", "one moment ", true], "no call leaks into the text");
  });

  it("of a silence has heartbeats that are chunks like any other: after the role, before the finish, no comment", async (t) => {
    const { bytes, isEnded } = await played(t, { heartbeatSeconds: 0.02, more: usage }, async (puppet, reading) => {
      puppet.say("a");
      await reading.until((now) => beats(now) >= 2);
      puppet.say("b");
      await reading.until((now) => now.has('"content":"b"'));
      puppet.finish();
    });
    const { text, heartbeats, finish } = judgeChatStream(bytes, { isUsageAsked });
    assert.deepEqual([text, finish, isEnded], ["ab", "stop", true]);
    assert.ok(heartbeats >= 2, `${heartbeats}`);
  });

  it("is not silent for long by default: undici gives up after 300 s, some watchdogs too", () => {
    const { heartbeatSeconds } = createConfig({}, { totalMemoryBytes: 1 });
    assert.ok(heartbeatSeconds >= 10 && heartbeatSeconds <= 15, `${heartbeatSeconds} s`);
  });

  for (const [how, options, fail, code] of [
    ["whose claude dies", {}, (puppet: Puppet) => process.kill(puppet.pid, "SIGKILL"), "claude_cli_failed"],
    ["whose claude falls silent", { turnTimeoutSeconds: 1 }, () => undefined, "turn_timeout"],
    ["whose claude tells of a failure", {}, (puppet: Puppet) => puppet.raw(`${JSON.stringify({ type: "result", subtype: "success", is_error: true, api_error_status: 529, num_turns: 1, result: "API Error: 529" })}\n`), "overloaded"],
  ] as const) {
    for (const isAsked of [false, true]) {
      it(`of a stream ${how} ends in an error of four keys: no finish, no usage, no [DONE], and the response is ended${isAsked ? "; usage asked for" : ""}`, async (t) => {
        const { bytes, isEnded } = await played(t, { ...options, more: isAsked ? usage : {} }, async (puppet, reading) => {
          puppet.say("half ");
          await reading.until((now) => now.has("half"));
          fail(puppet);
        });
        const { text, failure, finish } = judgeChatStream(bytes, { isUsageAsked: isAsked });
        assert.deepEqual([text, failure, finish, isEnded], ["half ", code, undefined, true]);
      });
    }
  }

  it("ends after [DONE] on a connection that stays open, too: with its last chunk, and nothing behind it", async (t) => {
    const puppeteer = await startPuppeteer(t);
    const { url } = await startEmbeddedWith(t, "puppet");
    const reading = await Reading.open(t, url, { messages: [{ role: "user", content: puppeteer.prompt() }] }, "keep-alive");
    const puppet = await puppeteer.next();
    puppet.start();
    puppet.finish();
    await reading.until(({ stream }) => stream.isEnded);
    assert.equal(judgeChatStream(reading.stream.bytes).finish, "stop");
    assert.equal(reading.isClosed, false);
  });
});

/** Every event of a stream, to be put together again otherwise. */
type Events = string[];
const finishAt = (events: Events): number => events.findIndex((event) => /"finish_reason":"/u.test(event));
const usageAt = (events: Events): number => events.findIndex((event) => event.includes('"choices":[],'));
const contentAt = (events: Events): number => events.findIndex((event) => /"content":"[^"]/u.test(event));
const callAt = (events: Events): number => events.findIndex((event) => event.includes('"type":"function"'));
const without = (events: Events, at: number): Events => events.filter((_event, index) => index !== at);
const put = (events: Events, at: number, ...more: string[]): Events => [...events.slice(0, at), ...more, ...events.slice(at)];
const change = (events: Events, at: number, from: RegExp | string, to: string): Events => {
  const changed = (events[at] ?? "").replace(from, to);
  assert.notEqual(changed, events[at], "the fault is put in");
  return events.map((event, index) => (index === at ? changed : event));
};

/** The faults that were measured to break clients; each made of our own bytes. */
const faults: readonly (readonly [what: string, make: (events: Events) => Events])[] = [
  ["no role in the first chunk", (events) => change(events, 0, '"role":"assistant",', "")],
  ["no first chunk", (events) => without(events, 0)],
  ["the role twice", (events) => put(events, 1, events[0] ?? "")],
  ["another id", (events) => change(events, 2, /"id":"chatcmpl-[^"]+"/u, '"id":"chatcmpl-other"')],
  ["another time of creation", (events) => change(events, 2, /"created":\d+/u, '"created":1')],
  ["created in parts of a second", (events) => events.map((event) => event.replace(/"created":\d+/u, "$&.5"))],
  ["no choices", (events) => change(events, 1, /"choices":\[.*\]/u, '"choices":null')],
  ["a choice without index", (events) => change(events, 1, '"index":0,', "")],
  ["a choice without delta", (events) => change(events, 1, /"delta":\{.*?\},/u, "")],
  ["a choice without finish_reason", (events) => change(events, 1, ',"finish_reason":null', "")],
  ["no finish", (events) => without(events, finishAt(events))],
  ["two finishes", (events) => put(events, finishAt(events), events[finishAt(events)] ?? "")],
  ["a finish that is Anthropic's", (events) => change(events, finishAt(events), "tool_calls", "tool_use")],
  ["a finish of calls without calls", (events) => events.filter((event) => !event.includes('"tool_calls":['))],
  ["a finish of a text for calls", (events) => change(events, finishAt(events), "tool_calls", "stop")],
  ["content behind the finish", (events) => put(events, finishAt(events) + 1, events[contentAt(events)] ?? "")],
  ["a finish that says something", (events) => change(events, finishAt(events), '"delta":{}', '"delta":{"content":"x"}')],
  ["no usage", (events) => without(events, usageAt(events))],
  ["usage that is not last", (events) => put(without(events, usageAt(events)), 2, events[usageAt(events)] ?? "")],
  ["usage without choices", (events) => change(events, usageAt(events), '"choices":[],', "")],
  ["usage without a total", (events) => change(events, usageAt(events), /"total_tokens":\d+,/u, "")],
  ["usage beside content", (events) => change(events, 1, '"usage":null', '"usage":{"prompt_tokens":1}')],
  ["the end mark twice", (events) => put(events, events.length, "data: [DONE]")],
  ["no end mark", (events) => without(events, events.length - 1)],
  ["data without its space", (events) => change(events, events.length - 1, "data: ", "data:")],
  ["a heartbeat that is a comment with words", (events) => put(events, 1, ": ping")],
  ["an event of another name", (events) => put(events, 1, "event: ping\ndata: {}")],
  ["an event's id", (events) => change(events, 1, "data: ", "id: 1\ndata: ")],
  ["a time to retry", (events) => put(events, 0, "retry: 1000")],
  ["carriage returns", (events) => events.map((event) => `${event}\r`)],
  ["an error for a finish, and then an end mark", (events) => change(events, finishAt(events), /data: .*/u, 'data: {"error":{"message":"m","type":"server_error","param":null,"code":null}}')],
  ["an error that is a string", (events) => [...events.slice(0, 2), 'data: {"error":"m"}']],
  ["an error of three keys", (events) => [...events.slice(0, 2), 'data: {"error":{"message":"m","type":"server_error","code":null}}']],
  ["an error behind a finish", (events) => [...events.slice(0, finishAt(events) + 1), 'data: {"error":{"message":"m","type":"server_error","param":null,"code":null}}']],
  ["a call without index", (events) => change(events, callAt(events), /"tool_calls":\[\{"index":0,/u, '"tool_calls":[{')],
  ["a call without id", (events) => change(events, callAt(events), /"id":"toolu[^"]*",/u, "")],
  ["a call without type", (events) => change(events, callAt(events), '"type":"function",', "")],
  ["a call without arguments to begin with", (events) => change(events, callAt(events), ',"arguments":""', "")],
  ["a call's name twice", (events) => change(events, callAt(events) + 1, '"function":{', '"function":{"name":"look",')],
  ["a call's arguments as an object", (events) => change(events, callAt(events) + 1, /"arguments":"(?:[^"\\]|\\.)*"/u, '"arguments":{}')],
  ["a call's arguments cut", (events) => without(events, callAt(events) + 1)],
  ["reasoning under two names", (events) => change(events, 1, '"delta":{', '"delta":{"reasoning":"x",')],
];

it(`the judge of the wire sees each of ${faults.length} faults, put into our own bytes`, async (t) => {
  const bytes = (await called(t)).bytes.toString();
  const events = bytes.slice(0, -2).split("\n\n");
  const joined = (all: Events): Buffer => Buffer.from(`${all.join("\n\n")}\n\n`);
  const judge = (all: Events): JudgedStream => judgeChatStream(joined(all), { isUsageAsked });
  assert.equal(judge(events).calls.length, 2);
  for (const [what, make] of faults) {
    const changed = make(events);
    assert.notDeepEqual(changed, events, what);
    assert.throws(() => judge(changed), { name: /AssertionError|SyntaxError/u }, what);
  }
  assert.throws(() => judgeChatStream(Buffer.from(bytes.slice(0, -1)), { isUsageAsked }), /the last event is cut/u);
  assert.throws(() => judgeChatStream(Buffer.from(bytes)), /usage beside content/u, "and usage that nobody asked for");
});

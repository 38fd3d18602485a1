import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseDelta } from "../../src/claude/deltas.ts";
import { type JsonObject, parseLine } from "../../src/claude/protocol.ts";
import type { MadeCall } from "../../src/claude/tool-calls.ts";
import { type TranslateOptions, TurnTranslator } from "../../src/claude/translate.ts";
import type { ErrorCode } from "../../src/errors.ts";
import type { StopReason, TurnEvent } from "../../src/turn/event.ts";
import { loadRecording, type RecordedVersion, recordedVersions } from "../support/recordings.ts";
import { callsIn, checkGrammar, noUsage, summaryOf } from "../support/turn-events.ts";

/** An hour before the recorded windows reset. */
const resetsAtByVersion = { "2.1.197": 1795367094, "2.1.330": 1795367096 } as const;
const modelByVersion = { "2.1.197": "claude-sonnet-5", "2.1.330": "claude-sonnet-5-5" } as const;

type Path = "fast" | "parsed";

/** A translator for a turn like any other. */
function translatorOf(options: Partial<TranslateOptions> = {}): TurnTranslator {
  return new TurnTranslator({ nowMs: () => 0, previousMessageId: undefined, rateLimit: undefined, hasSchema: false, callsMax: Infinity, isServed: () => true, onCall: () => {}, mayBegin: () => true, ...options });
}

/** Plays lines through a translator, each delta by the fast path or all by the parser, until `ends` if that is given. */
function playThrough(translator: TurnTranslator, lines: readonly string[], path: Path, ends = (): boolean => false) {
  const events: TurnEvent[] = [];
  let taken = 0;
  for (const line of lines) {
    if (ends()) break;
    taken++;
    const delta = path === "fast" ? parseDelta(line) : undefined;
    if (delta !== undefined) {
      translator.takeDelta(delta, events);
    } else {
      const message = parseLine(line);
      assert.ok(message !== undefined, line);
      translator.take(message, events);
    }
  }
  const { outcome, rateLimit, callIds, hasToldAllCalls, messageId } = translator;
  checkGrammar(events, outcome.name !== "running" && outcome.name !== "failed");
  return { ...summaryOf(events), taken, events, calls: callsIn(events), rateLimit, callIds, hasToldAllCalls, messageId, outcome: outcome.name, error: outcome.name === "failed" ? outcome.error : undefined };
}

function play(lines: readonly string[], path: Path, nowMs = 0, options: Partial<TranslateOptions> = {}) {
  return playThrough(translatorOf({ nowMs: () => nowMs, ...options }), lines, path);
}

/** Plays a recording as a conversation would: whenever the client's tools are waited for, what follows is another run's. */
function playRuns(version: RecordedVersion, name: string, path: Path, options: Partial<TranslateOptions> = {}) {
  const runs: ReturnType<typeof playThrough>[] = [];
  for (let lines = loadRecording(version, name).claudeLines; lines.length > 0; lines = lines.slice(runs.at(-1)?.taken)) {
    const previousMessageId = runs.at(-1)?.messageId;
    const translator = translatorOf({ previousMessageId, ...options });
    runs.push(playThrough(translator, lines, path, () => translator.outcome.name === "parked"));
  }
  return runs;
}

/** The CLI's lines of one turn: up to a `result`, and from behind it to the next. */
function turnLines(version: RecordedVersion, name: string, turn: number): string[] {
  const turns: string[][] = [[]];
  for (const line of loadRecording(version, name).claudeLines) {
    turns.at(-1)?.push(line);
    if (parseLine(line)?.["type"] === "result") turns.push([]);
  }
  return turns[turn] ?? [];
}

interface Expected {
  readonly thinking?: string;
  readonly text?: string;
  readonly stopReason?: StopReason;
  /** Input, read from the cache, output, thinking. */
  readonly usage?: readonly [number, number, number, number];
  readonly outcome?: "finished" | "cut" | "stopped" | "failed";
  readonly order?: string;
  readonly code?: ErrorCode;
}

const words = (count: number): string => Array.from({ length: count }, (_, word) => `w${word} `).join("");
const failed = { outcome: "failed", order: "" } as const;
/** The CLI asked again, in vain. */
const failedAgain = { outcome: "failed", order: "retry" } as const;

const expectations: readonly (readonly [string, number, Expected | Readonly<Record<RecordedVersion, Expected>>])[] = [
  ["text", 0, { text: words(4), usage: [25, 7, 4, 0] }],
  ["thinking", 0, { thinking: "Let me think", text: words(2), usage: [25, 7, 2, 0], order: "message_start thinking signature text message_stop" }],
  ["image", 0, { text: words(2), usage: [25, 7, 2, 0] }],
  ["settings", 0, { text: words(1), usage: [25, 7, 1, 0] }],
  ["history", 1, { text: words(2), usage: [25, 7, 2, 0] }],
  ["two-turns", 0, { text: words(2), usage: [25, 7, 2, 0] }],
  ["two-turns", 1, { text: words(2), usage: [25, 7, 2, 0] }],
  ["max-tokens", 0, { text: words(3), stopReason: "max_tokens", outcome: "cut", usage: [25, 7, 3, 0] }],
  ["subscription-windows", 0, { text: "ok", usage: [5, 0, 2, 0] }],
  ["subscription-windows", 1, { text: "ok", usage: [5, 0, 2, 0] }],
  ["subscription-windows", 2, { ...failed, code: "usage_limit_reached" }],
  ["error-400", 0, { ...failed, code: "invalid_request" }],
  ["error-401", 0, { ...failedAgain, code: "not_logged_in" }],
  ["error-429", 0, { ...failedAgain, code: "rate_limited" }],
  ["error-529", 0, { ...failedAgain, code: "overloaded" }],
  ["not-logged-in", 0, { ...failed, code: "not_logged_in" }],
  ["upstream-breaks", 0, {
    "2.1.197": { ...failed, text: "w0 ", order: "message_start text", code: "upstream_error" },
    "2.1.330": { text: words(6), usage: [25, 7, 6, 0], order: "retry message_start text message_stop" },
  }],
  ["interrupt", 0, {
    "2.1.197": { ...failed, text: words(16), order: "message_start text", code: "upstream_error" },
    "2.1.330": { ...failed, text: words(15), order: "message_start text", code: "upstream_error" },
  }],
];

for (const version of recordedVersions) {
  describe(`what ${version} wrote`, () => {
    for (const [name, turn, given] of expectations) {
      const expected = "2.1.197" in given ? given[version] : given;
      const { thinking = "", text = "", outcome = "finished", usage, code } = expected;
      const stopReason = outcome === "failed" ? undefined : expected.stopReason ?? "end_turn";
      for (const path of ["fast", "parsed"] as const) {
        it(`in ${name}, turn ${turn + 1}, ${path}, is ${code ?? stopReason}`, () => {
          const played = play(turnLines(version, name, turn), path, (resetsAtByVersion[version] - 3_600) * 1_000);
          assert.deepEqual(
            { thinking: played.thinking, text: played.text, stopReason: played.stopReason, outcome: played.outcome, order: played.order, code: played.error?.code },
            { thinking, text, stopReason, outcome, order: expected.order ?? "message_start text message_stop", code },
          );
          assert.equal(played.model, played.order.includes("start") ? modelByVersion[version] : undefined);
          const [inputTokens, cacheReadInputTokens, outputTokens, thinkingTokens] = usage ?? [];
          assert.deepEqual(played.usage, usage === undefined ? undefined : { ...noUsage, inputTokens, cacheReadInputTokens, outputTokens, thinkingTokens });
        });
      }
    }

    for (const path of ["fast", "parsed"] as const) {
      for (const [name, city] of [["tool-call", "Paris"], ["tool-error", "Nowhere"]] as const) {
        it(`in ${name}, ${path}, is a call, then the answer to its result`, () => {
          const [asked, answered, ...more] = playRuns(version, name, path);
          assert.deepEqual([asked?.order, asked?.text, asked?.stopReason, asked?.outcome], ["message_start text tool_use input_json message_stop", "w0 ", "tool_use", "parked"]);
          const [call] = asked?.calls ?? [];
          assert.deepEqual(asked?.calls, [{ id: asked?.callIds[0], name: "get_weather", json: JSON.stringify({ city }) }]);
          assert.match(call?.id ?? "", /^toolu_/u);
          assert.deepEqual(asked?.usage, { ...noUsage, inputTokens: 25, cacheReadInputTokens: 7, outputTokens: 1 });
          assert.deepEqual([answered?.order, answered?.text, answered?.stopReason, answered?.outcome, answered?.callIds], ["message_start text message_stop", words(2), "end_turn", "finished", []]);
          assert.deepEqual(more, []);
        });
      }

      it(`in parallel-tool-calls, ${path}, is two calls at once, then the answer to their results`, () => {
        const [asked, answered, ...more] = playRuns(version, "parallel-tool-calls", path);
        assert.equal(asked?.order, "message_start text tool_use input_json tool_use input_json message_stop");
        assert.deepEqual(asked?.calls.map(({ name, json }) => [name, json]), [["get_weather", '{"city":"Paris"}'], ["get_weather", '{"city":"Rome"}']]);
        assert.deepEqual(asked?.calls.map(({ id }) => id), asked?.callIds);
        assert.equal(new Set(asked?.callIds).size, 2);
        assert.deepEqual([asked?.stopReason, asked?.outcome, answered?.text, answered?.stopReason, more], ["tool_use", "parked", words(2), "end_turn", []]);
      });

      it(`in parallel-tool-calls, ${path}, is cut to its first call where one is the most`, () => {
        const { claudeLines } = loadRecording(version, "parallel-tool-calls");
        const told: MadeCall[] = [];
        const played = playThrough(translatorOf({ callsMax: 1, onCall: (call) => told.push(call) }), claudeLines, path);
        assert.deepEqual(played.calls.map(({ json }) => json), ['{"city":"Paris"}']);
        assert.deepEqual([played.order, played.stopReason, played.outcome, played.hasToldAllCalls], ["message_start text tool_use input_json message_stop", "tool_use", "stopped", false]);
        const ids = playRuns(version, "parallel-tool-calls", path)[0]?.callIds ?? [];
        assert.deepEqual(told, ids.map((id, position) => ({ id, name: "get_weather", isForbidden: position > 0 })));
      });

      it(`in tool-call, ${path}, is only words where no call may be`, () => {
        const { claudeLines } = loadRecording(version, "tool-call");
        const played = play(claudeLines, path, 0, { callsMax: 0 });
        assert.deepEqual([played.order, played.text, played.stopReason, played.outcome], ["message_start text message_stop", "w0 w0 w1 ", "end_turn", "finished"]);
        // It knows of a call that the client was never told.
        assert.equal(played.hasToldAllCalls, false);
      });

      it(`in json-schema, ${path}, is the document and nothing else`, () => {
        const played = play(turnLines(version, "json-schema", 0), path, 0, { hasSchema: true });
        assert.deepEqual([played.order, played.text, played.stopReason, played.outcome], ["message_start text message_stop", '{"city":"Paris"}', "end_turn", "finished"]);
        assert.deepEqual([played.usage?.inputTokens, played.usage?.outputTokens, played.callIds, played.hasToldAllCalls], [25, 1, [], true]);
      });
    }

    it("in subscription-windows tells each window, and at the last when it resets", () => {
      const nowMs = (resetsAtByVersion[version] - 3_600) * 1_000;
      const turns = [0, 1, 2].map((turn) => play(turnLines(version, "subscription-windows", turn), "fast", nowMs));
      assert.deepEqual(turns.map(({ rateLimit }) => rateLimit?.status), ["allowed", "allowed_warning", "rejected"]);
      const error = turns[2]?.error;
      assert.equal(error?.retryAfterSeconds, 3_600);
      assert.match(error?.message ?? "", /You've hit your limit/u);
    });

    it("in error-529 comes with the CLI's words and advice", () => {
      const { error } = play(turnLines(version, "error-529", 0), "fast");
      assert.match(error?.message ?? "", /529/u);
      assert.equal(error?.retryAfterSeconds, 10);
    });
  });
}

const event = (inner: JsonObject): JsonObject => ({ type: "stream_event", event: inner });
const start = (id: string, more: JsonObject = {}): JsonObject => event({ type: "message_start", message: { id, model: "claude-x", ...more } });
const text = (value: unknown): JsonObject => event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: value } });
const stop = (reason: string | null, usage: JsonObject = {}): JsonObject => event({ type: "message_delta", delta: { stop_reason: reason }, usage });
const result: JsonObject = { type: "result", is_error: false };
const whole = (id: string, content: readonly JsonObject[], more: JsonObject = {}): JsonObject => ({ type: "assistant", message: { id, model: "claude-x", content, ...more } });
const toolUse = (index: number, id: string, name = "look"): JsonObject => event({ type: "content_block_start", index, content_block: { type: "tool_use", id, name, input: {} } });
const input = (index: number, partial_json: string): JsonObject => event({ type: "content_block_delta", index, delta: { type: "input_json_delta", partial_json } });
const blockStop = (index: number): JsonObject => event({ type: "content_block_stop", index });
const rateLimit: JsonObject = { type: "rate_limit_event", rate_limit_info: { status: "allowed" } };
const retry: JsonObject = { type: "system", subtype: "api_retry", attempt: 1 };

function playWith(options: Partial<TranslateOptions>, ...messages: JsonObject[]) {
  return play(messages.map((message) => Buffer.from(JSON.stringify(message)).toString("latin1")), "parsed", 0, options);
}

function playMessages(...messages: JsonObject[]) {
  return playWith({}, ...messages);
}

describe("the stop reason", () => {
  for (const [reason, outcome] of [
    ["end_turn", "finished"], ["stop_sequence", "finished"], ["pause_turn", "finished"],
    ["max_tokens", "cut"], ["model_context_window_exceeded", "cut"], ["refusal", "cut"],
  ] as const) {
    it(`${reason} is told as it is, and the turn is ${outcome}`, () => {
      const played = playMessages(start("m1"), text("a"), stop(reason), result);
      assert.deepEqual([played.stopReason, played.outcome, played.order], [reason, outcome, "message_start text message_stop"]);
    });
  }

  for (const reason of ["a later word", "tool_use", null]) {
    it(`${reason} without more fails the turn: what it lacks is not known`, () => {
      const played = playMessages(start("m1"), text("a"), stop(reason), result);
      assert.deepEqual([played.stopReason, played.outcome, played.error?.code], [undefined, "failed", "upstream_error"]);
      assert.match(played.error?.message ?? "", new RegExp(JSON.stringify(reason), "u"));
    });
  }

  it("pause_turn is not the answer's when the CLI goes on by itself", () => {
    const played = playMessages(start("m1"), text("a"), blockStop(0), stop("pause_turn"), start("m2"), text("b"), stop("end_turn"), result);
    assert.deepEqual([played.text, played.stopReason, played.outcome], ["ab", "end_turn", "finished"]);
  });

  it("that the stream lacks is taken from the result", () => {
    const played = playMessages(start("m1"), text("a"), { ...result, stop_reason: "end_turn" });
    assert.deepEqual([played.stopReason, played.outcome], ["end_turn", "finished"]);
  });
});

describe("after the outcome", () => {
  it("nothing is made of what the CLI goes on with", () => {
    const more = [start("m2"), text("more"), stop("end_turn"), result];
    assert.deepEqual(playMessages(start("m1"), text("a"), stop("max_tokens"), ...more).order, "message_start text message_stop");
    assert.deepEqual(playMessages(start("m1"), text("a"), stop("max_tokens"), ...more).text, "a");
    assert.equal(playMessages(start("m1"), text("a"), stop("end_turn"), result, ...more).text, "a");
    const broken = playMessages(start("m1"), text("a"), ...more);
    assert.deepEqual([broken.text, broken.outcome, broken.stopReason], ["a", "failed", undefined]);
  });
});

describe("a message that was not streamed", () => {
  it("is given whole when nothing of another was", () => {
    const content = [{ type: "thinking", thinking: "hm" }, { type: "text", text: "hi" }, { type: "server_tool_use", id: "t", name: "n", input: {} }, { type: "text", text: "" }];
    const played = playMessages(whole("m1", content, { stop_reason: "end_turn", usage: { input_tokens: 10, output_tokens: 2 } }), result);
    assert.deepEqual([played.order, played.thinking, played.text, played.stopReason], ["message_start thinking text input_json message_stop", "hm", "hi", "end_turn"]);
    assert.deepEqual(played.usage, { ...noUsage, inputTokens: 10, outputTokens: 2 });
  });

  it("takes the place of one of which nothing was given", () => {
    const played = playMessages(start("m1"), whole("m2", [{ type: "text", text: "hi" }], { stop_reason: "end_turn" }), result);
    assert.deepEqual([played.order, played.text], ["message_start text message_stop", "hi"]);
  });

  it("comes a block a line", () => {
    const more = { stop_reason: "end_turn", usage: { input_tokens: 10, output_tokens: 2 } };
    const played = playMessages(
      start("m0"), whole("m1", [{ type: "thinking", thinking: "hm" }], more), rateLimit, whole("m1", [{ type: "text", text: "h" }], more),
      { type: "system", subtype: "later" }, text("of the stream that broke"), blockStop(0), stop(null), event({ type: "message_stop" }), whole("m1", [{ type: "text", text: "i" }], more), result,
    );
    assert.deepEqual([played.order, played.thinking, played.text, played.stopReason], ["message_start thinking text message_stop", "hm", "hi", "end_turn"]);
  });

  it("that is cut at its limit is given to its last block, whatever the CLI goes on with", () => {
    const more = { stop_reason: "max_tokens" };
    for (const next of [{ type: "system", subtype: "status", status: "requesting" }, { type: "user" }, start("m2"), whole("m2", [{ type: "text", text: "more" }]), result]) {
      const played = playMessages(whole("m1", [{ type: "text", text: "a" }], more), whole("m1", [{ type: "text", text: "b" }], more), next, text("more"));
      assert.deepEqual([played.text, played.stopReason, played.outcome], ["ab", "max_tokens", "cut"], JSON.stringify(next));
    }
  });

  it("fails the turn when a part of another was given", () => {
    const played = playMessages(start("m1"), text("a"), whole("m2", [{ type: "text", text: "hi" }], { stop_reason: "end_turn" }), result);
    assert.deepEqual([played.text, played.error?.code], ["a", "upstream_error"]);
  });
});

describe("a call", () => {
  it("without arguments has an empty object for them", () => {
    const played = playMessages(start("m1"), toolUse(0, "t1"), blockStop(0), toolUse(1, "t2"), input(1, '{"a":'), input(1, "1}"), blockStop(1), stop("tool_use"));
    assert.deepEqual(played.calls, [{ id: "t1", name: "look", json: "{}" }, { id: "t2", name: "look", json: '{"a":1}' }]);
    assert.deepEqual([played.outcome, played.stopReason, played.callIds], ["parked", "tool_use", ["t1", "t2"]]);
  });

  it("takes only its own pieces", () => {
    const calls = [toolUse(1, "t1"), input(1, "[1"), input(7, "lost"), input(0, "lost"), input(1, "]"), blockStop(1), toolUse(2, "t2"), input(2, "[2"), input(0, "lost"), input(2, "]")];
    const played = playMessages(start("m1"), text("a"), blockStop(0), ...calls, stop("tool_use"));
    assert.deepEqual(played.calls.map(({ id, json }) => [id, json]), [["t1", "[1]"], ["t2", "[2]"]]);
  });

  it("past the number that there may be is never told, nor its pieces, and the turn is not whole", () => {
    const calls = [toolUse(0, "t1"), input(0, "{}"), blockStop(0), toolUse(1, "t2"), input(1, '{"b":2}'), blockStop(1), toolUse(2, "t3"), blockStop(2)];
    const played = playWith({ callsMax: 1 }, start("m1"), ...calls, stop("tool_use"));
    assert.deepEqual([played.calls.map(({ id }) => id), played.outcome, played.hasToldAllCalls, played.stopReason], [["t1"], "stopped", false, "tool_use"]);
    assert.equal(playWith({ callsMax: 3 }, start("m1"), ...calls, stop("tool_use")).hasToldAllCalls, true);
  });

  it("at the token limit is cut: it has no end", () => {
    const played = playMessages(start("m1"), toolUse(0, "t1"), input(0, '{"a'), stop("max_tokens"));
    assert.deepEqual([played.outcome, played.stopReason], ["cut", "max_tokens"]);
  });

  it("that was told and then broke off upstream fails the turn", () => {
    const played = playMessages(start("m1"), toolUse(0, "t1"), start("m2"), text("b"), stop("end_turn"), result);
    assert.deepEqual([played.order, played.error?.code, played.text], ["message_start tool_use", "upstream_error", ""]);
  });

  it("that was not streamed is told whole", () => {
    const content = [{ type: "text", text: "hi" }, { type: "tool_use", id: "t1", name: "a", input: { x: "é\n" } }, { type: "tool_use", id: "t2", name: "b", input: {} }];
    for (const lines of [[content], content.map((block) => [block])]) {
      const translator = translatorOf();
      const events: TurnEvent[] = [];
      for (const blocks of lines) translator.take(whole("m1", blocks, { stop_reason: "tool_use" }), events);
      assert.equal(translator.outcome.name, "running", "more of it may come");
      translator.takeCallRequest(events);
      const { text, stopReason } = summaryOf(events);
      assert.deepEqual([text, stopReason, translator.outcome.name, translator.callIds], ["hi", "tool_use", "parked", ["t1", "t2"]]);
      assert.deepEqual(callsIn(events), [{ id: "t1", name: "a", json: '{"x":"é\\n"}' }, { id: "t2", name: "b", json: "{}" }]);
    }
    assert.deepEqual(playWith({ callsMax: 1 }, whole("m1", content, { stop_reason: "tool_use" })).calls.map(({ id }) => id), ["t1"]);
  });

  it("that was not streamed ends the answer when the CLI asks for its result, also where no reason was told", () => {
    const translator = translatorOf();
    const events: TurnEvent[] = [];
    translator.take(whole("m1", [{ type: "tool_use", id: "t1", name: "a", input: {} }], { stop_reason: null }), events);
    translator.takeCallRequest(events);
    assert.deepEqual([summaryOf(events).stopReason, translator.outcome.name], ["tool_use", "parked"]);
  });

  it("to a tool that is not served cuts the turn: the CLI has a result of its own for it", () => {
    const isServed = (name: string): boolean => name === "look";
    const played = playWith({ isServed }, start("m1"), toolUse(0, "t1"), blockStop(0), toolUse(1, "t2", "ghost"), blockStop(1), stop("tool_use"));
    assert.deepEqual([played.outcome, played.stopReason, played.callIds], ["cut", "tool_use", ["t1", "t2"]]);
    assert.equal(playWith({ isServed }, start("m1"), toolUse(0, "t1"), stop("tool_use")).outcome, "parked");
  });

  it("without the client's result fails the turn when the model goes on, before anything of it is told", () => {
    const played = playWith({ mayBegin: () => false }, start("m1"), text("a"), stop("end_turn"), result);
    assert.deepEqual([played.order, played.error?.code], ["", "cli_failed"]);
  });

  it("that the CLI ends the turn behind is cut", () => {
    assert.equal(playMessages(start("m1"), toolUse(0, "t1"), stop("tool_use"), result).outcome, "cut");
  });

  it("parks the turn once: what comes behind it is the next run's", () => {
    const translator = translatorOf();
    const lines = (...messages: JsonObject[]): string[] => messages.map((message) => JSON.stringify(message));
    const first = playThrough(translator, lines(start("m1"), toolUse(0, "t1"), stop("tool_use"), start("m2"), text("b"), result), "fast");
    // It did not wait: of no further use, though the answer stands.
    assert.deepEqual([first.order, first.outcome, first.messageId], ["message_start tool_use message_stop", "cut", "m1"]);
    assert.equal(playMessages(start("m1"), toolUse(0, "t1"), stop("tool_use"), event({ type: "message_stop" }), { type: "user" }).outcome, "parked");
    // The message that the CLI repeats is no new one.
    const again = whole("m1", [{ type: "tool_use", id: "t1", name: "look", input: {} }]);
    const second = playThrough(translatorOf({ previousMessageId: "m1" }), lines(again, start("m2"), text("b"), stop("end_turn"), result), "fast");
    assert.deepEqual([second.order, second.text, second.messageId], ["message_start text message_stop", "b", "m2"]);
    assert.equal(translatorOf({ previousMessageId: "m1" }).messageId, "m1");
  });
});

describe("an answer with a schema", () => {
  const hasSchema = true;
  const document = (id: string, index = 0): JsonObject[] => [toolUse(index, id, "StructuredOutput"), input(index, '{"a":'), input(index, "1}"), blockStop(index)];

  it("is the document, without the words around it", () => {
    const thought = event({ type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "hm" } });
    const played = playWith({ hasSchema }, start("m1"), thought, blockStop(0), text("Here it is:"), ...document("t1", 1), stop("tool_use"), start("m2"), text("Done."), stop("end_turn"), result);
    assert.deepEqual([played.text, played.thinking, played.stopReason, played.outcome, played.callIds], ['{"a":1}', "hm", "end_turn", "finished", []]);
  });

  it("that was not streamed is the document too", () => {
    const played = playWith({ hasSchema }, whole("m1", [{ type: "text", text: "Here:" }, { type: "tool_use", id: "t1", name: "StructuredOutput", input: { a: [1] } }], { stop_reason: "tool_use" }), result);
    assert.deepEqual([played.text, played.outcome], ['{"a":[1]}', "finished"]);
  });

  it("that is given twice fails: the first had been sent", () => {
    const played = playWith({ hasSchema }, start("m1"), ...document("t1"), stop("tool_use"), start("m2"), ...document("t2"), stop("tool_use"), result);
    assert.deepEqual([played.text, played.error?.code, played.stopReason], ['{"a":1}', "upstream_error", undefined]);
    assert.match(played.error?.message ?? "", /did not match the schema/u);
  });

  it("that is given twice is the second where nothing goes out before the end: it replaces the first", () => {
    const first = [toolUse(0, "t1", "StructuredOutput"), input(0, '{"b":'), input(0, "2}"), blockStop(0)];
    const played = playWith({ hasSchema, isSentAtOnce: true }, start("m1"), ...first, stop("tool_use"), start("m2"), ...document("t2"), stop("tool_use"), result);
    assert.deepEqual([played.text, played.outcome, played.stopReason, played.order], ['{"a":1}', "finished", "end_turn", "message_start text message_stop"]);
    assert.deepEqual(played.events.filter(({ type }) => type.startsWith("block_")).map((told) => ("index" in told ? told.index : -1)), [0, 0]);
  });

  it("that nothing has gone out of may come again after its message broke off", () => {
    const broken = [toolUse(0, "t1", "StructuredOutput"), input(0, '{"b":')];
    const played = playWith({ hasSchema, isSentAtOnce: true }, start("m1"), ...broken, start("m2"), ...document("t2"), stop("tool_use"), result);
    assert.deepEqual([played.text, played.outcome], ['{"a":1}', "finished"]);
  });

  it("that is begun again and not given fails, also where nothing has gone out", () => {
    const played = playWith({ hasSchema, isSentAtOnce: true }, start("m1"), ...document("t1"), stop("tool_use"), start("m2"), toolUse(0, "t2", "StructuredOutput"), stop("tool_use"), result);
    assert.deepEqual([played.text, played.error?.code], ["", "upstream_error"]);
  });

  for (const isSentAtOnce of [false, true]) {
    it(`comes behind its thinking, block by block; ${isSentAtOnce ? "whole" : "streamed"}`, () => {
      const thought = event({ type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "hm" } });
      const played = playWith({ hasSchema, isSentAtOnce }, start("m1"), thought, blockStop(0), ...document("t1", 1), stop("tool_use"), result);
      assert.deepEqual([played.order, played.text, played.outcome], ["message_start thinking text message_stop", '{"a":1}', "finished"]);
    });
  }

  it("is no piece of another message's block", () => {
    const played = playWith({ hasSchema }, start("m1"), toolUse(0, "t1", "StructuredOutput"), stop("tool_use"), start("m2"), input(0, "lost"), stop("end_turn"), result);
    assert.deepEqual([played.text, played.outcome], ["", "failed"]);
  });

  it("that is only words fails", () => {
    const played = playWith({ hasSchema }, start("m1"), text("I would rather not."), stop("end_turn"), result);
    assert.deepEqual([played.text, played.error?.code, played.order], ["", "upstream_error", ""]);
    assert.match(played.error?.message ?? "", /did not answer in the JSON/u);
  });

  it("may come after a first attempt of which nothing was sent", () => {
    const played = playWith({ hasSchema }, start("m1"), text("lost"), start("m2"), ...document("t1"), stop("tool_use"), result);
    assert.deepEqual([played.text, played.outcome], ['{"a":1}', "finished"]);
  });

  it("may call the client's tools first", () => {
    const played = playWith({ hasSchema }, start("m1"), toolUse(0, "t1"), blockStop(0), stop("tool_use"));
    assert.deepEqual([played.outcome, played.callIds], ["parked", ["t1"]]);
  });

  it("is not what a client's own tool of that name makes without one", () => {
    const played = playMessages(start("m1"), ...document("t1"), stop("tool_use"));
    assert.deepEqual([played.outcome, played.calls, played.text], ["parked", [{ id: "t1", name: "StructuredOutput", json: '{"a":1}' }], ""]);
  });
});

describe("a line of which something was cut", () => {
  const takeCut = (translator: TurnTranslator, message: JsonObject): TurnEvent[] => {
    const events: TurnEvent[] = [];
    translator.take(message, events, true);
    return events;
  };
  const begun = (): TurnTranslator => {
    const translator = translatorOf();
    translator.take(start("m1"), []);
    return translator;
  };

  it("fails the turn when it is a piece of the answer", () => {
    const translator = begun();
    assert.deepEqual(takeCut(translator, text("a")), []);
    assert.ok(translator.outcome.name === "failed" && translator.outcome.error.code === "upstream_error");
  });

  it("fails the turn when it is an answer that was not streamed", () => {
    const translator = begun();
    assert.deepEqual(takeCut(translator, whole("m2", [{ type: "text", text: "hi" }])), []);
    assert.ok(translator.outcome.name === "failed" && translator.outcome.error.code === "upstream_error");
  });

  it("is no harm when it repeats what was streamed, or ends the turn", () => {
    const translator = begun();
    assert.deepEqual(takeCut(translator, whole("m1", [{ type: "text", text: "hi" }])), []);
    assert.equal(translator.outcome.name, "running");
    assert.deepEqual(takeCut(translator, { ...result, stop_reason: "end_turn" }).map(({ type }) => type), ["message_start", "message_stop"]);
    assert.equal(translator.outcome.name, "finished");
  });
});

describe("a retry", () => {
  it("is told as often as it comes, until something was said", () => {
    const played = playMessages(retry, retry, start("m1"), retry, text("a"), retry, stop("end_turn"), result);
    assert.deepEqual(played.events.map(({ type }) => type), ["retry", "retry", "accepted", "retry", "message_start", "block_start", "text", "block_stop", "message_stop"]);
  });

  it("is no other word of the system's", () => {
    assert.equal(playMessages({ type: "system", subtype: "status" }, { type: "system" }, start("m1"), text("a"), stop("end_turn"), result).order, "message_start text message_stop");
  });
});

describe("usage", () => {
  it("is told at the start as far as it is known", () => {
    const { events } = playMessages(start("m1", { usage: { input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 1 } }), text("a"), stop("end_turn", { output_tokens: 9 }), result);
    assert.deepEqual(events[1], { type: "message_start", id: "m1", model: "claude-x", usage: { ...noUsage, inputTokens: 10, cacheReadInputTokens: 5, outputTokens: 1 } });
  });

  it("is that of all messages of the answer", () => {
    const usage = (output_tokens: number): JsonObject => ({ usage: { input_tokens: output_tokens, output_tokens } });
    const called = [start("m1", usage(3)), toolUse(0, "t1"), blockStop(0), stop("tool_use", { cache_read_input_tokens: 100, output_tokens: 5 })];
    const played = playWith({ callsMax: 0 }, ...called, start("m2", usage(7)), text("a"), stop("end_turn"), result);
    assert.deepEqual(played.usage, { ...noUsage, inputTokens: 10, cacheReadInputTokens: 100, outputTokens: 12 });
  });

  it("is not that of a message that broke off and was asked for again", () => {
    const usage = (output_tokens: number): JsonObject => ({ usage: { input_tokens: output_tokens, output_tokens } });
    const played = playMessages(start("m1", usage(3)), start("m2", usage(7)), text("a"), stop("end_turn"), result);
    assert.deepEqual(played.usage, { ...noUsage, inputTokens: 7, outputTokens: 7 });
  });

  it("counts cache reads and writes into the prompt, and thinking as a part of the answer", () => {
    const usage = { input_tokens: 100, cache_creation_input_tokens: 20, cache_read_input_tokens: 3, output_tokens: 1 };
    const played = playMessages(start("m1", { usage }), text("a"), stop("end_turn", { output_tokens: 50, output_tokens_details: { thinking_tokens: 30 } }), result);
    assert.deepEqual(played.usage, { ...noUsage, inputTokens: 100, cacheReadInputTokens: 3, cacheCreationInputTokens: 20, outputTokens: 50, thinkingTokens: 30 });
  });

  it("is whole numbers, whatever came", () => {
    const usage = { input_tokens: -5, cache_creation_input_tokens: "20", cache_read_input_tokens: 3.7, output_tokens: null };
    const played = playMessages(start("m1", { usage }), text("a"), stop("end_turn", { output_tokens_details: [] }), result);
    assert.deepEqual(played.usage, { ...noUsage, cacheReadInputTokens: 3 });
  });
});

describe("a turn without an answer", () => {
  it("fails when the result says nothing", () => assert.equal(playMessages(result).error?.code, "cli_failed"));

  it("fails with the result's own words when there is no synthetic message", () => {
    const played = playMessages({ type: "result", is_error: true, result: "API Error: 529", api_error_status: 529 });
    assert.deepEqual([played.error?.code, played.error?.message], ["overloaded", "API Error: 529"]);
  });

  it("fails on a synthetic message even if the result calls it a success", () => {
    const played = playMessages({ ...whole("m1", [{ type: "text", text: "You are out of credit" }], { model: "<synthetic>" }), error: "billing_error" }, result);
    assert.deepEqual([played.error?.code, played.order, played.text], ["billing_error", "", ""]);
  });
});

describe("the blocks of an answer", () => {
  const blockStart = (index: number, content_block: JsonObject): JsonObject => event({ type: "content_block_start", index, content_block });
  const delta = (index: number, inner: JsonObject): JsonObject => event({ type: "content_block_delta", index, delta: inner });
  /** All events between the answer's start and its end. */
  const inner = ({ events }: { readonly events: readonly TurnEvent[] }): readonly TurnEvent[] => events.slice(events.findIndex(({ type }) => type === "message_start") + 1, -1);

  it("have their starts and ends, their numbers and signatures, so that the API's own stream can be written from them", () => {
    const played = playMessages(
      start("m1"),
      blockStart(0, { type: "thinking", thinking: "", signature: "" }), delta(0, { type: "thinking_delta", thinking: "hm" }), delta(0, { type: "signature_delta", signature: "Eq+/=" }), blockStop(0),
      blockStart(1, { type: "redacted_thinking", data: "secret" }), blockStop(1),
      blockStart(2, { type: "text", text: "" }), delta(2, { type: "text_delta", text: "a" }), delta(2, { type: "citations_delta", citation: { cited_text: "b" } }), blockStop(2),
      toolUse(3, "t1"), input(3, "{}"), blockStop(3), stop("tool_use"),
    );
    assert.deepEqual(inner(played), [
      { type: "block_start", index: 0, block: { type: "thinking" } }, { type: "thinking", index: 0, text: "hm" }, { type: "signature", index: 0, signature: "Eq+/=" }, { type: "block_stop", index: 0 },
      { type: "block_start", index: 1, block: { type: "redacted_thinking", data: "secret" } }, { type: "block_stop", index: 1 },
      { type: "block_start", index: 2, block: { type: "text" } }, { type: "text", index: 2, text: "a" }, { type: "citation", index: 2, citation: { cited_text: "b" } }, { type: "block_stop", index: 2 },
      { type: "block_start", index: 3, block: { type: "tool_use", id: "t1", name: "look" } }, { type: "input_json", index: 3, text: "{}" }, { type: "block_stop", index: 3 },
    ]);
  });

  it("of a message that was not streamed are the same", () => {
    const content = [{ type: "thinking", thinking: "hm", signature: "Eq" }, { type: "text", text: "a" }, { type: "tool_use", id: "t1", name: "look", input: { b: 1 } }];
    const translator = translatorOf();
    const events: TurnEvent[] = [];
    translator.take(whole("m1", content, { stop_reason: "tool_use" }), events);
    translator.takeCallRequest(events);
    assert.deepEqual(inner({ events }), [
      { type: "block_start", index: 0, block: { type: "thinking" } }, { type: "thinking", index: 0, text: "hm" }, { type: "signature", index: 0, signature: "Eq" }, { type: "block_stop", index: 0 },
      { type: "block_start", index: 1, block: { type: "text" } }, { type: "text", index: 1, text: "a" }, { type: "block_stop", index: 1 },
      { type: "block_start", index: 2, block: { type: "tool_use", id: "t1", name: "look" } }, { type: "input_json", index: 2, text: '{\\"b\\":1}' }, { type: "block_stop", index: 2 },
    ]);
  });

  it("of the API's own tools are whole, a call with its input, and so is what is not known here; none of it stands in the way of another attempt", () => {
    const call = { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: {}, caller: { type: "direct" } };
    const found = { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [{ type: "web_search_result", url: "u", encrypted_content: "x" }] };
    const novelty = { type: "novelty", field: [1] };
    const growth = { type: "novelty_delta", more: "é" };
    const searched = [
      { type: "block_start", index: 0, block: call }, { type: "input_json", index: 0, text: '{\\"query\\":1}' }, { type: "block_stop", index: 0 },
      { type: "block_start", index: 1, block: found }, { type: "block_stop", index: 1 },
    ];
    const said = (index: number) => [{ type: "block_start", index, block: { type: "text" } }, { type: "text", index, text: "a" }, { type: "block_stop", index }];
    const streamed = [
      blockStart(0, call), input(0, '{"query":1}'), blockStop(0), blockStart(1, found), blockStop(1),
      blockStart(2, novelty), delta(2, growth), blockStop(2),
    ];
    assert.deepEqual(inner(playMessages(start("m0"), ...streamed, start("m1"), ...streamed, blockStart(3, { type: "text", text: "" }), delta(3, { type: "text_delta", text: "a" }), blockStop(3), stop("end_turn"), result)), [
      ...searched,
      { type: "block_start", index: 2, block: { type: "other", block: novelty } }, { type: "other_delta", index: 2, delta: growth }, { type: "block_stop", index: 2 },
      ...said(3),
    ]);
    const content = [{ ...call, input: { query: 1 } }, found, novelty, { type: "text", text: "a" }];
    assert.deepEqual(inner(playMessages(whole("m1", content, { stop_reason: "end_turn" }), result)), [
      ...searched, { type: "block_start", index: 2, block: { type: "other", block: novelty } }, { type: "block_stop", index: 2 }, ...said(3),
    ]);
  });

  it("of a message that was not streamed have its citations", () => {
    const content = [{ type: "text", text: "a", citations: [{ cited_text: "b" }, null, { cited_text: "c" }] }, { type: "text", text: "d", citations: null }];
    assert.deepEqual(inner(playMessages(whole("m1", content, { stop_reason: "end_turn" }), result)), [
      { type: "block_start", index: 0, block: { type: "text" } }, { type: "text", index: 0, text: "a" },
      { type: "citation", index: 0, citation: { cited_text: "b" } }, { type: "citation", index: 0, citation: { cited_text: "c" } }, { type: "block_stop", index: 0 },
      { type: "block_start", index: 1, block: { type: "text" } }, { type: "text", index: 1, text: "d" }, { type: "block_stop", index: 1 },
    ]);
  });

  it("are numbered through where the answer spans two messages, without those that are not told", () => {
    const messages = [start("m1"), text("a"), blockStop(0), toolUse(1, "t1"), blockStop(1), stop("tool_use"), start("m2"), blockStart(0, { type: "text" }), text("b"), blockStop(0), stop("end_turn"), result];
    assert.deepEqual(inner(playWith({ callsMax: 0 }, ...messages)), [
      { type: "block_start", index: 0, block: { type: "text" } }, { type: "text", index: 0, text: "a" }, { type: "block_stop", index: 0 },
      { type: "block_start", index: 1, block: { type: "text" } }, { type: "text", index: 1, text: "b" }, { type: "block_stop", index: 1 },
    ]);
  });

  it("of a message that broke off before anything was said leave no trace", () => {
    const broken = [start("m1"), blockStart(0, { type: "thinking" }), delta(0, { type: "signature_delta", signature: "Eq" }), blockStop(0), blockStart(1, { type: "text" })];
    const played = playMessages(...broken, start("m2"), blockStart(0, { type: "text" }), text("a"), blockStop(0), stop("end_turn"), result);
    assert.deepEqual(inner(played), [{ type: "block_start", index: 0, block: { type: "text" } }, { type: "text", index: 0, text: "a" }, { type: "block_stop", index: 0 }]);
  });

  it("and the start of a message that broke off before anything was said are those of the one that took its place", () => {
    const usage = (input_tokens: number): JsonObject => ({ usage: { input_tokens } });
    const played = playMessages(start("m1", usage(3)), blockStart(0, { type: "text" }), start("m2", { ...usage(7), model: "claude-y" }), blockStart(0, { type: "text" }), text("a"), stop("end_turn"), result);
    assert.deepEqual(played.events.slice(0, 3), [
      { type: "accepted", model: "claude-x" }, { type: "accepted", model: "claude-y" },
      { type: "message_start", id: "m2", model: "claude-y", usage: { ...noUsage, inputTokens: 7 } },
    ]);
  });

  it("are told at the end also where nothing was said in them", () => {
    const played = playMessages(start("m1"), blockStart(0, { type: "thinking" }), delta(0, { type: "signature_delta", signature: "Eq" }), blockStop(0), stop("end_turn"), result);
    assert.deepEqual(inner(played).map(({ type }) => type), ["block_start", "signature", "block_stop"]);
  });

  it("end when their answer is cut, also without a word of the upstream's", () => {
    assert.deepEqual(inner(playMessages(start("m1"), text("a"), stop("max_tokens"))).map(({ type }) => type), ["block_start", "text", "block_stop"]);
  });
});

describe("the end of an answer", () => {
  it("tells which stop sequence it was", () => {
    const end = event({ type: "message_delta", delta: { stop_reason: "stop_sequence", stop_sequence: "END" }, usage: {} });
    const last = playMessages(start("m1"), text("a"), end, result).events.at(-1);
    assert.deepEqual(last?.type === "message_stop" && [last.stopReason, last.stopSequence], ["stop_sequence", "END"]);
    const wholeLast = playMessages(whole("m1", [{ type: "text", text: "a" }], { stop_reason: "stop_sequence", stop_sequence: "X" }), result).events.at(-1);
    assert.deepEqual(wholeLast?.type === "message_stop" && wholeLast.stopSequence, "X");
  });

  it("tells with which details the API stopped it", () => {
    const stop_details = { type: "refusal", category: "cyber" };
    const end = event({ type: "message_delta", delta: { stop_reason: "refusal", stop_details }, usage: {} });
    const details = (...messages: JsonObject[]): unknown => playMessages(...messages).events.flatMap((told) => (told.type === "message_stop" ? [told.stopDetails] : []));
    assert.deepEqual(details(start("m1"), text("a"), end), [stop_details]);
    assert.deepEqual(details(whole("m1", [{ type: "text", text: "a" }], { stop_reason: "refusal", stop_details }), result), [stop_details]);
    assert.deepEqual(details(start("m1"), text("a"), stop("end_turn"), result), [undefined]);
  });

  it("has what the API's usage tells besides, as it is", () => {
    const played = playMessages(start("m1", { usage: { input_tokens: 3, service_tier: "standard" } }), text("a"), stop("end_turn", { output_tokens: 1, server_tool_use: { web_search_requests: 2 } }), result);
    assert.deepEqual(played.usage, { ...noUsage, inputTokens: 3, outputTokens: 1, others: { service_tier: "standard", server_tool_use: { web_search_requests: 2 } } });
  });

  it("counts what was written to the cache by its lifetime", () => {
    const usage = { cache_creation_input_tokens: 30, cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 } };
    const played = playMessages(start("m1", { usage }), text("a"), stop("end_turn"), result);
    assert.deepEqual(played.usage, { ...noUsage, cacheCreationInputTokens: 30, ephemeral5mInputTokens: 10, ephemeral1hInputTokens: 20 });
  });
});

describe("what is not understood", () => {
  it("is passed over", () => {
    const odd: JsonObject[] = [
      {}, { type: "novelty" }, { type: "stream_event" }, { type: "stream_event", event: null }, event({ type: "message_start" }), event({ type: "content_block_delta" }),
      event({ type: "content_block_start", index: 0 }), event({ type: "content_block_stop" }), input(3, "{}"), blockStop(3), text(1), text(""), event({ type: "content_block_delta", delta: { type: "input_json_delta", partial_json: "{}" } }), event({ type: "message_delta" }),
      { type: "assistant" }, { type: "assistant", message: "x" }, { type: "rate_limit_event" }, { type: "rate_limit_event", rate_limit_info: {} }, { type: "user", message: {} },
    ];
    const played = playMessages(start("m1"), ...odd, text("a"), ...odd, stop("end_turn"), ...odd, result);
    assert.deepEqual([played.order, played.text, played.stopReason, played.rateLimit], ["message_start text message_stop", "a", "end_turn", undefined]);
  });
});

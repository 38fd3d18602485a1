import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseDeltaLine } from "../../src/claude/deltas.ts";
import { type JsonObject, parseLine } from "../../src/claude/protocol.ts";
import { type TranslateOptions, TurnTranslator } from "../../src/claude/translate.ts";
import type { ErrorCode } from "../../src/errors.ts";
import type { FinishReason, TurnEvent } from "../../src/turn.ts";
import { loadRecording, type RecordedVersion, recordedVersions } from "../support/recordings.ts";
import { summaryOf } from "../support/turn-events.ts";

/** An hour before the recorded windows reset. */
const resetsAtByVersion = { "2.1.197": 1795367094, "2.1.330": 1795367096 } as const;
const modelByVersion = { "2.1.197": "claude-sonnet-5", "2.1.330": "claude-sonnet-5-5" } as const;

/** Plays lines through a translator, each delta by the fast path or all by the parser. */
function play(lines: readonly string[], path: "fast" | "parsed", nowMs = 0, options: Partial<TranslateOptions> = {}) {
  const translator = new TurnTranslator({ nowMs: () => nowMs, previousMessageId: undefined, hasSchema: false, callsMax: Infinity, ...options });
  const events: TurnEvent[] = [];
  for (const line of lines) {
    const delta = path === "fast" ? parseDeltaLine(line) : undefined;
    if (delta !== undefined) {
      translator.takeDelta(delta, events);
    } else {
      const message = parseLine(line);
      assert.ok(message !== undefined, line);
      translator.take(message, events);
    }
  }
  const { outcome, rateLimit, callIds, isWhole, messageId } = translator;
  return { ...summaryOf(events), events, rateLimit, callIds, isWhole, messageId, outcome: outcome.name, error: outcome.name === "failed" ? outcome.error : undefined };
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
  readonly finish?: FinishReason;
  /** Prompt, cached, completion, reasoning. */
  readonly usage?: readonly [number, number, number, number];
  readonly outcome?: "finished" | "cut" | "failed";
  readonly order?: string;
  readonly code?: ErrorCode;
}

const words = (count: number): string => Array.from({ length: count }, (_, word) => `w${word} `).join("");
const failed = { outcome: "failed", order: "" } as const;

const expectations: readonly (readonly [string, number, Expected | Readonly<Record<RecordedVersion, Expected>>])[] = [
  ["text", 0, { text: words(4), usage: [32, 7, 4, 0] }],
  ["thinking", 0, { thinking: "Let me think", text: words(2), usage: [32, 7, 2, 0], order: "start thinking text finish" }],
  ["image", 0, { text: words(2), usage: [32, 7, 2, 0] }],
  ["settings", 0, { text: words(1), usage: [32, 7, 1, 0] }],
  ["history", 1, { text: words(2), usage: [32, 7, 2, 0] }],
  ["two-turns", 0, { text: words(2), usage: [32, 7, 2, 0] }],
  ["two-turns", 1, { text: words(2), usage: [32, 7, 2, 0] }],
  ["max-tokens", 0, { text: words(3), finish: "length", outcome: "cut", usage: [32, 7, 3, 0] }],
  ["subscription-windows", 0, { text: "ok", usage: [5, 0, 2, 0] }],
  ["subscription-windows", 1, { text: "ok", usage: [5, 0, 2, 0] }],
  ["subscription-windows", 2, { ...failed, code: "usage_limit_reached" }],
  ["error-400", 0, { ...failed, code: "invalid_request" }],
  ["error-401", 0, { ...failed, code: "not_logged_in" }],
  ["error-429", 0, { ...failed, code: "rate_limited" }],
  ["error-529", 0, { ...failed, code: "overloaded" }],
  ["not-logged-in", 0, { ...failed, code: "not_logged_in" }],
  ["upstream-breaks", 0, {
    "2.1.197": { ...failed, text: "w0 ", order: "start text", code: "upstream_error" },
    "2.1.330": { text: words(6), usage: [32, 7, 6, 0] },
  }],
  ["interrupt", 0, {
    "2.1.197": { ...failed, text: words(16), order: "start text", code: "upstream_error" },
    "2.1.330": { ...failed, text: words(15), order: "start text", code: "upstream_error" },
  }],
];

for (const version of recordedVersions) {
  describe(`what ${version} wrote`, () => {
    for (const [name, turn, given] of expectations) {
      const expected = "2.1.197" in given ? given[version] : given;
      const { thinking = "", text = "", outcome = "finished", usage, code } = expected;
      const finish = outcome === "failed" ? undefined : expected.finish ?? "stop";
      for (const path of ["fast", "parsed"] as const) {
        it(`in ${name}, turn ${turn + 1}, ${path}, is ${code ?? finish}`, () => {
          const played = play(turnLines(version, name, turn), path, (resetsAtByVersion[version] - 3_600) * 1_000);
          assert.deepEqual(
            { thinking: played.thinking, text: played.text, finish: played.finish, outcome: played.outcome, order: played.order, code: played.error?.kind },
            { thinking, text, finish, outcome, order: expected.order ?? "start text finish", code },
          );
          assert.equal(played.model, played.order === "" ? undefined : modelByVersion[version]);
          const [promptTokens, cachedTokens, completionTokens, reasoningTokens] = usage ?? [];
          assert.deepEqual(played.usage, usage === undefined ? undefined : { promptTokens, cachedTokens, completionTokens, reasoningTokens });
        });
      }
    }

    it("in subscription-windows tells each window, and at the last when it resets", () => {
      const nowMs = (resetsAtByVersion[version] - 3_600) * 1_000;
      const turns = [0, 1, 2].map((turn) => play(turnLines(version, "subscription-windows", turn), "fast", nowMs));
      assert.deepEqual(turns.map(({ rateLimit }) => rateLimit?.status), ["allowed", "allowed_warning", "rejected"]);
      const error = turns[2]?.error;
      assert.deepEqual([error?.retryAfterSeconds, error?.shouldRetry], [3_600, false]);
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

function playMessages(...messages: JsonObject[]) {
  return play(messages.map((message) => Buffer.from(JSON.stringify(message)).toString("latin1")), "parsed");
}

describe("the stop reason", () => {
  for (const [reason, finish, outcome] of [
    ["end_turn", "stop", "finished"], ["stop_sequence", "stop", "finished"], ["tool_use", "stop", "finished"], ["a later word", "stop", "finished"],
    ["max_tokens", "length", "cut"], ["model_context_window_exceeded", "length", "cut"], ["refusal", "content_filter", "cut"],
  ] as const) {
    it(`${reason} is ${finish}, and the turn is ${outcome}`, () => {
      const played = playMessages(start("m1"), text("a"), stop(reason), result);
      assert.deepEqual([played.finish, played.outcome, played.order], [finish, outcome, "start text finish"]);
    });
  }

  it("that never came is stop", () => {
    assert.equal(playMessages(start("m1"), text("a"), stop(null), result).finish, "stop");
  });
});

describe("after the outcome", () => {
  it("nothing is made of what the CLI goes on with", () => {
    const more = [start("m2"), text("more"), stop("end_turn"), result];
    assert.deepEqual(playMessages(start("m1"), text("a"), stop("max_tokens"), ...more).order, "start text finish");
    assert.deepEqual(playMessages(start("m1"), text("a"), stop("max_tokens"), ...more).text, "a");
    assert.equal(playMessages(start("m1"), text("a"), stop("end_turn"), result, ...more).text, "a");
    const broken = playMessages(start("m1"), text("a"), ...more);
    assert.deepEqual([broken.text, broken.outcome, broken.finish], ["a", "failed", undefined]);
  });
});

describe("a message that was not streamed", () => {
  it("is given whole when nothing of another was", () => {
    const content = [{ type: "thinking", thinking: "hm" }, { type: "text", text: "hi" }, { type: "tool_use", id: "t", name: "n", input: {} }, { type: "text", text: "" }];
    const played = playMessages(whole("m1", content, { stop_reason: "end_turn", usage: { input_tokens: 10, output_tokens: 2 } }), result);
    assert.deepEqual([played.order, played.thinking, played.text, played.finish], ["start thinking text finish", "hm", "hi", "stop"]);
    assert.deepEqual(played.usage, { promptTokens: 10, cachedTokens: 0, completionTokens: 2, reasoningTokens: 0 });
  });

  it("takes the place of one of which nothing was given", () => {
    const played = playMessages(start("m1"), whole("m2", [{ type: "text", text: "hi" }], { stop_reason: "end_turn" }), result);
    assert.deepEqual([played.order, played.text], ["start text finish", "hi"]);
  });

  it("fails the turn when a part of another was given", () => {
    const played = playMessages(start("m1"), text("a"), whole("m2", [{ type: "text", text: "hi" }], { stop_reason: "end_turn" }), result);
    assert.deepEqual([played.text, played.error?.kind], ["a", "upstream_error"]);
  });
});

describe("usage", () => {
  it("counts cache reads and writes into the prompt, and thinking as a part of the answer", () => {
    const usage = { input_tokens: 100, cache_creation_input_tokens: 20, cache_read_input_tokens: 3, output_tokens: 1 };
    const played = playMessages(start("m1", { usage }), text("a"), stop("end_turn", { output_tokens: 50, output_tokens_details: { thinking_tokens: 30 } }), result);
    assert.deepEqual(played.usage, { promptTokens: 123, cachedTokens: 3, completionTokens: 50, reasoningTokens: 30 });
  });

  it("is whole numbers, whatever came", () => {
    const usage = { input_tokens: -5, cache_creation_input_tokens: "20", cache_read_input_tokens: 3.7, output_tokens: null };
    const played = playMessages(start("m1", { usage }), text("a"), stop("end_turn", { output_tokens_details: [] }), result);
    assert.deepEqual(played.usage, { promptTokens: 3, cachedTokens: 3, completionTokens: 0, reasoningTokens: 0 });
  });
});

describe("a turn without an answer", () => {
  it("fails when the result says nothing", () => assert.equal(playMessages(result).error?.kind, "cli_failed"));

  it("fails with the result's own words when there is no synthetic message", () => {
    const played = playMessages({ type: "result", is_error: true, result: "API Error: 529", api_error_status: 529 });
    assert.deepEqual([played.error?.kind, played.error?.message], ["overloaded", "API Error: 529"]);
  });

  it("fails on a synthetic message even if the result calls it a success", () => {
    const played = playMessages({ ...whole("m1", [{ type: "text", text: "You are out of credit" }], { model: "<synthetic>" }), error: "billing_error" }, result);
    assert.deepEqual([played.error?.kind, played.order, played.text], ["insufficient_quota", "", ""]);
  });
});

describe("what is not understood", () => {
  it("is passed over", () => {
    const odd: JsonObject[] = [
      {}, { type: "novelty" }, { type: "stream_event" }, { type: "stream_event", event: null }, event({ type: "message_start" }), event({ type: "content_block_delta" }),
      text(1), text(""), event({ type: "content_block_delta", delta: { type: "input_json_delta", partial_json: "{}" } }), event({ type: "message_delta" }),
      { type: "assistant" }, { type: "assistant", message: "x" }, { type: "rate_limit_event" }, { type: "rate_limit_event", rate_limit_info: {} }, { type: "user", message: {} },
    ];
    const played = playMessages(start("m1"), ...odd, text("a"), ...odd, stop("end_turn"), ...odd, result);
    assert.deepEqual([played.order, played.text, played.finish, played.rateLimit], ["start text finish", "a", "stop", undefined]);
  });
});

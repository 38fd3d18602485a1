import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type JsonObject, parseLine } from "../../src/claude/protocol.ts";
import type { MadeCall } from "../../src/claude/tool-calls.ts";
import { type TranslateOptions, TurnTranslator } from "../../src/claude/translate.ts";
import type { ErrorCode } from "../../src/errors.ts";
import type { StopReason, TurnEvent } from "../../src/turn/event.ts";
import { loadRecording, type RecordedVersion, recordedVersions } from "../support/recordings.ts";
import {
  blockStop, event, input, type Path, play, playMessages, playThrough, playWith, rateLimit, result, start, stop, text, toolUse, translatorOf, whole,
} from "../support/translated-lines.ts";
import { noUsage } from "../support/turn-events.ts";

/** An hour before the recorded windows reset. */
const resetsAtByVersion = { "2.1.197": 1795367094, "2.1.330": 1795367096 } as const;
const modelByVersion = { "2.1.197": "claude-sonnet-5", "2.1.330": "claude-sonnet-5-5" } as const;

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

const retry: JsonObject = { type: "system", subtype: "api_retry", attempt: 1 };

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

  it("sums the searches of several messages, and has the last one's word of the rest", () => {
    const searched = (id: string, count: number, tier: string): JsonObject[] => [
      start(id, { usage: { service_tier: tier, server_tool_use: { web_search_requests: 0 } } }), text("a"), stop("end_turn", { server_tool_use: { web_search_requests: count } }),
    ];
    const played = playMessages(...searched("m1", 2, "batch"), ...searched("m2", 3, "standard"), result);
    assert.deepEqual(played.usage?.others, { service_tier: "standard", server_tool_use: { web_search_requests: 5 } });
    const later = playMessages(...searched("m1", 2, "batch"), start("m2", { usage: { server_tool_use: null } }), text("a"), stop("end_turn"), result);
    assert.deepEqual(later.usage?.others, { service_tier: "batch", server_tool_use: { web_search_requests: 2 } });
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

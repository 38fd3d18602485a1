/**
 * An answer's events beside the stream that Anthropic's documentation has for such an answer, written anew here: the same
 * types in the same order, with the same indexes and fields. A whole answer has the same in one message.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MessageStream } from "../../../../src/api/anthropic/messages/stream.ts";
import { WholeMessage } from "../../../../src/api/anthropic/messages/whole-message.ts";
import { ToolNames } from "../../../../src/api/tool-names.ts";
import { toUsage } from "../../../../src/claude/usage.ts";
import { BridgeError } from "../../../../src/errors.ts";
import { encodeJsonText, type WireText } from "../../../../src/json-text.ts";
import type { TurnEvent } from "../../../../src/turn/event.ts";
import { noUsage, type Usage } from "../../../../src/turn/usage.ts";
import { judgeMessageStream } from "../../../support/messages-wire.ts";
import { refusalOf } from "../../../support/refusal.ts";

const style = { names: new ToolNames(), model: "sonnet" };
const begun: Usage = { ...noUsage, inputTokens: 25, cacheReadInputTokens: 7, cacheCreationInputTokens: 5, ephemeral1hInputTokens: 5, outputTokens: 1, others: { service_tier: "standard" } };
const used: Usage = { ...begun, outputTokens: 15 };

const start: TurnEvent = { type: "message_start", id: "msg_01", model: "claude-sonnet-5-5", usage: begun };
const say = (index: number, ...texts: string[]): TurnEvent[] => texts.map((text) => ({ type: "text", index, text: encodeJsonText(text) }));
const block = (index: number, of: Extract<TurnEvent, { type: "block_start" }>["block"], ...inside: TurnEvent[]): TurnEvent[] => [{ type: "block_start", index, block: of }, ...inside, { type: "block_stop", index }];
const stop = (more: Partial<Extract<TurnEvent, { type: "message_stop" }>> = {}): TurnEvent => ({ type: "message_stop", stopReason: "end_turn", stopSequence: undefined, stopDetails: undefined, usage: used, ...more });

const bytesOf = (text: WireText): Buffer => Buffer.from(text, "latin1");
function streamed(events: readonly TurnEvent[], names = style.names): ReturnType<typeof judgeMessageStream> {
  const stream = new MessageStream({ ...style, names }, "req_1");
  // As http does: what opens the stream goes before what was encoded until then.
  const [first, ...others] = events.map((event) => stream.encode([event]));
  return judgeMessageStream(Buffer.concat([stream.open(), first ?? assert.fail(), ...others].map(bytesOf)));
}
function whole(events: readonly TurnEvent[], names = style.names): any {
  const answer = new WholeMessage({ ...style, names });
  for (const event of events) answer.take([event]);
  return JSON.parse(Buffer.concat(answer.release()).toString("utf8"));
}

const documentedStart = {
  type: "message_start",
  message: {
    id: "msg_01", type: "message", role: "assistant", model: "claude-sonnet-5-5", content: [], container: null, stop_reason: null, stop_sequence: null, stop_details: null,
    usage: {
      input_tokens: 25, cache_creation_input_tokens: 5, cache_read_input_tokens: 7, cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 5 },
      output_tokens: 1, service_tier: "standard",
    },
  },
};
/** What the API's reference and its examples have as `usage`: a start has at least what the API's had, whatever else it has. */
const referenceUsages: readonly (readonly [what: string, usage: Readonly<Record<string, unknown>>])[] = [
  ["the two counts of the simplest example", { input_tokens: 25, output_tokens: 1 }],
  ["a cache and a tier", {
    cache_creation: { ephemeral_1h_input_tokens: 0, ephemeral_5m_input_tokens: 2_051 }, cache_creation_input_tokens: 2_051, cache_read_input_tokens: 2_048, inference_geo: "not_available",
    input_tokens: 2_095, output_tokens: 3, service_tier: "standard",
  }],
  ["searches, and nulls for what there is not", {
    cache_creation: null, cache_creation_input_tokens: 2_051, cache_read_input_tokens: 0, inference_geo: null, input_tokens: 2_095, output_tokens: 3,
    server_tool_use: { web_search_requests: 0, web_fetch_requests: 0 }, service_tier: null,
  }],
];
const documentedEnd = (delta: object = { stop_reason: "end_turn", stop_sequence: null }, more: object = {}): object[] => [
  { type: "message_delta", delta, usage: { input_tokens: 25, cache_creation_input_tokens: 5, cache_read_input_tokens: 7, output_tokens: 15, ...more } }, { type: "message_stop" },
];
const opens = (index: number, content_block: object): object => ({ type: "content_block_start", index, content_block });
const grows = (index: number, delta: object): object => ({ type: "content_block_delta", index, delta });
const closes = (index: number): object => ({ type: "content_block_stop", index });

const search = { type: "server_tool_use", id: "srvtoolu_1", name: "web_search" } as const;
const found = { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [{ type: "web_search_result", url: "https://example.com", title: "é", encrypted_content: "x" }] } as const;
const citation = { type: "web_search_result_location", url: "https://example.com", cited_text: "\"é\"", encrypted_index: "x" };

const cases: readonly { readonly what: string; readonly told: readonly TurnEvent[]; readonly documented: readonly object[] }[] = [
  {
    what: "text, with all that breaks JSON and UTF-8",
    told: [...block(0, { type: "text" }, ...say(0, "Hi", "!\n\"é😀\\\u2028")), stop()],
    documented: [opens(0, { type: "text", text: "" }), grows(0, { type: "text_delta", text: "Hi" }), grows(0, { type: "text_delta", text: "!\n\"é😀\\\u2028" }), closes(0), ...documentedEnd()],
  },
  {
    what: "text and a call in pieces",
    told: [
      ...block(0, { type: "text" }, ...say(0, "I look.")),
      ...block(1, { type: "tool_use", id: "toolu_1", name: "look" }, ...["{\"at\":", " \"Zürich\", \"n\": 12345678901234567890}"].map((json): TurnEvent => ({ type: "input_json", index: 1, text: encodeJsonText(json) }))),
      stop({ stopReason: "tool_use" }),
    ],
    documented: [
      opens(0, { type: "text", text: "" }), grows(0, { type: "text_delta", text: "I look." }), closes(0),
      opens(1, { type: "tool_use", id: "toolu_1", name: "look", input: {} }), grows(1, { type: "input_json_delta", partial_json: "{\"at\":" }),
      grows(1, { type: "input_json_delta", partial_json: " \"Zürich\", \"n\": 12345678901234567890}" }), closes(1), ...documentedEnd({ stop_reason: "tool_use", stop_sequence: null }),
    ],
  },
  {
    what: "thinking with its signature, and encrypted thinking",
    told: [
      ...block(0, { type: "thinking" }, { type: "thinking", index: 0, text: encodeJsonText("Let me") }, { type: "thinking", index: 0, text: encodeJsonText(" see.") }, { type: "signature", index: 0, signature: encodeJsonText("EqQBCg+/=") }),
      ...block(1, { type: "redacted_thinking", data: "EmwKAhgB" }), ...block(2, { type: "text" }, ...say(2, "27 * 453 = 12231")), stop({ usage: { ...used, thinkingTokens: 9 } }),
    ],
    documented: [
      opens(0, { type: "thinking", thinking: "", signature: "" }), grows(0, { type: "thinking_delta", thinking: "Let me" }), grows(0, { type: "thinking_delta", thinking: " see." }),
      grows(0, { type: "signature_delta", signature: "EqQBCg+/=" }), closes(0), opens(1, { type: "redacted_thinking", data: "EmwKAhgB" }), closes(1),
      opens(2, { type: "text", text: "" }), grows(2, { type: "text_delta", text: "27 * 453 = 12231" }), closes(2), ...documentedEnd(undefined, { output_tokens_details: { thinking_tokens: 9 } }),
    ],
  },
  {
    what: "a search of the web with its sources",
    told: [
      ...block(0, { ...search, input: {} }, { type: "input_json", index: 0, text: encodeJsonText("{\"query\":\"rain\"}") }), ...block(1, found),
      ...block(2, { type: "text" }, { type: "citation", index: 2, citation }, ...say(2, "It rains.")), stop({ usage: { ...used, others: { ...used.others, server_tool_use: { web_search_requests: 1 } } } }),
    ],
    documented: [
      opens(0, { ...search, input: {} }), grows(0, { type: "input_json_delta", partial_json: "{\"query\":\"rain\"}" }), closes(0), opens(1, found), closes(1),
      opens(2, { type: "text", text: "" }), grows(2, { type: "citations_delta", citation }), grows(2, { type: "text_delta", text: "It rains." }), closes(2), ...documentedEnd(undefined, { server_tool_use: { web_search_requests: 1 } }),
    ],
  },
  {
    what: "an answer that a stop sequence ended",
    told: [...block(0, { type: "text" }, ...say(0, "one ")), stop({ stopReason: "stop_sequence", stopSequence: "two" })],
    documented: [opens(0, { type: "text", text: "" }), grows(0, { type: "text_delta", text: "one " }), closes(0), ...documentedEnd({ stop_reason: "stop_sequence", stop_sequence: "two" })],
  },
  {
    what: "a refusal with its details",
    told: [stop({ stopReason: "refusal", stopDetails: { type: "refusal", category: "cyber" } })],
    documented: documentedEnd({ stop_reason: "refusal", stop_sequence: null, stop_details: { type: "refusal", category: "cyber" } }),
  },
];

describe("a streamed message", () => {
  for (const { what, told, documented } of cases) {
    it(`is, event by event, as the API documents it: ${what}`, () => assert.deepEqual(streamed([start, ...told]).events, [documentedStart, ...documented]));
  }

  for (const [what, usage] of referenceUsages) {
    it(`begins with all that the API's start has: ${what}`, () => {
      const message = {
        id: "msg_013Zva2CMHLNnjNjtJKqJ2EF", container: null, content: [], model: "claude-opus-4-6", role: "assistant", stop_details: null, stop_reason: null, stop_sequence: null, type: "message",
      };
      const { usage: told, ...others } = streamed([{ type: "message_start", id: message.id, model: message.model, usage: toUsage(usage) }, stop()]).events[0]?.["message"] ?? assert.fail();
      assert.deepEqual(others, message);
      for (const [field, value] of Object.entries(usage)) assert.deepEqual(told[field], value, field);
    });
  }

  it("has the client's name of a tool", () => {
    const names = new ToolNames();
    const called = block(0, { type: "tool_use", id: "toolu_1", name: names.toModel("wo ist é") }, { type: "input_json", index: 0, text: encodeJsonText("{}") });
    assert.equal(streamed([start, ...called, stop({ stopReason: "tool_use" })], names).message.content[0].name, "wo ist é");
    assert.equal(whole([start, ...called, stop({ stopReason: "tool_use" })], names).content[0].name, "wo ist é");
  });

  it("has the client's name of the model only where the API told none", () => {
    for (const [model, told] of [["claude-opus-5", "claude-opus-5"], ["", "sonnet"]] as const) assert.equal(streamed([{ ...start, model }, stop()]).message.model, told);
  });

  it("opens with a ping while the answer has not begun, and with nothing before an answer that has", () => {
    const stream = new MessageStream(style, "req_1");
    assert.equal(stream.open(), "event: ping\ndata: {\"type\":\"ping\"}\n\n");
    assert.equal(stream.heartbeat(), stream.open());
    assert.equal(stream.encode([{ type: "accepted", model: "claude-x" }, { type: "retry" }]), "");
    stream.encode([start]);
    assert.equal(stream.open(), "");
  });

  it("passes on what is not known here", () => {
    const stream = new MessageStream(style, "req_1");
    const text = bytesOf(stream.encode([...block(0, { type: "other", block: { type: "novelty", a: 1 } }, { type: "other_delta", index: 0, delta: { type: "novelty_delta", b: "é" } })])).toString();
    assert.deepEqual([...text.matchAll(/^data: (.*)$/gmu)].map(([, json = ""]) => JSON.parse(json)), [opens(0, { type: "novelty", a: 1 }), grows(0, { type: "novelty_delta", b: "é" }), closes(0)]);
  });

  it("that fails ends in an error event, and in no end of a message", () => {
    const stream = new MessageStream(style, "req_1");
    const told = [stream.encode([start, ...block(0, { type: "text" }, ...say(0, "half "))]), stream.fail(new BridgeError("overloaded", "Overloaded"))];
    const { events, failure } = judgeMessageStream(Buffer.concat(told.map(bytesOf)));
    assert.deepEqual([failure, events.at(-1)], ["overloaded_error", { type: "error", error: { type: "overloaded_error", message: "Overloaded" }, request_id: "req_1" }]);
  });
});

describe("what an answer has written to the cache", () => {
  const twice: Usage = { ...used, cacheCreationInputTokens: 10, ephemeral1hInputTokens: 10 };

  it("is the sum at the end of a stream, and says how long it lives, where the model was asked twice for the answer", () => {
    const created = { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 10 };
    for (const { usage } of [streamed([start, stop({ usage: twice })]).message, whole([start, stop({ usage: twice })])]) assert.deepEqual([usage.cache_creation_input_tokens, usage.cache_creation], [10, created]);
  });

  it("is not said to live for any time where the API has not told for how long", () => {
    const untold: Usage = { ...begun, ephemeral1hInputTokens: 0 };
    const told = [{ ...start, usage: untold }, stop({ usage: { ...untold, outputTokens: 4 } })] as readonly TurnEvent[];
    for (const { usage } of [streamed(told).message, whole(told)]) assert.deepEqual([usage.cache_creation_input_tokens, usage.cache_creation], [5, null]);
  });
});

describe("a whole message", () => {
  for (const { what, told } of cases) {
    it(`has in one message what the streamed one has: ${what}`, () => {
      const events = [start, ...told];
      assert.deepEqual(whole(events), streamed(events).message);
    });
  }

  it("has a call's input as the model wrote it, long numbers too, and none where it is cut", () => {
    const written = (json: string): string => {
      const answer = new WholeMessage(style);
      answer.take([start, ...block(0, { type: "tool_use", id: "toolu_1", name: "look" }, { type: "input_json", index: 0, text: encodeJsonText(json) }), stop()]);
      return Buffer.concat(answer.release()).toString("utf8");
    };
    assert.match(written("{\"n\": 12345678901234567890, \"é\": \"\\n\"}"), /"input":\{"n": 12345678901234567890, "é": "\\n"\}\}\]/u);
    assert.match(written("{\"n\": 123"), /"name":"look","input":\{\}\}\]/u);
  });

  it("has no input that is no object, as the API has none", () => {
    for (const json of ["\"abc\"", "[1]", "3", "null"]) {
      const called = block(0, { type: "tool_use", id: "toolu_1", name: "look" }, { type: "input_json", index: 0, text: encodeJsonText(json) });
      assert.deepEqual(whole([start, ...called, stop()]).content[0].input, {}, json);
    }
  });

  it("is refused where it would lack what a delta says that is not known here", () => {
    const compaction = block(0, { type: "other", block: { type: "compaction", content: null } }, { type: "other_delta", index: 0, delta: { type: "compaction_delta", content: "summary" } });
    const error = refusalOf(() => whole([start, ...compaction, stop()]));
    assert.equal(error.code, "upstream_error");
    assert.match(error.message, /stream/u);
  });

  it("throws where the turn has not ended", () => {
    const answer = new WholeMessage(style);
    answer.take([start]);
    assert.throws(() => answer.release(), /without a finish/u);
  });
});

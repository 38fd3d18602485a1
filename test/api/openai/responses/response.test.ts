import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { answerBytesMax, ResponseStream } from "../../../../src/api/openai/responses/response.ts";
import type { FinishedResponse, ResponseStyle } from "../../../../src/api/openai/responses/response-style.ts";
import { unpackedThought } from "../../../../src/api/openai/thoughts.ts";
import { itemId } from "../../../../src/api/openai/responses/output.ts";
import { ToolNames } from "../../../../src/api/tool-names.ts";
import { BridgeError } from "../../../../src/errors.ts";
import type { StopReason, JsonText, TurnEvent } from "../../../../src/turn/event.ts";
import { seededRandom } from "../../../support/random.ts";
import { judgeResponseStream } from "../../../support/responses-wire.ts";
import { apiToolEvents, inputJson, messageStart, messageStop, noUsage, text, thinking, toolUse } from "../../../support/turn-events.ts";
import { sampleOf } from "../../../support/sample.ts";

const identity = { id: "resp_1", createdAt: 1_700_000_000 };
const echo = { instructions: "é", model: "opus", tools: [] };
const constant = { id: "resp_1", object: "response", created_at: 1_700_000_000, background: false, ...echo };
const usage = { ...noUsage, inputTokens: 19, cacheReadInputTokens: 7, cacheCreationInputTokens: 6, outputTokens: 9, thinkingTokens: 4 };
const openAiUsage = { input_tokens: 32, input_tokens_details: { cached_tokens: 7, cache_write_tokens: 6 }, output_tokens: 9, output_tokens_details: { reasoning_tokens: 4 }, total_tokens: 41 };

const start = messageStart({ ...usage, outputTokens: 1 });
const finish = (reason: StopReason = "end_turn"): TurnEvent => messageStop(reason, usage);

const utf8 = (latin1: string): string => Buffer.from(latin1, "latin1").toString("utf8");

interface Wire { readonly stream: ResponseStream; readonly finished: FinishedResponse[] }

function wireOf(style: Partial<ResponseStyle> = {}): Wire {
  const finished: FinishedResponse[] = [];
  return { stream: new ResponseStream(identity, { names: new ToolNames(), customTools: new Set(), hasSources: false, includesThoughts: false, isStored: false, echo, ...style }, (whole) => finished.push(whole)), finished };
}

/** One batch more behind the bytes that were written, as `sendEventStream` does it: the first that gives any is encoded before the opening. */
function withBatch({ stream }: Wire, written: string, batch: readonly TurnEvent[]): string {
  const encoded = stream.encode(batch);
  return encoded !== "" && written === "" ? stream.open() + encoded : written + encoded;
}

function relayed(wire: Wire, ...batches: readonly (readonly TurnEvent[])[]): string {
  return batches.reduce((written, batch) => withBatch(wire, written, batch), "");
}

/** The events of a stream, each under its own name. */
function eventsIn(bytes: string): any[] {
  assert.ok(bytes.endsWith("\n\n"), "the last event is whole");
  return utf8(bytes).slice(0, -2).split("\n\n").map((block) => {
    const [, name, data] = /^event: (\S+)\ndata: ([^\n\r]+)$/u.exec(block) ?? assert.fail(block);
    const event = JSON.parse(data ?? "");
    assert.equal(event.type, name);
    return event;
  });
}

/** The events of a turn, with each item's id, which is made up, by its place: `msg#0`. Asserts their numbers and the rules of the wire. */
function eventsOf(events: readonly TurnEvent[], style?: Partial<ResponseStyle>): any[] {
  const bytes = relayed(wireOf(style), events);
  judgeResponseStream(Buffer.from(bytes, "latin1"));
  const ids = new Map<string, string>();
  for (const { type, item, output_index: place } of eventsIn(bytes)) if (type === "response.output_item.added") ids.set(item.id, `${/^([a-z]+)_[\w-]{24}$/u.exec(item.id)?.[1]}#${place}`);
  const renamed = (value: unknown): any => JSON.parse(JSON.stringify(value), (_key, inner) => (typeof inner === "string" ? ids.get(inner) ?? inner : inner));
  return renamed(eventsIn(bytes)).map(({ sequence_number: number, ...event }: any, index: number) => {
    assert.equal(number, index);
    return event;
  });
}

const inState = (status: string, more: object = {}): object => ({ ...constant, status, error: null, incomplete_details: null, output: [], usage: null, ...more });
const opening = ["response.created", "response.in_progress"].map((type) => ({ type, response: inState("in_progress") }));
const completed = (...output: object[]): object => ({ type: "response.completed", response: inState("completed", { output, usage: openAiUsage }) });

const part = (value: string): object => ({ type: "output_text", text: value, annotations: [], logprobs: [] });
const message = (id: string, status: string, ...values: string[]): object => ({ id, type: "message", status, role: "assistant", content: values.map(part) });
/** All events of a message, and of the others below, from its beginning to its end. */
function messageEvents(index: number, deltas: readonly string[], status = "completed"): object[] {
  const id = `msg#${index}`;
  const place = { item_id: id, output_index: index, content_index: 0 };
  return [
    { type: "response.output_item.added", output_index: index, item: message(id, "in_progress") },
    { type: "response.content_part.added", ...place, part: part("") },
    ...deltas.map((delta) => ({ type: "response.output_text.delta", ...place, logprobs: [], delta })),
    { type: "response.output_text.done", ...place, logprobs: [], text: deltas.join("") },
    { type: "response.content_part.done", ...place, part: part(deltas.join("")) },
    { type: "response.output_item.done", output_index: index, item: message(id, status, deltas.join("")) },
  ];
}

const reasoning = (id: string, status: string, ...values: string[]): object =>
  ({ id, type: "reasoning", status, summary: values.map((value) => ({ type: "summary_text", text: value })), encrypted_content: null });
function reasoningEvents(index: number, deltas: readonly string[]): object[] {
  const id = `rs#${index}`;
  const place = { item_id: id, output_index: index, summary_index: 0 };
  return [
    { type: "response.output_item.added", output_index: index, item: reasoning(id, "in_progress") },
    { type: "response.reasoning_summary_part.added", ...place, part: { type: "summary_text", text: "" } },
    ...deltas.map((delta) => ({ type: "response.reasoning_summary_text.delta", ...place, delta })),
    { type: "response.reasoning_summary_text.done", ...place, text: deltas.join("") },
    { type: "response.reasoning_summary_part.done", ...place, part: { type: "summary_text", text: deltas.join("") } },
    { type: "response.output_item.done", output_index: index, item: reasoning(id, "completed", deltas.join("")) },
  ];
}

const functionCall = (id: string, status: string, call_id: string, name: string, args = ""): object => ({ id, type: "function_call", status, call_id, name, arguments: args });
function callEvents(index: number, call_id: string, name: string, deltas: readonly string[], status = "completed"): object[] {
  const id = `fc#${index}`;
  const place = { item_id: id, output_index: index };
  return [
    { type: "response.output_item.added", output_index: index, item: functionCall(id, "in_progress", call_id, name) },
    ...deltas.map((delta) => ({ type: "response.function_call_arguments.delta", ...place, delta })),
    { type: "response.function_call_arguments.done", ...place, arguments: deltas.join("") },
    { type: "response.output_item.done", output_index: index, item: functionCall(id, status, call_id, name, deltas.join("")) },
  ];
}

const customCall = (id: string, status: string, call_id: string, name: string, input = ""): object => ({ id, type: "custom_tool_call", status, call_id, name, input });
/** Its text comes in one piece. */
function customEvents(index: number, call_id: string, name: string, input: string, status = "completed"): object[] {
  const id = `ctc#${index}`;
  const place = { item_id: id, output_index: index };
  return [
    { type: "response.output_item.added", output_index: index, item: customCall(id, "in_progress", call_id, name) },
    { type: "response.custom_tool_call_input.delta", ...place, delta: input },
    { type: "response.custom_tool_call_input.done", ...place, input },
    { type: "response.output_item.done", output_index: index, item: customCall(id, status, call_id, name, input) },
  ];
}

describe("the events of an answer", () => {
  it("of words are those of one message", () => {
    assert.deepEqual(eventsOf([start, text("Hallo "), text('é "\\\n😀'), finish()]), [...opening, ...messageEvents(0, ["Hallo ", 'é "\\\n😀']), completed(message("msg#0", "completed", 'Hallo é "\\\n😀'))]);
  });

  it("of thoughts before words are those of a reasoning item, then of a message", () => {
    assert.deepEqual(eventsOf([start, thinking("h"), thinking("m"), text("a"), finish()]), [
      ...opening, ...reasoningEvents(0, ["h", "m"]), ...messageEvents(1, ["a"]), completed(reasoning("rs#0", "completed", "hm"), message("msg#1", "completed", "a")),
    ]);
  });

  it("of thoughts between words are an item each time", () => {
    assert.deepEqual(eventsOf([start, text("a"), thinking("b"), text("c"), finish()]), [
      ...opening, ...messageEvents(0, ["a"]), ...reasoningEvents(1, ["b"]), ...messageEvents(2, ["c"]),
      completed(message("msg#0", "completed", "a"), reasoning("rs#1", "completed", "b"), message("msg#2", "completed", "c")),
    ]);
  });

  it("of a call without words are its own alone", () => {
    assert.deepEqual(eventsOf([start, toolUse(0, "toolu_1", "get_x"), inputJson(0, '{"a":'), inputJson(0, '"é"}'), finish("tool_use")]), [
      ...opening, ...callEvents(0, "toolu_1", "get_x", ['{"a":', '"é"}']), completed(functionCall("fc#0", "completed", "toolu_1", "get_x", '{"a":"é"}')),
    ]);
  });

  it("of several calls after words and thoughts are an item each", () => {
    const turn = [start, thinking("t"), text("Let me. "), toolUse(0, "toolu_1", "get_x"), inputJson(0, "{}"), toolUse(1, "toolu_2", "get_y"), inputJson(1, '{"b":'), inputJson(1, "2}"), finish("tool_use")];
    assert.deepEqual(eventsOf(turn), [
      ...opening, ...reasoningEvents(0, ["t"]), ...messageEvents(1, ["Let me. "]), ...callEvents(2, "toolu_1", "get_x", ["{}"]), ...callEvents(3, "toolu_2", "get_y", ['{"b":', "2}"]),
      completed(reasoning("rs#0", "completed", "t"), message("msg#1", "completed", "Let me. "), functionCall("fc#2", "completed", "toolu_1", "get_x", "{}"), functionCall("fc#3", "completed", "toolu_2", "get_y", '{"b":2}')),
    ]);
  });

  it("of blocks of the API's own tools are none: the item that grows goes on", () => {
    assert.deepEqual(eventsOf([start, text("a"), ...apiToolEvents(1), text("b", 4), toolUse(5, "toolu_1", "f"), ...apiToolEvents(6), inputJson(5, "{}"), finish("tool_use")]), [
      ...opening, ...messageEvents(0, ["a", "b"]), ...callEvents(1, "toolu_1", "f", ["{}"]),
      completed(message("msg#0", "completed", "ab"), functionCall("fc#1", "completed", "toolu_1", "f", "{}")),
    ]);
  });

  it("of words after a call begin another message", () => {
    assert.deepEqual(eventsOf([start, toolUse(0, "toolu_1", "f"), inputJson(0, "{}"), text("a"), finish("tool_use")]), [
      ...opening, ...callEvents(0, "toolu_1", "f", ["{}"]), ...messageEvents(1, ["a"]), completed(functionCall("fc#0", "completed", "toolu_1", "f", "{}"), message("msg#1", "completed", "a")),
    ]);
  });

  it("of a call have the client's name for its tool, and the call's id, whatever they hold", () => {
    const names = new ToolNames();
    const [fitting, id] = [names.toModel('mcp.search/"é"'), 'toolu_"é\\'];
    assert.deepEqual(eventsOf([start, toolUse(0, id, fitting), finish("tool_use")], { names }), [
      ...opening, ...callEvents(0, id, 'mcp.search/"é"', []), completed(functionCall("fc#0", "completed", id, 'mcp.search/"é"')),
    ]);
  });

  const patch = '*** "é"\n\\😀\u2028';
  const json = JSON.stringify({ input: patch });
  for (const [what, pieces, input] of [
    ["in one piece", [json], patch],
    ["in many", json.match(/.{1,3}/gsu) ?? [], patch],
    ["beside others", ['{"other":1,"input":"a"}'], "a"],
    ["that is empty", ['{"input":""}'], ""],
    ["that is none", ['{"text":"a"}'], '{"text":"a"}'],
    ["that is a number", ['{"input":7}'], '{"input":7}'],
    ["in JSON that was cut", ['{"input":"*** \\"'], '{"input":"*** \\"'],
    ["that is no JSON", ["*** é"], "*** é"],
    ["in null", ["null"], "null"],
    ["of nothing", [], ""],
  ] as const) {
    it(`of a custom call have its text ${what}`, () => {
      const names = new ToolNames();
      const customTools = new Set([names.toModel("apply.patch")]);
      assert.deepEqual(eventsOf([start, toolUse(0, "toolu_1", "apply_patch"), ...pieces.map((piece) => inputJson(0, piece)), toolUse(1, "toolu_2", "f"), finish("tool_use")], { names, customTools }), [
        ...opening, ...customEvents(0, "toolu_1", "apply.patch", input), ...callEvents(1, "toolu_2", "f", []),
        completed(customCall("ctc#0", "completed", "toolu_1", "apply.patch", input), functionCall("fc#1", "completed", "toolu_2", "f")),
      ]);
    });
  }

  for (const [what, pieces, args, status] of [
    ["in one piece", ['{"query":"é \\" q"}'], { query: 'é " q' }, "completed"], ["in many", ['{"que', 'ry":"q","limit', '":3}'], { query: "q", limit: 3 }, "completed"],
    ["of none", [], {}, "completed"], ["that were cut", ['{"query":"ab'], {}, "incomplete"],
  ] as const) {
    it(`of a search among the client's tools have its arguments as an object, ${what}`, () => {
      const search = (at: string, more: object = {}): object => ({ id: "tsc#0", type: "tool_search_call", status: at, call_id: "toolu_1", execution: "client", arguments: {}, ...more });
      const events = eventsOf([start, toolUse(0, "toolu_1", "tool_search"), ...pieces.map((piece) => inputJson(0, piece)), finish(status === "completed" ? "tool_use" : "max_tokens")], { searchTool: "tool_search" });
      assert.deepEqual(events.slice(2, 4), [
        { type: "response.output_item.added", output_index: 0, item: search("in_progress") }, { type: "response.output_item.done", output_index: 0, item: search(status, { arguments: args }) },
      ]);
      assert.deepEqual([events.length, events[4].response.output], [5, [search(status, { arguments: args })]]);
    });
  }

  it("of no words are those of a message without any", () => {
    assert.deepEqual(eventsOf([start, finish()]), [...opening, ...messageEvents(0, []), completed(message("msg#0", "completed", ""))]);
  });

  it("of thoughts alone are those of the thoughts", () => {
    assert.deepEqual(eventsOf([start, thinking("t"), finish()]), [...opening, ...reasoningEvents(0, ["t"]), completed(reasoning("rs#0", "completed", "t"))]);
  });

  for (const [reason, word] of [["max_tokens", "max_output_tokens"], ["model_context_window_exceeded", "max_output_tokens"], ["pause_turn", "max_output_tokens"], ["refusal", "content_filter"]] as const) {
    const incomplete = (...output: object[]): object => ({ type: "response.incomplete", response: inState("incomplete", { incomplete_details: { reason: word }, output, usage: openAiUsage }) });

    it(`that ended by ${reason} leave the last item incomplete, and no other`, () => {
      assert.deepEqual(eventsOf([start, text("a"), toolUse(0, "toolu_1", "f"), inputJson(0, '{"a'), finish(reason)]), [
        ...opening, ...messageEvents(0, ["a"]), ...callEvents(1, "toolu_1", "f", ['{"a'], "incomplete"), incomplete(message("msg#0", "completed", "a"), functionCall("fc#1", "incomplete", "toolu_1", "f", '{"a')),
      ]);
      assert.deepEqual(eventsOf([start, finish(reason)]), [...opening, ...messageEvents(0, [], "incomplete"), incomplete(message("msg#0", "incomplete", ""))]);
      const custom = eventsOf([start, toolUse(0, "toolu_1", "p"), inputJson(0, '{"input":"ab'), finish(reason)], { customTools: new Set(["p"]) });
      assert.deepEqual(custom.slice(2), [...customEvents(0, "toolu_1", "p", "", "incomplete"), incomplete(customCall("ctc#0", "incomplete", "toolu_1", "p", ""))]);
    });
  }

  it("of a start, of a retry and of nothing are none: the head waits for what shows that the answer comes", () => {
    const { stream } = wireOf();
    assert.deepEqual([stream.encode([start]), stream.encode([{ type: "retry" }]), stream.encode([])], ["", "", ""]);
  });

  it("of arguments without their call are none", () => assert.equal(wireOf().stream.encode([inputJson(0, "{}")]), ""));
});

describe("the bytes of an event", () => {
  it("are its name and one line of JSON, with its number", () => {
    const { stream } = wireOf();
    const [first, second] = stream.open().split(/(?<=\n\n)/u);
    const response = `"response":${JSON.stringify(inState("in_progress"))}`;
    assert.deepEqual([first, second].map((block) => utf8(block ?? "")), [
      `event: response.created\ndata: {"type":"response.created","sequence_number":0,${response}}\n\n`,
      `event: response.in_progress\ndata: {"type":"response.in_progress","sequence_number":1,${response}}\n\n`,
    ]);
  });

  it("of a delta are its text as the CLI escaped it", () => {
    const { stream } = wireOf();
    const [, , delta] = stream.encode([{ type: "text", index: 0, text: "\\u00e9\\/\\n" as JsonText }]).split(/(?<=\n\n)/u);
    assert.match(delta ?? "", /^event: response\.output_text\.delta\ndata: \{"type":"response\.output_text\.delta","sequence_number":4,"item_id":"msg_[\w-]{24}","output_index":0,"content_index":0,"logprobs":\[\],"delta":"\\u00e9\\\/\\n"\}\n\n$/u);
  });

  it("of a heartbeat are a keepalive", () => {
    const { stream } = wireOf();
    stream.open();
    assert.equal(stream.heartbeat(), 'event: keepalive\ndata: {"type":"keepalive","sequence_number":2}\n\n');
    assert.equal(stream.heartbeat(), 'event: keepalive\ndata: {"type":"keepalive","sequence_number":3}\n\n');
  });

  // The fields that `responses.d.ts` of the `openai` package, 7.57, says every event has; a call's `name` at the end of its arguments is of older ones.
  it("have every field that OpenAI's types require, and no unknown one", () => {
    const fields: Readonly<Record<string, string>> = {
      "response.created": "response", "response.in_progress": "response", "response.completed": "response", "response.incomplete": "response", "response.failed": "response", keepalive: "",
      "response.output_item.added": "item output_index", "response.output_item.done": "item output_index",
      "response.content_part.added": "content_index item_id output_index part", "response.content_part.done": "content_index item_id output_index part",
      "response.output_text.delta": "content_index delta item_id logprobs output_index", "response.output_text.done": "content_index item_id logprobs output_index text",
      "response.reasoning_summary_part.added": "item_id output_index part summary_index", "response.reasoning_summary_part.done": "item_id output_index part summary_index",
      "response.reasoning_summary_text.delta": "delta item_id output_index summary_index", "response.reasoning_summary_text.done": "item_id output_index summary_index text",
      "response.function_call_arguments.delta": "delta item_id output_index", "response.function_call_arguments.done": "arguments item_id output_index",
      "response.custom_tool_call_input.delta": "delta item_id output_index", "response.custom_tool_call_input.done": "input item_id output_index",
    };
    const seen = new Set<string>();
    const wire = wireOf({ customTools: new Set(["p"]) });
    const turn = [thinking("t"), text("a"), toolUse(0, "1", "f"), inputJson(0, "{}"), toolUse(1, "2", "p"), inputJson(1, '{"input":"x"}')];
    const streams = [
      relayed(wire, [...turn, finish("max_tokens")]) + wire.stream.heartbeat(),
      relayed(wireOf(), [finish()]),
      wireOf().stream.fail(new BridgeError("overloaded", "x")),
    ];
    for (const { type, sequence_number: _number, ...event } of streams.flatMap(eventsIn)) {
      assert.deepEqual(Object.keys(event).sort(), (fields[type] ?? assert.fail(type)).split(" ").filter((name) => name !== ""), type);
      seen.add(type);
    }
    assert.deepEqual([...seen].sort(), Object.keys(fields).sort());
  });
});

describe("a failure", () => {
  it("of a used-up window has the code of the few at which Codex does not ask again", () => {
    const { stream } = wireOf();
    const [, , failed] = eventsIn(stream.open() + stream.fail(new BridgeError("usage_limit_reached", "used up", { retryAfterSeconds: 7_200 })));
    assert.deepEqual([failed.type, failed.response.error], ["response.failed", { code: "insufficient_quota", message: "used up" }]);
  });

  it("right after the head is the third event", () => {
    const { stream, finished } = wireOf();
    const [, , failed] = eventsIn(stream.open() + stream.fail(new BridgeError("overloaded", "voll: “é”", { field: "model" })));
    assert.deepEqual(failed, { type: "response.failed", sequence_number: 2, response: inState("failed", { error: { code: "server_is_overloaded", message: "voll: “é”" } }) });
    assert.deepEqual(finished, []);
  });

  it("in the middle has what was ended before it, and neither usage nor a finish", () => {
    const wire = wireOf();
    const bytes = relayed(wire, [start, thinking("t"), text("half")]) + wire.stream.fail(new BridgeError("invalid_request", "x"));
    const { response } = judgeResponseStream(Buffer.from(bytes, "latin1"));
    assert.deepEqual([response.error, response.output.length, response.output[0].type], [{ code: "invalid_request_error", message: "x" }, 1, "reasoning"]);
    assert.deepEqual(wire.finished, []);
  });

  it("is an answer that is longer than one can be: the numbers of its events go on without a gap", () => {
    const wire = wireOf();
    const half: TurnEvent = { type: "text", index: 0, text: "x".repeat(answerBytesMax / 2) as JsonText };
    // The first event of the last batch would still fit.
    const most: TurnEvent = { type: "text", index: 0, text: "x".repeat(answerBytesMax / 2 - 1) as JsonText };
    const numbers = (bytes: string): number[] => [...bytes.matchAll(/"sequence_number":(\d+)/gu)].map(([, number]) => Number(number));
    const written = numbers(relayed(wire, [half], [most]));
    assert.throws(() => wire.stream.encode([thinking("a"), text("b")]), { code: "upstream_error", message: /longer than a response can hold/u });
    const [failed, ...more] = numbers(wire.stream.fail(new BridgeError("upstream_error", "x")));
    assert.deepEqual([written, failed, more], [[0, 1, 2, 3, 4, 5], 6, []]);
    assert.deepEqual(wire.finished, []);
    assert.doesNotThrow(() => relayed(wireOf(), [half, most], [thinking("a")]), "as long as one can be");
  });
});

describe("the model's signed thoughts", () => {
  const sign = (signature: string): TurnEvent => ({ type: "signature", index: 0, signature: signature as JsonText });
  const begun: TurnEvent = { type: "message_start", id: "msg", model: "claude-opus-5-5", usage };
  const thought: readonly TurnEvent[] = [begun, thinking("h"), thinking("m é"), sign("Eq=="), text("a"), finish()];
  const block = { type: "thinking", thinking: "hm é", signature: "Eq==", model: "claude-opus-5-5" };
  const reasonings = (events: readonly TurnEvent[], style: Partial<ResponseStyle>): { readonly sent: any[]; readonly stored: any[] } => {
    const wire = wireOf(style);
    const sent = eventsIn(relayed(wire, events)).flatMap(({ type, item }) => (type === "response.output_item.done" && item.type === "reasoning" ? [item] : []));
    return { sent, stored: wire.finished[0]?.output.filter(({ type }) => type === "reasoning") ?? [] };
  };

  it("are in their item where the client includes them, and come back from it", () => {
    const { sent: [item, ...more], stored } = reasonings(thought, { includesThoughts: true });
    assert.deepEqual([item.summary, unpackedThought(item), more, stored], [[{ type: "summary_text", text: "hm é" }], block, [], [item]]);
  });

  it("are kept for the next response where this one is stored, and sent to nobody", () => {
    const { sent: [item], stored: [kept = assert.fail()] } = reasonings(thought, { isStored: true });
    assert.deepEqual([item.encrypted_content, unpackedThought(kept)], [null, block]);
    assert.equal(reasonings(thought, {}).stored[0]?.["encrypted_content"], null);
  });

  it("are an item each, also where the API shows none of them", () => {
    const events: readonly TurnEvent[] = [begun, thinking("h"), sign("1"), thinking("m"), sign("2"), sign("3"), { type: "block_start", index: 3, block: { type: "redacted_thinking", data: "x" } }, text("a"), finish()];
    const { sent } = reasonings(events, { includesThoughts: true });
    const model = "claude-opus-5-5";
    assert.deepEqual(sent.map(unpackedThought), [["h", "1"], ["m", "2"], ["", "3"]].map(([words, signature]) => ({ type: "thinking", thinking: words, signature, model })).concat([{ type: "redacted_thinking", data: "x", model } as never]));
    assert.deepEqual(sent.map(({ summary }) => summary.length), [1, 1, 0, 0]);
    assert.equal(reasonings(events, { isStored: true }).sent.length, 2);
    assert.doesNotThrow(() => eventsOf(events, { includesThoughts: true }));
  });
});

describe("the whole response", () => {
  it("is told once, before the last bytes are given out, and is the last event's, byte for byte", () => {
    const style = { names: new ToolNames(), customTools: new Set<string>(), hasSources: false, includesThoughts: false, isStored: true, echo };
    let told: FinishedResponse | undefined;
    const stream = new ResponseStream(identity, style, (whole) => {
      assert.equal(told, undefined);
      told = whole;
    });
    stream.encode([start, text("é \u2028")]);
    assert.equal(told, undefined);
    const bytes = stream.encode([toolUse(0, "toolu_1", "f"), inputJson(0, "{}"), finish("tool_use")]);
    const { body, output }: FinishedResponse = told ?? assert.fail("not told");
    assert.ok(bytes.endsWith(`,"response":${body}}\n\n`));
    const response = JSON.parse(utf8(body));
    assert.deepEqual(response.output, output);
    assert.deepEqual(output.map(({ type }) => type), ["message", "function_call"]);
  });

  it("needs no opening: what is given in one piece has none", () => {
    const { stream, finished } = wireOf();
    stream.encode([start, text("a"), finish()]);
    assert.deepEqual(finished[0]?.output.map(({ content }) => content), [[part("a")]]);
  });
});

describe("an id", () => {
  it("is what it is of, and no other's", () => {
    const ids = ["resp_1", "resp_11", "resp_2"].flatMap((response) => Array.from({ length: 300 }, (_, place) => itemId("msg", response, place)));
    for (const id of ids) assert.match(id, /^msg_[\w-]{24}$/u);
    assert.equal(new Set(ids).size, ids.length);
    assert.equal(itemId("msg", "resp_1", 0), ids[0], "and is made of nothing else");
  });
});

describe("whatever the model says, in whatever batches", () => {
  const runs = sampleOf({ what: "answers", small: 100, whole: 3_000 });
  /** What was said, item by item. */
  interface Said { readonly type: string; text: string }

  it(`every event that repeats it repeats it exactly (${runs} answers)`, () => {
    const random = seededRandom(31);
    const custom = 'mcp/"p"';
    const names = new ToolNames();
    const customTools = new Set([names.toModel(custom)]);
    for (let run = 0; run < runs; run++) {
      const said: Said[] = [];
      const turn: TurnEvent[] = [start];
      let deltas = 0;
      let calls = 0;
      const grow = (type: string, event: (value: string) => TurnEvent): void => {
        const value = random.nastyText(8);
        const last = said.at(-1);
        if (last?.type === type) last.text += value;
        else said.push({ type, text: value });
        deltas++;
        turn.push(event(value));
      };
      for (let step = random.below(8); step > 0; step--) {
        switch (random.below(4)) {
          case 0: grow("message", text); break;
          case 1: grow("reasoning", thinking); break;
          case 2: {
            turn.push(toolUse(calls, `toolu_${calls}`, random.nastyText(3)));
            said.push({ type: "function_call", text: "" });
            for (let piece = random.below(4); piece > 0; piece--) grow("function_call", (value) => inputJson(calls, value));
            calls++;
            break;
          }
          default: {
            const value = random.nastyText(12);
            // Cut anywhere, inside of a character too.
            const json = Buffer.from(JSON.stringify({ input: value })).toString("latin1");
            turn.push(toolUse(calls, `toolu_${calls}`, names.toModel(custom)));
            for (let from = 0; from < json.length;) {
              const to = from + 1 + random.below(json.length);
              turn.push({ type: "input_json", index: calls, text: JSON.stringify(json.slice(from, to)).slice(1, -1) as JsonText });
              from = to;
            }
            said.push({ type: "custom_tool_call", text: value });
            deltas++;
            calls++;
          }
        }
      }
      if (said.length === 0) said.push({ type: "message", text: "" });
      turn.push(finish(random.pick(["end_turn", "tool_use", "max_tokens", "refusal"])));

      const wire = wireOf({ names, customTools });
      let bytes = "";
      let heartbeats = 0;
      while (turn.length > 0) {
        bytes = withBatch(wire, bytes, turn.splice(0, 1 + random.below(4)));
        if (bytes !== "" && turn.length > 0 && random.below(3) === 0) {
          bytes += wire.stream.heartbeat();
          heartbeats++;
        }
      }
      const judged = judgeResponseStream(Buffer.from(bytes, "latin1"));
      assert.deepEqual(judged.items.map((item) => ({ type: item.type, text: item.text })), said, `run ${run}`);
      assert.deepEqual([judged.deltas, judged.keepalives], [deltas, heartbeats], `run ${run}`);
      assert.equal(new Set([...judged.items.map(({ item }) => item.id), judged.response.id]).size, said.length + 1);
      assert.deepEqual(judged.response.usage, openAiUsage);
    }
  });
});

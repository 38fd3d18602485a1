import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { itemId } from "../../../../src/api/openai/responses/output.ts";
import type { FinishedResponse } from "../../../../src/api/openai/responses/response-style.ts";
import { ResponseStream } from "../../../../src/api/openai/responses/response.ts";
import { ToolNames } from "../../../../src/api/tool-names.ts";
import { echo, eventsOf, finish, identity, inState, openAiUsage, start, utf8, wireOf } from "../../../support/response-events.ts";
import { apiToolEvents, inputJson, text, thinking, toolUse } from "../../../support/turn-events.ts";

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

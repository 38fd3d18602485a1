/** The CLI's lines as turn events: calls, documents by a schema, and blocks of all types. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "../../src/claude/protocol.ts";
import type { TurnEvent } from "../../src/turn/event.ts";
import {
  blockStop, event, input, playMessages, playThrough, playWith, result, start, stop, text, toolUse, translatorOf, whole,
} from "../support/translated-lines.ts";
import { callsIn, noUsage, summaryOf } from "../support/turn-events.ts";

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

/** Properties that the model knows by other names, in both of OpenAI's dialects: asked, answered and replayed. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { chatCompletions } from "../support/chat-dialect.ts";
import { responses } from "../../src/api/openai/responses/dialect.ts";
import { StoredResponses } from "../../src/api/openai/responses/stored.ts";
import type { Dialect, TurnRequest } from "../../src/api/dialect.ts";
import { AnswerRecord } from "../../src/engine/answer-record.ts";
import { commonLength, extended, timelineOf } from "../../src/engine/history-hash.ts";
import { encodeJsonText, decodeWireText } from "../../src/json-text.ts";
import type { TurnEvent } from "../../src/turn/event.ts";
import type { Turn } from "../../src/turn/turn.ts";
import { noUsage } from "../../src/turn/usage.ts";

const parameters = { type: "object", properties: { $top: { type: "integer" }, "filter[id]": { type: "array", items: { type: "object", properties: { Straße: {} } } }, plain: {} }, required: ["$top"] };
const upstream = { type: "object", properties: { top: { title: "$top", type: "integer" }, filter_id: { title: "filter[id]", type: "array", items: { type: "object", properties: { Strasse: { title: "Straße" } } } }, plain: {} }, required: ["top"] };
const client = { $top: 5, "filter[id]": [{ Straße: "é \"x\"" }], plain: { top: 1 } };
const model = { top: 5, filter_id: [{ Strasse: "é \"x\"" }], plain: { top: 1 } };
const context = { header: () => undefined, defaultModel: "m", allowsWebSearch: false };
const identity = { token: "t", createdAt: 1, cliVersion: undefined, requestId: "r" };

/** An answer whose JSON comes in pieces of one letter. */
function answer(kind: "input_json" | "text"): TurnEvent[] {
  const block = kind === "text" ? { type: "text" } as const : { type: "tool_use", id: "toolu_1", name: "look" } as const;
  return [
    { type: "message_start", id: "msg", model: "m", usage: noUsage }, { type: "block_start", index: 0, block },
    ...[...JSON.stringify(model)].map((letter): TurnEvent => ({ type: kind, index: 0, text: encodeJsonText(letter) })),
    { type: "block_stop", index: 0 },
    { type: "message_stop", stopReason: kind === "text" ? "end_turn" : "tool_use", stopSequence: undefined, stopDetails: undefined, usage: noUsage },
  ];
}

function streamed<Request extends TurnRequest>(dialect: Dialect<Request>, body: object, events: readonly TurnEvent[]): any[] {
  const stream = dialect.stream(dialect.parse(body, context), identity);
  const text = stream.open() + events.map((event) => stream.encode([event])).join("");
  return [...decodeWireText(text as never).matchAll(/^data: (\{.*\})$/gmu)].map(([, json = ""]) => JSON.parse(json));
}

function whole<Request extends TurnRequest>(dialect: Dialect<Request>, body: object, events: readonly TurnEvent[]): any {
  const fold = dialect.whole(dialect.parse(body, context), identity);
  fold.take(events);
  return JSON.parse(Buffer.concat([...fold.release().pieces]).toString());
}

describe("chat completions with properties that have other names upstream", () => {
  const asked = { messages: [{ role: "user", content: "hi" }], tools: [{ type: "function", function: { name: "look", parameters } }] };

  it("serves the tool with the other names, and gives the client its own, streamed and whole", () => {
    assert.deepEqual(chatCompletions.parse(asked, context).turn.tools[0]?.inputSchema, upstream);
    const deltas = streamed(chatCompletions, asked, answer("input_json")).flatMap(({ choices }) => choices[0]?.delta.tool_calls ?? []);
    assert.equal(deltas.map((delta) => delta.function.arguments).join(""), JSON.stringify(client));
    assert.ok(deltas.length > 20, "as it came");
    assert.equal(whole(chatCompletions, asked, answer("input_json")).choices[0].message.tool_calls[0].function.arguments, JSON.stringify(client));
  });

  it("tells an earlier call with the other names", () => {
    const call = { id: "c", type: "function", function: { name: "look", arguments: JSON.stringify(client) } };
    const { turn } = chatCompletions.parse({ ...asked, messages: [...asked.messages, { role: "assistant", tool_calls: [call] }, { role: "tool", tool_call_id: "c", content: "seen" }] }, context);
    assert.deepEqual(turn.messages[1]?.content, [{ type: "tool_use", id: "c", name: "look", input: model }]);
  });

  it("does the same for an answer that is a document, streamed, whole and told again", () => {
    const { tools: _tools, ...plain } = asked;
    const body = { ...plain, response_format: { type: "json_schema", json_schema: { name: "n", schema: parameters } } };
    assert.deepEqual(chatCompletions.parse(body, context).turn.responseSchema, upstream);
    assert.equal(streamed(chatCompletions, body, answer("text")).map(({ choices }) => choices[0]?.delta.content ?? "").join(""), JSON.stringify(client));
    assert.equal(whole(chatCompletions, body, answer("text")).choices[0].message.content, JSON.stringify(client));
    const { turn } = chatCompletions.parse({ ...body, messages: [...body.messages, { role: "assistant", content: JSON.stringify(client) }, { role: "user", content: "{\"$top\":1}" }] }, context);
    assert.deepEqual(turn.messages.map(({ content }) => (content[0] as { text: string }).text), ["hi", JSON.stringify(model), "{\"$top\":1}"]);
  });

  it("hashes what comes back as what the process was answered, so that it goes on", () => {
    const turnOf = (body: object): Turn => ({ model: "m", ...chatCompletions.parse(body, context).turn });
    const { tools: _tools, ...plain } = asked;
    const document = { ...plain, response_format: { type: "json_schema", json_schema: { name: "n", schema: parameters } } };
    for (const [kind, body] of [["input_json", asked], ["text", document]] as const) {
      const record = new AnswerRecord();
      record.take(answer(kind));
      const first = turnOf(body);
      const told = extended(timelineOf(first), { role: "assistant", content: record.blocks() ?? [] }, first.messages[0]);
      const { message } = whole(chatCompletions, body, answer(kind)).choices[0];
      const after = kind === "text" ? { role: "user", content: "and?" } : { role: "tool", tool_call_id: "toolu_1", content: "seen" };
      assert.equal(commonLength(told, timelineOf(turnOf({ ...body, messages: [...body.messages, message, after] }))), 2, kind);
    }
  });

  it("is not in the way where all names fit", () => {
    const body = { messages: asked.messages, tools: [{ type: "function", function: { name: "look", parameters: { type: "object", properties: { a: {} } } } }] };
    const stream = chatCompletions.stream(chatCompletions.parse(body, context), identity);
    assert.equal(stream.constructor.name, "ChatStream");
  });
});

describe("responses with properties that have other names upstream", () => {
  const dialect = responses(new StoredResponses());
  const asked = { input: "hi", tools: [{ type: "namespace", name: "ns", tools: [{ type: "function", name: "look", parameters }] }] };
  const named = (events: readonly TurnEvent[], name: string): TurnEvent[] => events.map((event) => (event.type === "block_start" && event.block.type === "tool_use" ? { ...event, block: { ...event.block, name } } : event));

  it("serves, answers and tells again", () => {
    const { turn } = dialect.parse(asked, context);
    assert.deepEqual(turn.tools[0]?.inputSchema, upstream);
    const events = named(answer("input_json"), turn.tools[0]?.name ?? "");
    const sent = streamed(dialect, asked, events);
    assert.equal(sent.filter(({ type }) => type === "response.function_call_arguments.delta").map(({ delta }) => delta).join(""), JSON.stringify(client));
    assert.equal(sent.at(-1).response.output[0].arguments, JSON.stringify(client));
    assert.equal(whole(dialect, asked, events).output[0].arguments, JSON.stringify(client));
    const again = dialect.parse({ ...asked, previous_response_id: "resp_t", input: [{ type: "function_call_output", call_id: "toolu_1", output: "seen" }] }, context);
    assert.deepEqual((again.turn.messages[1]?.content[0] as { input: unknown }).input, model, "as it was stored");
  });

  it("does the same for an answer that is a document", () => {
    const body = { input: "hi", text: { format: { type: "json_schema", name: "n", schema: parameters } } };
    assert.equal(whole(dialect, body, answer("text")).output[0].content[0].text, JSON.stringify(client));
  });
});

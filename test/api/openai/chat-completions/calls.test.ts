/** Calls and their results in a history: `messages.ts` and `tool-names.ts` together. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseMessages } from "../../../../src/api/openai/chat-completions/messages.ts";
import type { ParsedConversation } from "../../../../src/api/conversation-builder.ts";
import { ToolNames } from "../../../../src/api/tool-names.ts";
import type { BridgeError } from "../../../../src/errors.ts";
import { laterSystemTexts } from "../../../../src/own-words.ts";
import type { Message, ToolResultBlock, ToolUseBlock } from "../../../../src/turn/message.ts";
import { refusalOf } from "../../../support/refusal.ts";
import { statusOf } from "../../../support/openai-error.ts";

type Fields = Readonly<Record<string, unknown>>;

const asked = { role: "user", content: "hi" };
const call = (id: string, name = "f", args: unknown = "{}") => ({ id, type: "function", function: { name, arguments: args } });
const calls = (...entries: unknown[]) => ({ role: "assistant", content: null, tool_calls: entries });
const result = (id: unknown, content: unknown = "r") => ({ role: "tool", tool_call_id: id, content });

const parse = (...messages: readonly Fields[]): ParsedConversation => parseMessages(messages, new ToolNames());
const usesOf = (messages: readonly Message[]): ToolUseBlock[] => messages.flatMap(({ content }) => (content as readonly { type: string }[]).filter((block): block is ToolUseBlock => block.type === "tool_use"));
const resultsOf = (messages: readonly Message[]): ToolResultBlock[] => messages.flatMap(({ content }) => (content as readonly { type: string }[]).filter((block): block is ToolResultBlock => block.type === "tool_result"));

const refusal = (...messages: readonly Fields[]): BridgeError => refusalOf(() => parse(...messages));

describe("a call and its result", () => {
  it("are a tool_use and the tool_result right after", () => {
    const { messages } = parse(asked, { ...calls(call("call_1", "get_x", '{"a":[1,"é"]}')), content: "Let me." }, result("call_1", "42"), { role: "user", content: "thanks" });
    assert.deepEqual(messages, [
      { role: "user", content: [{ type: "text", text: "hi" }] },
      { role: "assistant", content: [{ type: "text", text: "Let me." }, { type: "tool_use", id: "call_1", name: "get_x", input: { a: [1, "é"] } }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "call_1", content: [{ type: "text", text: "42" }] }, { type: "text", text: "thanks" }] },
    ]);
  });

  it("may stand at the conversation's end and at its beginning", () => {
    const { messages } = parse(calls(call("1")), result("1"));
    assert.deepEqual(messages.map(({ role }) => role), ["user", "assistant", "user"]);
    assert.equal(messages[2]?.content.length, 1, "nothing is asked beside the result");
  });

  it("may have a system message between", () => {
    const { system, messages } = parse(asked, calls(call("1"), call("2")), result("2"), { role: "system", content: "s" }, { role: "developer", content: "" }, result("1"));
    assert.deepEqual(system, []);
    assert.deepEqual(resultsOf(messages).map(({ tool_use_id }) => tool_use_id), ["1", "2"]);
    assert.deepEqual(messages.at(-1)?.content.at(-1), { type: "text", text: laterSystemTexts.join("s") });
  });

  it("may follow one another, turn after turn", () => {
    const { messages } = parse(asked, calls(call("1")), result("1"), calls(call("2")), result("2"), { role: "assistant", content: "done" }, asked);
    assert.deepEqual(messages.map(({ role }) => role), ["user", "assistant", "user", "assistant", "user", "assistant", "user"]);
  });

  it("go up in the order of the calls, whatever the results' was", () => {
    const { messages } = parse(asked, calls(call("a"), call("b"), call("c")), result("c", "3"), result("a", "1"), result("b", "2"));
    assert.deepEqual(resultsOf(messages).map(({ tool_use_id, content }) => [tool_use_id, content]), [["a", [{ type: "text", text: "1" }]], ["b", [{ type: "text", text: "2" }]], ["c", [{ type: "text", text: "3" }]]]);
  });

  it("without a type, as some clients send them, are taken", () => assert.equal(usesOf(parse(asked, calls({ id: "1", function: { name: "f" } }), result("1")).messages).length, 1));

  it("join the assistant's words before them", () => {
    const { messages } = parse(asked, { role: "assistant", content: "a" }, calls(call("1")), result("1"));
    assert.deepEqual(messages[1]?.content.map(({ type }) => type), ["text", "tool_use"]);
  });
});

describe("the ids of calls", () => {
  it("that do not fit are made to, on both sides alike", () => {
    const { messages } = parse(asked, calls(call("call.1:é"), call("")), result(""), result("call.1:é"));
    assert.deepEqual(usesOf(messages).map(({ id }) => id), ["call_1__", "call"]);
    assert.deepEqual(resultsOf(messages).map(({ tool_use_id }) => tool_use_id), ["call_1__", "call"]);
  });

  it("that come again in a later turn are made unique, and each result stays with its call", () => {
    const turn = (words: string) => [calls(call("call_0")), result("call_0", words), { role: "assistant", content: "ok" }, asked];
    const { messages } = parse(asked, ...turn("one"), ...turn("two"), ...turn("three"));
    assert.deepEqual(usesOf(messages).map(({ id }) => id), ["call_0", "call_0-2", "call_0-3"]);
    assert.deepEqual(resultsOf(messages).map(({ tool_use_id, content }) => [tool_use_id, (content as readonly { text: string }[])[0]?.text]), [["call_0", "one"], ["call_0-2", "two"], ["call_0-3", "three"]]);
  });

  it("that only become alike are told apart", () => {
    const { messages } = parse(asked, calls(call("a.1"), call("a:1"), call("a_1")), result("a_1", "3"), result("a:1", "2"), result("a.1", "1"));
    assert.deepEqual(usesOf(messages).map(({ id }) => id), ["a_1", "a_1-2", "a_1-3"]);
    assert.deepEqual(resultsOf(messages).map(({ content }) => (content as readonly { text: string }[])[0]?.text), ["1", "2", "3"]);
  });
});

describe("results that do not go with the calls are refused, and it is said which", () => {
  const cases: readonly (readonly [string, Fields[], string, RegExp])[] = [
    ["one is missing at the end", [asked, calls(call("a"), call("b")), result("a")], "messages[1].tool_calls", /missing are "b"\.$/u],
    ["all are missing at the end", [asked, calls(call("a"), call("b"))], "messages[1].tool_calls", /missing are "a", "b"\.$/u],
    ["one is missing before the user's words", [asked, calls(call("a"), call("b")), result("b"), asked], "messages[1].tool_calls", /missing are "a"\.$/u],
    ["one is missing before the assistant's words", [asked, calls(call("a")), { role: "assistant", content: "b" }], "messages[1].tool_calls", /missing are "a"\.$/u],
    ["it comes after the user's words", [asked, calls(call("a")), asked, result("a")], "messages[1].tool_calls", /missing are "a"\.$/u],
    ["it is of no call", [asked, calls(call("a")), result("a"), result("b")], "messages[3].tool_call_id", /answers no call/u],
    ["it is of an earlier turn's call", [asked, calls(call("a")), result("a"), calls(call("b")), result("a")], "messages[4].tool_call_id", /answers no call/u],
    ["it comes when all was answered and said", [asked, calls(call("a")), result("a"), { role: "assistant", content: "b" }, result("a")], "messages[4].tool_call_id", /answers no call/u],
    ["it comes twice", [asked, calls(call("a"), call("b")), result("a"), result("a")], "messages[3].tool_call_id", /answered already/u],
    ["it has the id as it was rewritten", [asked, calls(call("a.b")), result("a_b")], "messages[2].tool_call_id", /answers no call/u],
    ["two calls of a message have one id", [asked, calls(call("a"), call("b"), call("a")), result("a"), result("b")], "messages[1].tool_calls", /two calls have the id "a"\.$/u],
    ["a function's is missing", [asked, { role: "assistant", function_call: { name: "f" } }], "messages[1].function_call", /missing/u],
    ["a function's comes twice", [asked, { role: "assistant", function_call: { name: "f" } }, { role: "function", name: "f", content: "r" }, { role: "function", name: "f", content: "r" }], "messages[3].role", /answered already/u],
  ];
  for (const [what, messages, param, words] of cases) {
    it(what, () => {
      const error = refusal(...messages);
      assert.deepEqual([error.code, error.field, statusOf(error)], ["invalid_value", param, 400]);
      assert.ok(error.message.startsWith(`${param}: `), error.message);
      assert.match(error.message, words);
    });
  }

  it("all of them up to ten, and each up to a hundred characters", () => {
    const ids = Array.from({ length: 11 }, (_, index) => `${index}`.padEnd(100, "x"));
    assert.ok(refusal(asked, calls(...ids.slice(0, 10).map((id) => call(id)))).message.endsWith(`missing are ${ids.slice(0, 10).map((id) => `"${id}"`).join(", ")}.`));
    assert.ok(refusal(asked, calls(...ids.map((id) => call(id)))).message.endsWith(`"${ids[9]}" and 1 more.`));
    assert.ok(refusal(asked, calls(call("y".repeat(101)))).message.endsWith(`"${"y".repeat(100)}…".`));
  });

  it("but not with a novel, however many and long they are", () => {
    const { message } = refusal(asked, calls(...Array.from({ length: 1_000 }, (_, index) => call(`${index}${"x".repeat(10_000)}`))));
    assert.ok(message.length < 2_000, String(message.length));
    assert.match(message, /"0x+…", "1x+…".* and 990 more\.$/u);
    assert.ok(refusal(asked, calls(call("y".repeat(1e6)), call("y".repeat(1e6)))).message.length < 500);
  });
});

describe("a call's arguments", () => {
  for (const [written, input] of [
    ['{"a":1}', { a: 1 }],
    ["{}", {}],
    [" \n{} ", {}],
    ["", {}],
    [null, {}],
    [undefined, {}],
    [{ a: 1 }, { a: 1 }],
    // What JavaScript would round.
    ['{"id":1234567890123456789}', { id: "1234567890123456789" }],
    ['{"id":-9007199254740993,"b":[{"c":123456789012345678901234567890}]}', { id: "-9007199254740993", b: [{ c: "123456789012345678901234567890" }] }],
    ['{"a":1e400,"b":-1E+999}', { a: "1e400", b: "-1E+999" }],
    // What it keeps, or writes as another client has written it.
    ['{"a":1234567890123456800,"b":9007199254740992,"c":1000000000000000000000,"d":0.10000000000000001,"e":1e300}', { a: 1234567890123456800, b: 9007199254740992, c: 1e21, d: 0.1, e: 1e300 }],
    ['{"1234567890123456789":"1234567890123456789 \\" 1234567890123456789"}', { "1234567890123456789": '1234567890123456789 " 1234567890123456789' }],
    ["not json", { arguments: "not json" }],
    ['{"a":', { arguments: '{"a":' }],
    [" ", { arguments: " " }],
    ["[1]", { arguments: "[1]" }],
    ["null", { arguments: "null" }],
    ["7", { arguments: "7" }],
    ['"x"', { arguments: '"x"' }],
    [[1], { arguments: "[1]" }],
  ] as const) {
    it(`${JSON.stringify(written)} are ${JSON.stringify(input)}`, () => {
      assert.deepEqual(usesOf(parse(asked, calls(call("1", "f", written)), result("1")).messages)[0]?.input, input);
      assert.deepEqual(usesOf(parse(asked, { role: "assistant", function_call: { name: "f", arguments: written } }, { role: "function", content: "r" }).messages)[0]?.input, input);
    });
  }

  it("keep a key called __proto__", () => assert.deepEqual(Object.keys(usesOf(parse(asked, calls(call("1", "f", '{"__proto__":1}')), result("1")).messages)[0]?.input ?? {}), ["__proto__"]));
});

describe("a result's content", () => {
  const pixel = "iVBORw0KGgo=";
  for (const [content, expected] of [
    ["r", [{ type: "text", text: "r" }]],
    ["", []],
    [" \n", []],
    [null, []],
    [undefined, []],
    [[], []],
    [[{ type: "text", text: "" }, { type: "text", text: "a" }, "b"], [{ type: "text", text: "a" }, { type: "text", text: "b" }]],
    [[{ type: "image_url", image_url: { url: `data:image/png;base64,${pixel}` } }], [{ type: "image", source: { type: "base64", media_type: "image/png", data: pixel } }]],
    // GIF's bytes, whatever they are said to be.
    [[{ type: "image_url", image_url: "data:image/png;base64,R0lGODlhAQABAAAAACH5BAEK" }], [{ type: "image", source: { type: "base64", media_type: "image/gif", data: "R0lGODlhAQABAAAAACH5BAEK" } }]],
    [[{ type: "image_url", image_url: "https://example.com/a" }], [{ type: "image", source: { type: "url", url: "https://example.com/a", path: "messages[2].content[0].image_url.url" } }]],
  ] as const) {
    it(`${JSON.stringify(content)} is ${expected.length === 0 ? "empty, and the call is answered all the same" : JSON.stringify(expected)}`, () => {
      assert.deepEqual(resultsOf(parse(asked, calls(call("1")), { ...result("1"), content }).messages), [{ type: "tool_result", tool_use_id: "1", content: expected }]);
    });
  }

  for (const [content, kind, param] of [
    [7, "invalid_type", "messages[2].content"],
    [{}, "invalid_type", "messages[2].content"],
    [[{ type: "text" }], "invalid_type", "messages[2].content[0].text"],
    [["a", { type: "image_url", image_url: { url: "data:image/svg+xml;base64,AAAA" } }], "invalid_value", "messages[2].content[1].image_url.url"],
    [[{ type: "image_url", image_url: { url: "data:image/png;base64,%%%" } }], "invalid_value", "messages[2].content[0].image_url.url"],
    [[{ type: "image_url", image_url: { url: "file:///etc/passwd" } }], "unsupported_parameter", "messages[2].content[0].image_url.url"],
    [[{ type: "file", file: {} }], "unsupported_parameter", "messages[2].content[0].type"],
    [[{ type: "refusal", refusal: "no" }], "unsupported_parameter", "messages[2].content[0].type"],
  ] as const) {
    it(`${JSON.stringify(content)} is refused`, () => {
      const error = refusal(asked, calls(call("1")), result("1", content));
      assert.deepEqual([error.code, error.field], [kind, param]);
    });
  }
});

describe("the deprecated function call", () => {
  it("and its result are a tool_use and a tool_result, in every turn", () => {
    const turn = [{ role: "assistant", content: null, function_call: { name: "f", arguments: '{"a":1}' } }, { role: "function", name: "f", content: "r" }];
    const { messages } = parse(asked, ...turn, ...turn);
    assert.deepEqual(usesOf(messages).map(({ id, name, input }) => [id, name, input]), [["function_call", "f", { a: 1 }], ["function_call-2", "f", { a: 1 }]]);
    assert.deepEqual(resultsOf(messages).map(({ tool_use_id }) => tool_use_id), ["function_call", "function_call-2"]);
  });

  it("is taken beside an empty list of calls, and not beside a full one", () => {
    for (const tool_calls of [[], null]) assert.equal(usesOf(parse(asked, { role: "assistant", tool_calls, function_call: { name: "f" } }, { role: "function", content: "r" }).messages).length, 1);
    assert.deepEqual(usesOf(parse(asked, { ...calls(call("1", "g")), function_call: { name: "f" } }, result("1")).messages).map(({ name }) => name), ["g"]);
  });
});

describe("the size of a history", () => {
  it("costs no more than its length: neighbours, calls and parts", () => {
    const startMs = performance.now();
    const part = { type: "text", text: "a" };
    assert.equal(parse(...Array.from({ length: 10_000 }, () => ({ role: "user", content: [part, part, part, part, part, part, part, part, part, part] }))).messages[0]?.content.length, 100_000);
    assert.equal(parse({ role: "user", content: Array.from({ length: 300_000 }, () => part) }, { role: "user", content: Array.from({ length: 300_000 }, () => part) }).messages[0]?.content.length, 600_000);
    const many = Array.from({ length: 100_000 }, (_, index) => call(`c${index}`));
    assert.match(refusal(asked, calls(...many)).message, /and 99990 more/u);
    assert.ok(performance.now() - startMs < 120_000, "not the square of it");
  });
});

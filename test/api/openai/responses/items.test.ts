import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ParsedConversation } from "../../../../src/api/conversation-builder.ts";
import { collectItems, itemsMax, parseItems } from "../../../../src/api/openai/responses/items.ts";
import { StoredResponses } from "../../../../src/api/openai/responses/stored.ts";
import { wireText } from "../../../../src/json-text.ts";
import { ToolNames } from "../../../../src/api/tool-names.ts";
import { laterSystemTexts } from "../../../../src/own-words.ts";
import type { BridgeError, ErrorCode } from "../../../../src/errors.ts";
import type { Message } from "../../../../src/turn/message.ts";
import { assertRefuses, refusalOf } from "../../../support/refusal.ts";
import { assistant, callsOf, resultsOf, systemOf, user } from "../../../support/turns.ts";
import { statusOf } from "../../../support/openai-error.ts";

type Fields = Readonly<Record<string, unknown>>;

const said = (role: string, content?: unknown, more: Fields = {}): Fields => ({ role, ...(content === undefined ? {} : { content }), ...more });
const later = (text: string): string => laterSystemTexts.join(text);
const texts = (role: "user" | "assistant", ...all: string[]): Message => ({ role, content: all.map((text) => ({ type: "text", text })) }) as Message;
const text = (value: unknown, type = "input_text"): Fields => ({ type, text: value });
const call = (call_id: unknown, name: unknown = "f", args: unknown = "{}"): Fields => ({ type: "function_call", id: `fc_${String(call_id)}`, call_id, name, arguments: args, status: "completed" });
const result = (call_id: unknown, output: unknown = "r"): Fields => ({ type: "function_call_output", call_id, output });
const customCall = (call_id: unknown, input: unknown = "p", name: unknown = "patch"): Fields => ({ type: "custom_tool_call", call_id, name, input });
const customResult = (call_id: unknown, output: unknown = "r"): Fields => ({ type: "custom_tool_call_output", call_id, output });
const thought: Fields = { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "hm" }], encrypted_content: "x" };
/** What the results of those calls come to, each "r". */
const results = (...ids: string[]): Message => resultsOf(...ids.map((id) => [id, [{ type: "text", text: "r" }]] as const));

const pixel = "AAAAAAAAAAAAAAAA";
const image = { type: "image", source: { type: "base64", media_type: "image/png", data: pixel } };
const imageUrl = `data:image/png;base64,${pixel}`;

/** The least that the store may hold for a `previous_response_id`. */
function storedWith(...items: readonly Fields[]): StoredResponses {
  const stored = new StoredResponses();
  stored.keep({ id: "resp_1", input: [], output: items, body: wireText`{}` });
  return stored;
}

interface Asked { readonly previous?: unknown; readonly instructions?: string; readonly stored?: StoredResponses; readonly names?: ToolNames }

function parse(input: unknown, { previous, instructions = "", stored = new StoredResponses(), names = new ToolNames() }: Asked = {}): ParsedConversation {
  return parseItems(collectItems({ input, previous_response_id: previous }, stored), instructions, names);
}

const messagesOf = (input: unknown, asked?: Asked): readonly Message[] => parse(input, asked).messages;

const refusal = (input: unknown, asked?: Asked): BridgeError => refusalOf(() => parse(input, asked));

describe("an input", () => {
  it("that is a string is the user's one message", () => assert.deepEqual(parse(" hi\n\u2028"), { system: [], messages: [user(" hi\n\u2028")] }));

  for (const type of [{}, { type: "message" }, { type: null }]) {
    it(`has messages by ${JSON.stringify(type)}`, () => {
      const items = [said("system", "s", type), said("user", "a", type), said("assistant", "b", { ...type, id: "msg_1", status: "completed" }), said("developer", "d", type), said("user", "c", type)];
      assert.deepEqual(parse(items), { system: systemOf("s"), messages: [user("a"), assistant("b"), texts("user", later("d"), "c")] });
    });
  }

  it("has its instructions before what the leading system and developer messages say", () => {
    const items = [said("developer", "one"), said("system", [text("tw"), "o", text(" ", "text"), text("!", "output_text")]), said("user", "a"), said("user", "b")];
    assert.deepEqual(parse(items, { instructions: "zero" }), { system: systemOf("zero", "one", "two !"), messages: [texts("user", "a", "b")] });
    assert.deepEqual(parse(items, { instructions: " \n" }).system, systemOf("one", "two !"));
    assert.deepEqual(parse([said("system", [text(" ")]), said("developer", null), said("user", "a")], { instructions: " zero " }).system, systemOf(" zero "));
  });

  it("alternates: neighbours of one role are joined, empty ones are nothing", () => {
    const items = [said("user", "a"), said("user", [text("b"), "c", text(" ")]), said("assistant", ""), said("assistant", [text("d", "output_text")]), said("assistant", "e"), said("user", null), said("user", "f")];
    assert.deepEqual(messagesOf(items), [texts("user", "a", "b", "c"), texts("assistant", "d", "e"), user("f")]);
  });

  for (const type of ["reasoning", "web_search_call", "file_search_call", "code_interpreter_call", "image_generation_call", "mcp_list_tools", "mcp_call"]) {
    it(`is the same without a ${type}: nobody here can have made it`, () => {
      assert.deepEqual(messagesOf([said("user", "a"), { type, id: "x" }, said("assistant", "b"), { type, id: "y" }, said("user", "c")]), [user("a"), assistant("b"), user("c")]);
    });
  }

  it("may be left out where a response goes before it", () => {
    const asked = { previous: "resp_1", stored: storedWith(said("user", "a")) };
    assert.deepEqual(parse(undefined, asked).messages, [user("a")]);
    assert.equal(refusal(undefined).code, "missing_field");
  });

  it("refers to an item once", () => {
    const stored = storedWith({ ...said("assistant", "b"), id: "msg_1" });
    const { code, field: param } = refusal([said("user", "a"), { id: "msg_1" }, { type: "item_reference", id: "msg_1" }], { stored });
    assert.deepEqual([code, param], ["invalid_value", "input[2].id"]);
  });

  it("that ends with the assistant's words asks to go on", () => {
    const messages = messagesOf([said("user", "a"), said("assistant", "b"), thought]);
    assert.deepEqual(messages.slice(0, 2), [user("a"), assistant("b")]);
    assert.equal(messages.length, 3);
    assert.match(JSON.stringify(messages[2]), /"role":"user".*Go on exactly/u);
  });

  it("that begins with the assistant's words is begun by the user", () => {
    assert.deepEqual(messagesOf([said("assistant", "hello"), said("user", "a")]).map(({ role }) => role), ["user", "assistant", "user"]);
  });

  it("may have as many items as the bound, those of the response before it included", () => {
    const many = Array.from({ length: itemsMax - 1 }, () => said("user", "a"));
    const stored = storedWith(said("user", "b"));
    assert.equal(messagesOf(many, { previous: "resp_1", stored })[0]?.content.length, itemsMax);
    assert.equal(messagesOf([...many, said("user", "a")])[0]?.content.length, itemsMax);
    const { code, field: param, message } = refusal([...many, said("user", "a")], { previous: "resp_1", stored });
    assert.deepEqual([code, param], ["invalid_value", "input"]);
    assert.match(message, /at most 20000 items with those of earlier responses, got 20001/u);
  });
});

describe("the parts of a message", () => {
  for (const type of ["input_text", "output_text", "text"]) {
    it(`of ${type} are text, for either side`, () => {
      assert.deepEqual(messagesOf([said("user", [text("a", type)]), said("assistant", [text("b", type)]), said("user", [text("c", type)])]), [user("a"), assistant("b"), user("c")]);
    });
  }

  it("of a refusal are the assistant's text", () => {
    assert.deepEqual(messagesOf([said("user", "a"), said("assistant", [text("b", "output_text"), { type: "refusal", refusal: "no" }]), said("user", "c")])[1], texts("assistant", "b", "no"));
  });

  it("of an image are its bytes, or its URL for whoever fetches it", () => {
    const parts = [text("look"), { type: "input_image", image_url: imageUrl, detail: "auto", file_id: null }, { type: "input_image", image_url: "https://example.com/a.png" }];
    assert.deepEqual(messagesOf([said("user", "hi"), said("user", parts)])[0]?.content.slice(1), [
      { type: "text", text: "look" }, image, { type: "image", source: { type: "url", url: "https://example.com/a.png", path: "input[1].content[2].image_url" } },
    ]);
  });

  it("of a file are its PDF, with its name as title", () => {
    const file = { type: "input_file", file_data: "data:application/pdf;base64,JVBERi0=" };
    const source = { type: "base64", media_type: "application/pdf", data: "JVBERi0=" };
    assert.deepEqual(messagesOf([said("user", [{ ...file, filename: "a.pdf" }, { ...file, filename: null, file_id: null, file_url: null }])])[0]?.content, [{ type: "document", source, title: "a.pdf" }, { type: "document", source }]);
  });
});

describe("calls and their results", () => {
  const asks = said("user", "a");
  const both = callsOf(["1", "f"], ["2", "g"]);
  const twoRounds = [user("a"), callsOf(["1", "f"]), results("1"), callsOf(["2", "g"]), results("2")];
  const withText = (message: Message, ...before: string[]): Message => ({ ...message, content: [...texts("assistant", ...before).content, ...message.content] }) as Message;

  const orders: readonly (readonly [what: string, items: readonly Fields[], messages: readonly Message[]])[] = [
    ["one", [asks, call("1"), result("1")], [user("a"), callsOf(["1", "f"]), results("1")]],
    ["thought of before", [asks, thought, call("1"), result("1"), thought], [user("a"), callsOf(["1", "f"]), results("1")]],
    ["after words and thoughts", [asks, thought, said("assistant", "b"), thought, call("1"), result("1")], [user("a"), withText(callsOf(["1", "f"]), "b"), results("1")]],
    ["before words", [asks, call("1"), said("assistant", "b"), result("1")], [user("a"), withText(callsOf(["1", "f"]), "b"), results("1")]],
    ["several, then their results", [asks, call("1"), call("2", "g"), result("1"), result("2")], [user("a"), both, results("1", "2")]],
    ["several, thoughts between", [asks, call("1"), thought, call("2", "g"), result("1"), thought, result("2")], [user("a"), both, results("1", "2")]],
    ["several, their results the other way round", [asks, call("1"), call("2", "g"), result("2"), result("1")], [user("a"), both, results("1", "2")]],
    ["several, each with its result behind it", [asks, call("1"), result("1"), call("2", "g"), result("2")], twoRounds],
    ["in two rounds, with words", [asks, call("1"), result("1"), said("assistant", "b"), call("2", "g"), result("2")], [...twoRounds.slice(0, 3), withText(callsOf(["2", "g"]), "b"), results("2")]],
    ["with the system's words between", [asks, call("1"), said("system", "r"), call("2", "g"), result("1"), said("developer", "s"), result("2")], [user("a"), both, { role: "user", content: [...results("1", "2").content, ...texts("user", later("r"), later("s")).content] } as Message]],
    ["and what the user says then", [asks, call("1"), result("1"), said("user", "b")], [user("a"), callsOf(["1", "f"]), { role: "user", content: [...results("1").content, ...user("b").content] } as Message]],
    ["of a custom tool", [asks, customCall("1", " *** p\n"), customResult("1")], [user("a"), callsOf(["1", "patch", { input: " *** p\n" }]), results("1")]],
    ["of a custom tool without text", [asks, customCall("1", ""), customResult("1")], [user("a"), callsOf(["1", "patch", { input: "" }]), results("1")]],
    ["of both kinds, each with the other's kind of result", [asks, call("1"), customCall("2"), customResult("1"), result("2")], [user("a"), callsOf(["1", "f"], ["2", "patch", { input: "p" }]), results("1", "2")]],
  ];
  for (const [what, items, messages] of orders) it(what, () => assert.deepEqual(messagesOf(items), messages));

  const inputs: readonly (readonly [unknown, Fields])[] = [
    ['{"a":{"b":[1]}}', { a: { b: [1] } }], ["", {}], [null, {}], [undefined, {}], [{ a: 1 }, { a: 1 }], ["not JSON", { arguments: "not JSON" }], ['{"cut', { arguments: '{"cut' }], ["[1]", { arguments: "[1]" }],
  ];
  for (const [args, input] of inputs) {
    it(`have the arguments ${JSON.stringify(args)}`, () => assert.deepEqual(messagesOf([asks, { ...call("1"), arguments: args }, result("1")])[1], callsOf(["1", "f", input])));
  }

  const outputs: readonly (readonly [unknown, readonly object[]])[] = [
    ["r", [{ type: "text", text: "r" }]],
    ["", []], [null, []], [undefined, []], [[], []],
    [[text("a"), text("b", "output_text"), text("c", "text"), "d"], ["a", "b", "c", "d"].map((value) => ({ type: "text", text: value }))],
    [[{ type: "input_image", image_url: imageUrl }, text("a")], [image, { type: "text", text: "a" }]],
  ];
  for (const [output, content] of outputs) {
    it(`have the output ${JSON.stringify(output)?.slice(0, 60)}`, () => {
      for (const kind of ["function_call_output", "custom_tool_call_output"]) {
        assert.deepEqual(messagesOf([asks, call("1"), { type: kind, call_id: "1", output }])[2], { role: "user", content: [{ type: "tool_result", tool_use_id: "1", content }] });
      }
    });
  }

  it("have ids that the Messages API takes, each its own", () => {
    const rounds = ["call:1", "call:1", "call 1"].flatMap((id) => [call(id, "a.b"), result(id)]);
    const names = new ToolNames();
    const messages = messagesOf([asks, ...rounds], { names });
    assert.deepEqual(messages.slice(1), ["call_1", "call_1-2", "call_1-3"].flatMap((id) => [callsOf([id, "a_b"]), results(id)]));
    assert.equal(names.toClient("a_b"), "a.b");
  });

  it("may begin the conversation", () => assert.deepEqual(messagesOf([call("1"), result("1")]).slice(1), [callsOf(["1", "f"]), results("1")]));
});

describe("what was said before", () => {
  const before = [said("user", "a"), said("assistant", [text("b", "output_text")], { type: "message", id: "msg_1" }), { ...call("1"), id: "fc_1" }];

  it("comes first by previous_response_id, and a result may answer its call", () => {
    const asked = { previous: "resp_1", stored: storedWith(...before) };
    const history = [user("a"), { role: "assistant", content: [...assistant("b").content, ...callsOf(["1", "f"]).content] }];
    assert.deepEqual(messagesOf([result("1")], asked), [...history, results("1")]);
    assert.deepEqual(messagesOf([result("1"), said("user", "c")], asked).slice(0, 2), history);
    assert.deepEqual(collectItems({ input: "c", previous_response_id: "resp_1" }, asked.stored).map(({ path }) => path), ["previous_response_id", "previous_response_id", "previous_response_id", "input"]);
  });

  it("and no more of it asks to go on", () => {
    const asked = { previous: "resp_1", stored: storedWith(...before.slice(0, 2)) };
    assert.match(JSON.stringify(messagesOf([], asked)), /Go on exactly/u);
  });

  for (const none of [undefined, null]) it(`is nothing for ${none}`, () => assert.deepEqual(messagesOf("c", { previous: none, stored: storedWith(...before) }), [user("c")]));

  for (const previous of ["resp_2", "", "constructor", "msg_1"]) {
    it(`is refused when ${JSON.stringify(previous)} is no response`, () => {
      const error = refusal("c", { previous, stored: storedWith(...before) });
      const { code, field: param, message } = error;
      assert.deepEqual([code, param, statusOf(error)], ["not_found", "previous_response_id", 400]);
      assert.match(message, /^previous_response_id: there is no such response\./u);
    });
  }

  it("is refused when its id is none", () => assert.deepEqual([refusal("c", { previous: 7 }).code, refusal("c", { previous: 7 }).field], ["invalid_type", "previous_response_id"]));

  it("and lacks a result is refused by that field", () => {
    const { code, field: param, message } = refusal("c", { previous: "resp_1", stored: storedWith(...before) });
    assert.deepEqual([code, param], ["invalid_value", "previous_response_id"]);
    assert.match(message, /missing are "1"/u);
  });

  for (const type of [{ type: "item_reference" }, {}, { type: null }]) {
    it(`stands where ${JSON.stringify({ ...type, id: "msg_1" })} refers to it`, () => {
      const stored = storedWith(...before);
      const placed = collectItems({ input: [said("user", "x"), { ...type, id: "msg_1" }, { ...type, id: "fc_1" }, result("1")] }, stored);
      assert.deepEqual(placed.map(({ path }) => path), ["input[0]", "input[1]", "input[2]", "input[3]"]);
      assert.deepEqual(placed.slice(1, 3).map(({ item }) => item), before.slice(1));
      assert.deepEqual(parseItems(placed, "", new ToolNames()).messages[1], { role: "assistant", content: [...assistant("b").content, ...callsOf(["1", "f"]).content] });
    });

    it(`is refused where ${JSON.stringify({ ...type, id: "msg_2" })} refers to nothing`, () => {
      const error = refusal([said("user", "x"), { ...type, id: "msg_2" }], { stored: storedWith(...before) });
      const { code, field: param, message } = error;
      assert.deepEqual([code, param, statusOf(error)], ["invalid_request", "input[1].id", 400]);
      // Clients look for these words.
      assert.match(message, /^input\[1\]: Item with this id not found\./u);
    });
  }
});

describe("an item that cannot be honoured is refused by its place", () => {
  const after = (...items: unknown[]): unknown[] => [said("user", "a"), ...items];
  const parts = (...content: unknown[]): unknown[] => after(said("user", content));
  const cases: readonly (readonly [string, unknown, ErrorCode, string])[] = [
    ["no input", undefined, "missing_field", "input"],
    ["null", null, "missing_field", "input"],
    ["a number", 3, "invalid_type", "input"],
    ["an object of nothing", {}, "invalid_type", "input"],
    ["nothing said", "", "invalid_value", "input"],
    ["only white space", " \n", "invalid_value", "input"],
    ["no items", [], "invalid_value", "input"],
    ["only a blank word of the system's", [said("system", " ")], "invalid_value", "input"],
    ["only a thought", [thought], "invalid_value", "input"],
    ["an item that is a string", ["hi"], "invalid_type", "input[0]"],
    ["an item that is null", after(null), "invalid_type", "input[1]"],
    ["an item of nothing", after({}), "invalid_type", "input[1].role"],
    ["a message without a role", after({ type: "message", content: "x" }), "invalid_type", "input[1].role"],
    ["a message without a role, with an id", after({ type: "message", id: "msg_1" }), "invalid_type", "input[1].role"],
    ["a message of an unknown role", after(said("root", "x")), "invalid_value", "input[1].role"],
    ["a message of a tool that names no call", after(said("tool", "x")), "invalid_type", "input[1].tool_call_id"],
    ["a reference to a number", after({ type: "item_reference", id: 7 }), "invalid_type", "input[1].id"],
    ["a bare reference to a number", after({ id: 7 }), "invalid_type", "input[1].id"],
    ["a kind that is a number", after({ type: 7 }), "invalid_type", "input[1].type"],
    ...["computer_call", "hologram", "constructor"].map((type) => [type, after({ type, id: "x" }), "unsupported_parameter", "input[1].type"] as const),
    ["content that is a number", after(said("user", 1)), "invalid_type", "input[1].content"],
    ["the assistant's content that is an object", after(said("assistant", {})), "invalid_type", "input[1].content"],
    ["the system's content that is true", after(said("system", true)), "invalid_type", "input[1].content"],
    ["a part that is a number", parts(7), "invalid_type", "input[1].content[0]"],
    ["a part without a type", parts({}), "invalid_type", "input[1].content[0].type"],
    ["a second part without its text", parts(text("x"), { type: "input_text" }), "invalid_type", "input[1].content[1].text"],
    ["sound", parts({ type: "input_audio", input_audio: {} }), "unsupported_parameter", "input[1].content[0].type"],
    ["a refusal of the user's", parts({ type: "refusal", refusal: "no" }), "unsupported_parameter", "input[1].content[0].type"],
    ["an image that is stored elsewhere", parts({ type: "input_image", file_id: "file-1" }), "unsupported_parameter", "input[1].content[0].file_id"],
    ["an image of nothing", parts({ type: "input_image" }), "invalid_type", "input[1].content[0].image_url"],
    ["an image of no kind of URL", parts({ type: "input_image", image_url: "file:///etc/passwd" }), "unsupported_parameter", "input[1].content[0].image_url"],
    ["a file that is stored elsewhere", parts({ type: "input_file", file_id: "file-1" }), "unsupported_parameter", "input[1].content[0].file_id"],
    ["a file by its URL", parts({ type: "input_file", file_url: "https://example.com/a.pdf" }), "unsupported_parameter", "input[1].content[0].file_url"],
    ["a file of nothing", parts({ type: "input_file" }), "invalid_type", "input[1].content[0].file_data"],
    ["a file that is no PDF", parts({ type: "input_file", file_data: "data:text/plain;base64,aGk=" }), "invalid_value", "input[1].content[0].file_data"],
    ["an image of the assistant's", after(said("assistant", [{ type: "input_image", image_url: imageUrl }])), "unsupported_parameter", "input[1].content[0].type"],
    ["a refusal that is no text", after(said("assistant", [{ type: "refusal" }])), "invalid_type", "input[1].content[0].refusal"],
    ["an image of the system's", after(said("system", [{ type: "input_image", image_url: imageUrl }])), "unsupported_parameter", "input[1].content[0].type"],
    ["a call without its id", after({ type: "function_call", name: "f", arguments: "{}" }), "invalid_type", "input[1].call_id"],
    ["a call without a name", after(call("1", null)), "invalid_type", "input[1].name"],
    ["a call whose arguments are a number", after(call("1", "f", 1)), "invalid_type", "input[1].arguments"],
    ["a call whose arguments are too deep", after(call("1", "f", `${'{"a":'.repeat(300)}1${"}".repeat(300)}`)), "invalid_value", "input[1].arguments"],
    ["a custom call without its text", after({ type: "custom_tool_call", call_id: "1", name: "f" }), "invalid_type", "input[1].input"],
    ["a custom call without its id", after(customCall(undefined)), "invalid_type", "input[1].call_id"],
    ["two calls of one id", after(call("1"), customCall("1"), result("1")), "invalid_value", "input[1]"],
    ["a call without its result, at the end", after(said("assistant", "b"), call("1")), "invalid_value", "input[2]"],
    ["a call without its result, before the user's words", after(call("1"), said("user", "b")), "invalid_value", "input[1]"],
    ["a call without its result, before the next", after(call("1"), result("1"), call("2"), call("3"), result("2"), said("assistant", "b"), result("3")), "invalid_value", "input[3]"],
    ["a result without its call", after(result("1")), "invalid_value", "input[1].call_id"],
    ["a result before its call", after(result("1"), call("1")), "invalid_value", "input[1].call_id"],
    ["a result of an earlier round's call", after(call("1"), result("1"), call("2"), result("1")), "invalid_value", "input[4].call_id"],
    ["a result twice", after(call("1"), result("1"), result("1")), "invalid_value", "input[3].call_id"],
    ["a result without the call's id", after(call("1"), result(undefined)), "invalid_type", "input[2].call_id"],
    ["a result that is an object", after(call("1"), result("1", {})), "invalid_type", "input[2].output"],
    ["a result that is a file", after(call("1"), result("1", [{ type: "input_file", file_data: "x" }])), "unsupported_parameter", "input[2].output[0].type"],
    ["a custom result with an image that is stored elsewhere", after(customCall("1"), customResult("1", [{ type: "input_image", file_id: "file-1" }])), "unsupported_parameter", "input[2].output[0].file_id"],
  ];
  for (const [what, input, kind, param] of cases) {
    it(what, () => {
      assertRefuses(refusal(input), kind, param);
    });
  }

  it("and never with its content", () => {
    for (const input of [after({ type: "SECRET" }), after(said("SECRET")), parts(text("SECRET"), { type: "SECRET" }), after(said("user", [{ type: "input_image", image_url: "SECRET" }])), after({ id: "SECRET" })]) {
      assert.doesNotMatch(refusal(input).message, /secret/iu);
    }
  });
});

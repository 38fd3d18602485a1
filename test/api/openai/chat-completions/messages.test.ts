import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { messagesMax, parseMessages as parseWithNames } from "../../../../src/api/openai/chat-completions/messages.ts";
import type { ParsedConversation } from "../../../../src/api/conversation-builder.ts";
import { ToolNames } from "../../../../src/api/tool-names.ts";
import type { BridgeError, ErrorCode } from "../../../../src/errors.ts";
import type { Message } from "../../../../src/turn/message.ts";
import { systemOf } from "../../../support/turns.ts";
import { assertRefuses, refusalOf } from "../../../support/refusal.ts";

const said = (role: string, content?: unknown): Record<string, unknown> => ({ role, ...(content === undefined ? {} : { content }) });
const user = (...texts: string[]): Message => ({ role: "user", content: texts.map((text) => ({ type: "text", text })) });
const assistant = (...texts: string[]): Message => ({ role: "assistant", content: texts.map((text) => ({ type: "text", text })) });
const part = (text: unknown) => ({ type: "text", text });
const pixel = "iVBORw0KGgo=";

const parseMessages = (messages: unknown): ParsedConversation => parseWithNames(messages, new ToolNames());

const refusal = (messages: unknown): BridgeError => refusalOf(() => parseMessages(messages));

describe("the system prompt", () => {
  for (const role of ["system", "developer"]) {
    it(`is what the leading ${role} messages say, a block each`, () => {
      const { system, messages } = parseMessages([said(role, "one"), said("system", "two"), said("developer", [part("th"), part("ree")]), said("user", "a"), said("assistant", "b"), said("user", "c")]);
      assert.deepEqual(system, systemOf("one", "two", "three"));
      assert.deepEqual(messages, [user("a"), assistant("b"), user("c")]);
    });
  }

  for (const content of ["", null, undefined, [], [part("")]]) {
    it(`is nothing when it is ${JSON.stringify(content)}`, () => assert.deepEqual(parseMessages([said("system", content), said("user", "a")]).system, []));
  }

});

describe("the conversation", () => {
  it("alternates: neighbours of one role are joined, their texts kept apart", () => {
    const { messages } = parseMessages([said("user", "a"), said("user", [part("b"), part("c")]), said("assistant", "d"), said("assistant", "e"), said("user", "f")]);
    assert.deepEqual(messages, [user("a", "b", "c"), assistant("d", "e"), user("f")]);
  });

  it("keeps text as it is: white space, line ends, any character", () => {
    const text = " \r\n\t\u2028\ud83d😀\0 ";
    assert.deepEqual(parseMessages([said("user", text)]).messages, [user(text)]);
  });

  for (const empty of ["", " \n\t", null, undefined, [], [part("")], [part(" ")]]) {
    it(`has no block for ${JSON.stringify(empty)}, and its neighbours are joined`, () => {
      const { messages } = parseMessages([said("user", "a"), said("assistant", empty), said("user", "b"), said("user", empty)]);
      assert.deepEqual(messages, [user("a", "b")]);
    });
  }

  it("that ends with the assistant's words asks to go on", () => {
    const { messages } = parseMessages([said("user", "a"), said("assistant", "b")]);
    assert.deepEqual(messages.slice(0, 2), [user("a"), assistant("b")]);
    assert.equal(messages.length, 3);
    assert.match(JSON.stringify(messages[2]), /"role":"user".*Go on exactly/u);
  });

  it("that begins with the assistant's words is begun by the user", () => {
    const { messages } = parseMessages([said("assistant", "hello"), said("user", "a")]);
    assert.deepEqual(messages.map(({ role }) => role), ["user", "assistant", "user"]);
    assert.deepEqual(messages.slice(1), [assistant("hello"), user("a")]);
  });

  it("ignores what clients send along: names, reasoning, refusals, annotations, no calls", () => {
    const { messages } = parseMessages([
      { ...said("user", "a"), name: "bob" },
      { ...said("assistant", "b"), reasoning_content: "r", reasoning: "r", reasoning_details: [], refusal: null, annotations: [], audio: null, tool_calls: [], function_call: null },
      { ...said("user", "c"), cache_control: {} },
    ]);
    assert.deepEqual(messages, [user("a"), assistant("b"), user("c")]);
  });

  it("takes an assistant's parts, a refusal as text", () => {
    const { messages } = parseMessages([said("user", "a"), said("assistant", [part("b"), { type: "refusal", refusal: "no" }]), said("user", "c")]);
    assert.deepEqual(messages[1], assistant("b", "no"));
  });

  it("may be as long as the bound", () => {
    const entries = Array.from({ length: messagesMax }, () => said("user", "a"));
    assert.equal(parseMessages(entries).messages.length, 1);
    const { code, field: param } = refusal([...entries, said("user", "a")]);
    assert.deepEqual([code, param], ["invalid_value", "messages"]);
  });
});

describe("an image", () => {
  const sent = (url: unknown) => [said("user", [part("look"), { type: "image_url", image_url: url }])];

  for (const [type, mediaType] of [["image/png", "image/png"], ["image/jpeg", "image/jpeg"], ["image/jpg", "image/jpeg"], ["image/gif", "image/gif"], ["image/webp", "image/webp"], ["IMAGE/PNG", "image/png"]] as const) {
    it(`of ${type} is taken by its bytes`, () => {
      // Bytes that tell no type of their own.
      const data = "AAAAAAAAAAAAAAAA";
      const { messages } = parseMessages(sent({ url: `data:${type};base64,${data}`, detail: "high" }));
      assert.deepEqual(messages, [{ role: "user", content: [{ type: "text", text: "look" }, { type: "image", source: { type: "base64", media_type: mediaType, data } }] }]);
    });
  }

  it("is taken as a bare string too", () => {
    assert.equal(parseMessages(sent(`data:image/png;base64,${pixel}`)).messages[0]?.content.length, 2);
  });

  for (const url of ["https://example.com/a.png?b=c#d", "http://169.254.169.254/", "HTTPS://example.com"]) {
    it(`at ${url} is left to whoever fetches it`, () => {
      for (const written of [{ url, detail: "low" }, { url }, url]) {
        assert.deepEqual(parseMessages(sent(written)).messages[0]?.content[1], { type: "image", source: { type: "url", url, path: "messages[0].content[1].image_url.url" } });
      }
    });
  }

  it("of 30 MB is taken", () => {
    const data = "A".repeat(30_000_000);
    assert.match(JSON.stringify(parseMessages(sent({ url: `data:image/png;base64,${data}` })).messages).slice(0, 200), /"media_type":"image\/png"/u);
  });

  const refused: readonly (readonly [unknown, ErrorCode, string])[] = [
    [{ url: "ftp://example.com/a.png" }, "unsupported_parameter", ".image_url.url"],
    [{ url: "//example.com/a.png" }, "unsupported_parameter", ".image_url.url"],
    [{ url: " https://example.com/a.png" }, "unsupported_parameter", ".image_url.url"],
    [{ url: "https:example.com/a.png" }, "unsupported_parameter", ".image_url.url"],
    [{ url: "file:///etc/passwd" }, "unsupported_parameter", ".image_url.url"],
    [{ url: "data:image/png,plain" }, "unsupported_parameter", ".image_url.url"],
    [{ url: "" }, "unsupported_parameter", ".image_url.url"],
    [{ url: "data:image/svg+xml;base64,PHN2Zz4=" }, "invalid_value", ".image_url.url"],
    [{ url: "data:application/pdf;base64,JVBERi0=" }, "invalid_value", ".image_url.url"],
    [{ url: "data:image/png;base64," }, "invalid_value", ".image_url.url"],
    [{ url: "data:image/png;base64,%%%" }, "invalid_value", ".image_url.url"],
    [{ url: 1 }, "invalid_type", ".image_url.url"],
    [{}, "invalid_type", ".image_url.url"],
    [null, "invalid_type", ".image_url"],
    [[], "invalid_type", ".image_url"],
  ];
  for (const [url, kind, path] of refused) {
    it(`${JSON.stringify(url)} is refused`, () => {
      const error = refusal(sent(url));
      assert.deepEqual([error.code, error.field], [kind, `messages[0].content[1]${path}`]);
    });
  }
});

describe("a PDF", () => {
  const sent = (file: unknown): unknown => parseMessages([said("user", [{ type: "file", file }, part("read")])]).messages[0]?.content[0];
  const source = { type: "base64", media_type: "application/pdf", data: "JVBERi0=" };
  const file_data = "data:application/pdf;base64,JVBERi0=";

  it("is taken by its bytes, with its name as title", () => {
    assert.deepEqual(sent({ file_data, filename: "a.pdf" }), { type: "document", source, title: "a.pdf" });
    assert.deepEqual(sent({ file_data, file_id: "also" }), { type: "document", source });
  });

  for (const filename of [undefined, null, "", 7]) {
    it(`has no title when its name is ${JSON.stringify(filename)}`, () => assert.deepEqual(sent({ file_data, filename }), { type: "document", source }));
  }
});

describe("bare strings among the parts", () => {
  it("are text, for every role", () => {
    const { system, messages } = parseMessages([said("system", ["s", " ", part("t")]), said("user", ["a", "", part("b")]), said("assistant", ["c", " "]), said("user", ["d"])]);
    assert.deepEqual(system, systemOf("s t"));
    assert.deepEqual(messages, [user("a", "b"), assistant("c"), user("d")]);
  });
});

describe("a message that cannot be honoured is refused by its place", () => {
  const after = (entry: unknown) => [said("user", "a"), entry];
  const cases: readonly (readonly [string, unknown, ErrorCode, string])[] = [
    ["not an object", "hi", "invalid_type", "messages[1]"],
    ["null", null, "invalid_type", "messages[1]"],
    ["without a role", { content: "x" }, "invalid_type", "messages[1].role"],
    ["of an unknown role", said("root", "x"), "invalid_value", "messages[1].role"],
    ["of a role in capitals", said("User", "x"), "invalid_value", "messages[1].role"],
    ["of a tool that was not called", { role: "tool", tool_call_id: "1", content: "x" }, "invalid_value", "messages[1].tool_call_id"],
    ["of a tool, without the call's id", { role: "tool", content: "x" }, "invalid_type", "messages[1].tool_call_id"],
    ["of a function that was not called", { role: "function", name: "f", content: "x" }, "invalid_value", "messages[1].role"],
    ["whose calls are no array", { role: "assistant", tool_calls: {} }, "invalid_type", "messages[1].tool_calls"],
    ["whose call is no object", { role: "assistant", tool_calls: ["x"] }, "invalid_type", "messages[1].tool_calls[0]"],
    ["whose call has no id", { role: "assistant", tool_calls: [{ function: { name: "f" } }] }, "invalid_type", "messages[1].tool_calls[0].id"],
    ["whose call's id is a number", { role: "assistant", tool_calls: [{ id: 1, function: { name: "f" } }] }, "invalid_type", "messages[1].tool_calls[0].id"],
    ["whose call has no function", { role: "assistant", tool_calls: [{ id: "1", type: "custom", custom: {} }] }, "invalid_type", "messages[1].tool_calls[0].function"],
    ["whose call has no name", { role: "assistant", tool_calls: [{ id: "1", function: {} }] }, "invalid_type", "messages[1].tool_calls[0].function.name"],
    ["whose call's arguments are a number", { role: "assistant", tool_calls: [{ id: "1", function: { name: "f", arguments: 1 } }] }, "invalid_type", "messages[1].tool_calls[0].function.arguments"],
    ["whose function call is a string", { role: "assistant", function_call: "f" }, "invalid_type", "messages[1].function_call"],
    ["whose function call has no name", { role: "assistant", function_call: {} }, "invalid_type", "messages[1].function_call.name"],
    ["whose function call's arguments are true", { role: "assistant", function_call: { name: "f", arguments: true } }, "invalid_type", "messages[1].function_call.arguments"],
    ["whose content is a number", said("user", 1), "invalid_type", "messages[1].content"],
    ["whose content is an object of nothing", said("user", {}), "invalid_type", "messages[1].content"],
    ["whose one part has no text", said("user", { type: "text" }), "invalid_type", "messages[1].content.text"],
    ["whose system content is a number", said("system", 1), "invalid_type", "messages[1].content"],
    ["whose assistant content is a number", said("assistant", 1), "invalid_type", "messages[1].content"],
    ["whose part is a number", said("user", [7]), "invalid_type", "messages[1].content[0]"],
    ["whose part has no type", said("user", [{}]), "invalid_type", "messages[1].content[0].type"],
    ["whose second part's text is missing", said("user", [part("x"), { type: "text" }]), "invalid_type", "messages[1].content[1].text"],
    ["with sound", said("user", [{ type: "input_audio", input_audio: {} }]), "unsupported_parameter", "messages[1].content[0].type"],
    ["with a stored file", said("user", [{ type: "file", file: { file_id: "f" } }]), "unsupported_parameter", "messages[1].content[0].file.file_id"],
    ["with a file that is none", said("user", [{ type: "file" }]), "invalid_type", "messages[1].content[0].file"],
    ["with a file of nothing", said("user", [{ type: "file", file: {} }]), "invalid_type", "messages[1].content[0].file.file_data"],
    ["with a file by URL", said("user", [{ type: "file", file: { file_data: "https://example.com/a.pdf" } }]), "unsupported_parameter", "messages[1].content[0].file.file_data"],
    ["with a file that is no PDF", said("user", [{ type: "file", file: { file_data: `data:text/plain;base64,${pixel}` } }]), "invalid_value", "messages[1].content[0].file.file_data"],
    ["with a file that is no base64", said("user", [{ type: "file", file: { file_data: "data:application/pdf;base64,%" } }]), "invalid_value", "messages[1].content[0].file.file_data"],
    ["with an unknown part", said("user", [{ type: "hologram" }]), "unsupported_parameter", "messages[1].content[0].type"],
    ["with an image of the assistant's", said("assistant", [{ type: "image_url" }]), "unsupported_parameter", "messages[1].content[0].type"],
    ["with an image of the system's", said("system", [{ type: "image_url" }]), "unsupported_parameter", "messages[1].content[0].type"],
    ["whose refusal is no text", said("assistant", [{ type: "refusal" }]), "invalid_type", "messages[1].content[0].refusal"],
    ["whose system part has no text", said("system", [{ type: "text" }]), "invalid_type", "messages[1].content[0].text"],
  ];
  for (const [what, entry, kind, param] of cases) {
    it(what, () => {
      assertRefuses(refusal(after(entry)), kind, param);
    });
  }

  it("with a kind of part that may be told, and one that may not", () => {
    assert.match(refusal(after(said("user", [{ type: "input_audio" }]))).message, /\(input_audio\)/u);
    assert.doesNotMatch(refusal(after(said("user", [{ type: "x".repeat(33) }]))).message, /xx/u);
  });

  it("and so is a conversation of nothing", () => {
    for (const messages of [[said("system", " ")], [said("user", "")], [said("system", ""), said("user", null)]]) {
      assert.deepEqual([refusal(messages).code, refusal(messages).field], ["invalid_value", "messages"]);
    }
  });

  it("and never with its content", () => {
    for (const entry of [said("secret role", "x"), said("user", [{ type: "SECRET <b>" }]), said("user", [{ type: "image_url", image_url: { url: "secret" } }])]) {
      assert.doesNotMatch(refusal([entry]).message, /secret/iu);
    }
  });
});

/** What other APIs write in another shape is taken, at both endpoints, for what it plainly means. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseChatRequest } from "../../../src/api/openai/chat-completions/request.ts";
import { parseResponsesRequest } from "../../../src/api/openai/responses/request.ts";
import { StoredResponses } from "../../../src/api/openai/responses/stored.ts";
import { shapesTold } from "../../../src/api/openai/shapes.ts";
import type { Turn } from "../../../src/turn/turn.ts";
import { assertRefuses, refusalOf } from "../../support/refusal.ts";
import { unpackedThought, packedThought } from "../../../src/api/openai/thoughts.ts";
import { withoutSources } from "../../support/turns.ts";

type Fields = Readonly<Record<string, unknown>>;
type ParsedTurn = Omit<Turn, "model">;

const gif = "R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";
const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const pdf = "JVBERi0xLjQK";
const hi = { role: "user", content: "hi" };

const endpoints = {
  chat: (messages: unknown, more: Fields = {}): ParsedTurn => withoutSources(parseChatRequest({ messages, ...more }, "m").turn),
  responses: (input: unknown, more: Fields = {}): ParsedTurn => withoutSources(parseResponsesRequest({ input, ...more }, "m", new StoredResponses()).turn),
};
const bothEndpoints = Object.entries(endpoints);

const schema = { type: "object", properties: { city: { type: "string" } } };
const weather = { name: "weather", description: "D" };
const served = { name: "weather", description: "D", inputSchema: schema };
const flat = { type: "function", ...weather, parameters: schema };
const nested = { type: "function", function: { ...weather, parameters: schema } };
const anthropicTool = { ...weather, input_schema: schema };
const mcpTool = { ...weather, inputSchema: schema, annotations: { readOnlyHint: true } };

const callItem = { type: "function_call", call_id: "c1", name: "weather", arguments: '{"city":"Bern"}' };
const outputItem = { type: "function_call_output", call_id: "c1", output: "wet" };
const toolUse = { type: "tool_use", id: "c1", name: "weather", input: { city: "Bern" } };
const toolResult = { type: "tool_result", tool_use_id: "c1", content: "wet" };
const toolCalls = { role: "assistant", content: null, tool_calls: [{ id: "c1", type: "function", function: { name: "weather", arguments: '{"city":"Bern"}' } }] };
const toolMessage = { role: "tool", tool_call_id: "c1", content: "wet" };

/** The messages of one call and its result, whichever way they are written. */
const exchange = (name = "weather", input: object = { city: "Bern" }, result: readonly unknown[] = [{ type: "text", text: "wet" }]): readonly unknown[] => [
  { role: "user", content: [{ type: "text", text: "hi" }] },
  { role: "assistant", content: [{ type: "tool_use", id: "c1", name, input }] },
  { role: "user", content: [{ type: "tool_result", tool_use_id: "c1", content: result }] },
];
const told = (messages: ParsedTurn["messages"]): unknown => JSON.parse(JSON.stringify(messages));
const image = (data = gif, media_type = "image/gif"): object => ({ type: "image", source: { type: "base64", media_type, data } });
const byUrl = (path: string): unknown => ({ type: "image", source: { type: "url", url: "https://example.com/a", path } });
const document = (title?: string): unknown => ({ type: "document", source: { type: "base64", media_type: "application/pdf", data: pdf }, ...(title === undefined ? {} : { title }) });

/** By the row of the table: what is sent at either endpoint, and what the model is told. */
const parts: Readonly<Record<string, readonly (readonly [part: unknown, block: unknown])[]>> = {
  '{"type":"input_text","text":…}': [[{ type: "input_text", text: "a" }, { type: "text", text: "a" }], [{ type: "input_text", text: " é\n", annotations: [] }, { type: "text", text: " é\n" }]],
  '{"type":"output_text","text":…}': [[{ type: "output_text", text: "a", annotations: [], logprobs: [] }, { type: "text", text: "a" }]],
  '{"type":"image_url","image_url":…}': [
    [{ type: "image_url", image_url: { url: `data:image/gif;base64,${gif}`, detail: "low" } }, image()], [{ type: "image_url", image_url: `data:image/gif;base64,${gif}` }, image()],
    [{ type: "image_url", image_url: { url: "https://example.com/a" } }, byUrl("[0].image_url.url")], [{ type: "image_url", image_url: { url: gif } }, image()],
  ],
  '{"type":"input_image","image_url":…}': [
    [{ type: "input_image", image_url: `data:image/gif;base64,${gif}` }, image()], [{ type: "input_image", image_url: { url: `data:image/gif;base64,${gif}` } }, image()],
    [{ type: "input_image", image_url: "https://example.com/a", detail: "auto" }, byUrl("[0].image_url")], [{ type: "input_image", image_url: png }, image(png, "image/png")],
  ],
  '{"type":"image","source":…}': [
    [{ type: "image", source: { type: "base64", media_type: "image/gif", data: gif } }, image()], [{ type: "image", source: { type: "base64", media_type: "image/jpeg", data: png } }, image(png, "image/png")],
    [{ type: "image", source: { type: "url", url: "https://example.com/a" } }, byUrl("[0].source.url")], [{ type: "image", source: { type: "base64", data: gif } }, image()],
  ],
  '{"type":"image","data":…}': [[{ type: "image", data: gif, mimeType: "image/gif" }, image()], [{ type: "image", data: png, mimeType: "image/*" }, image(png, "image/png")], [{ type: "image", data: gif }, image()]],
  '{"type":"image","image":…}': [
    [{ type: "image", image: gif, mediaType: "image/gif" }, image()], [{ type: "image", image: `data:image/png;base64,${png}` }, image(png, "image/png")],
    [{ type: "image", image: "https://example.com/a" }, byUrl("[0].image")],
  ],
  '{"type":"file","file":…}': [
    [{ type: "file", file: { file_data: `data:application/pdf;base64,${pdf}`, filename: "a.pdf" } }, document("a.pdf")], [{ type: "file", file: { file_data: pdf } }, document()],
    [{ type: "file", file: { file_data: `data:application/octet-stream;base64,${pdf}` } }, document()],
  ],
  '{"type":"input_file","file_data":…}': [
    [{ type: "input_file", file_data: `data:application/pdf;base64,${pdf}`, filename: "a.pdf" }, document("a.pdf")], [{ type: "input_file", file_data: pdf }, document()],
    [{ type: "input_file", file_data: `data:;base64,${pdf}` }, document()],
  ],
  '{"type":"document","source":…}': [
    [{ type: "document", source: { type: "base64", media_type: "application/pdf", data: pdf }, title: "a.pdf" }, document("a.pdf")],
    [{ type: "document", source: { type: "base64", media_type: "application/octet-stream", data: pdf }, title: null }, document()],
    [{ type: "document", source: { type: "text", media_type: "text/plain", data: "a" } }, { type: "document", source: { type: "text", media_type: "text/plain", data: "a" } }],
  ],
};

/** By the row of the table: whole conversations of one call. */
const exchanges: Readonly<Record<string, readonly (readonly unknown[])[]>> = {
  '{"type":"tool_use","id":…,"name":…,"input":…}': [
    [hi, { role: "assistant", content: [toolUse] }, toolMessage], [hi, { role: "assistant", content: [toolUse] }, outputItem],
    [hi, { role: "assistant", content: toolUse }, { role: "user", content: [toolResult] }], [hi, { ...toolCalls, content: [toolUse] }, toolMessage],
  ],
  '{"type":"tool_result","tool_use_id":…,"content":…}': [
    [hi, { role: "assistant", content: [toolUse] }, { role: "user", content: [toolResult] }], [hi, toolCalls, { role: "user", content: [toolResult] }],
    [hi, callItem, { role: "user", content: [{ ...toolResult, content: [{ type: "text", text: "wet" }] }] }], [hi, toolCalls, { role: "user", content: toolResult }],
  ],
  '{"role":"assistant","tool_calls":[…]}': [
    [hi, toolCalls, toolMessage], [hi, toolCalls, outputItem], [hi, { ...toolCalls, content: "" }, toolMessage],
    [hi, { role: "assistant", tool_calls: [{ id: "c1", type: "function", name: "weather", arguments: '{"city":"Bern"}' }] }, toolMessage],
  ],
  '{"role":"tool","tool_call_id":…}': [[hi, toolCalls, toolMessage], [hi, callItem, toolMessage], [hi, callItem, { ...toolMessage, content: [{ type: "text", text: "wet" }] }]],
  '{"type":"function_call",…}': [[hi, callItem, outputItem], [hi, callItem, toolMessage], [hi, { ...callItem, id: "fc_1", status: "completed" }, { role: "user", content: [toolResult] }]],
  '{"type":"function_call_output",…}': [[hi, callItem, outputItem], [hi, toolCalls, outputItem], [hi, callItem, { ...outputItem, output: [{ type: "input_text", text: "wet" }] }]],
};

/** By the row of the table: formats of an answer with the schema above. */
const formats: Readonly<Record<string, readonly object[]>> = {
  '{"type":"json_schema","json_schema":{"schema":…}}': [{ type: "json_schema", json_schema: { name: "n", schema } }, { type: "json_schema", json_schema: { name: "n", strict: true, schema } }, { type: "json_schema", schema: null, json_schema: { schema } }],
  '{"type":"json_schema","schema":…}': [{ type: "json_schema", name: "n", schema }, { type: "json_schema", name: "n", strict: true, schema }, { type: "json_schema", json_schema: null, schema }],
};

const choices: Readonly<Record<string, readonly (readonly [choice: unknown, toolChoice: object])[]>> = {
  '{"type":"any"}, "any"': [[{ type: "any" }, { type: "any" }], ["any", { type: "any" }], [{ type: "any", disable_parallel_tool_use: false }, { type: "any" }]],
  '{"type":"tool","name":…}': [[{ type: "tool", name: "weather" }, { type: "tool", name: "weather" }], [{ type: "tool", name: "weather", disable_parallel_tool_use: null }, { type: "tool", name: "weather" }]],
  '{"type":"function","function":{"name":…}}': [[{ type: "function", function: { name: "weather" } }, { type: "tool", name: "weather" }]],
  '{"type":"function","name":…}': [[{ type: "function", name: "weather" }, { type: "tool", name: "weather" }]],
};

const tools: Readonly<Record<string, readonly unknown[]>> = {
  '{"type":"function","function":{"name":…,"parameters":…}}': [nested, { function: nested.function }, { ...nested, strict: true }],
  '{"type":"function","name":…,"parameters":…}': [flat, { ...weather, parameters: schema }, { ...flat, strict: false }, { ...flat, type: null }],
  '{"name":…,"input_schema":…}': [anthropicTool, { ...anthropicTool, type: "custom" }, { ...anthropicTool, type: "function", cache_control: { type: "ephemeral" } }, { ...anthropicTool, type: null }],
  '{"name":…,"inputSchema":…}': [mcpTool, { ...mcpTool, type: "function" }, { ...weather, inputSchema: schema, outputSchema: schema, title: "T" }],
};

for (const [endpoint, turnOf] of bothEndpoints) {
  describe(`at the endpoint of ${endpoint}`, () => {
    for (const [looks, examples] of Object.entries(tools)) {
      for (const [index, tool] of examples.entries()) {
        it(`a tool like ${looks} is served (${index})`, () => assert.deepEqual(turnOf([hi], { tools: [tool] }).tools, [served]));
      }
    }

    for (const [looks, examples] of Object.entries(choices)) {
      for (const [choice, toolChoice] of examples) {
        it(`the choice ${JSON.stringify(choice)}, like ${looks}, is honoured`, () => assert.deepEqual(turnOf([hi], { tools: [flat], tool_choice: choice }).toolChoice, toolChoice));
      }
    }

    for (const type of ["auto", "any", "tool"]) {
      it(`the choice ${type} may say that one call is enough`, () => {
        const turn = turnOf([hi], { tools: [flat], tool_choice: { type, name: "weather", disable_parallel_tool_use: true } });
        assert.deepEqual([turn.disableParallelToolUse, turn.toolChoice.type], [true, type]);
      });
    }

    for (const [looks, examples] of Object.entries(parts)) {
      for (const [index, [part, block]] of examples.entries()) {
        it(`a part like ${looks} is taken (${index})`, () => {
          const shown = JSON.parse(JSON.stringify(turnOf([{ role: "user", content: [part] }]).messages[0]?.content[0]), (key, value: unknown) => (key === "path" ? String(value).replace(/^\w+\[0\]\.content/u, "") : value)) as unknown;
          assert.deepEqual(shown, block);
        });
      }
    }

    for (const [looks, examples] of Object.entries(exchanges)) {
      for (const [index, conversation] of examples.entries()) {
        it(`a call written like ${looks} is one, and has its result (${index})`, () => assert.deepEqual(told(turnOf(conversation).messages), exchange()));
      }
    }

    it("a result may be an error, may hold an image, and what is said beside it comes behind it", () => {
      const { messages } = turnOf([hi, { role: "assistant", content: [{ type: "text", text: "so" }, toolUse] }, { role: "user", content: [{ type: "text", text: "and?" }, { ...toolResult, is_error: true, content: [image()] }] }]);
      assert.deepEqual(told(messages.slice(1)), [
        { role: "assistant", content: [{ type: "text", text: "so" }, toolUse] },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "c1", content: [image()], is_error: true }, { type: "text", text: "and?" }] },
      ]);
    });

    it("the results of one answer may come in several messages of the user's", () => {
      const two = { role: "assistant", content: [toolUse, { ...toolUse, id: "c2" }] };
      const { messages } = turnOf([hi, two, { role: "user", content: [{ ...toolResult, tool_use_id: "c2" }] }, { role: "user", content: [toolResult, "go on"] }]);
      assert.deepEqual(messages[2]?.content.map((block) => (block.type === "tool_result" ? block.tool_use_id : block.type)), ["c1", "c2", "text"]);
    });

    const signed = { type: "thinking", thinking: "hm", signature: "s" };
    const redacted = { type: "redacted_thinking", data: "x" };
    const sealed = { type: "reasoning", summary: [], encrypted_content: packedThought({ ...signed, model: "claude-opus-5-5" } as never) };
    const answer = { role: "assistant", content: "a" };
    for (const [what, entries, ...thoughts] of [
      ["parts", [{ ...answer, content: [signed, redacted, { type: "text", text: "a" }] }], signed, redacted],
      ["`thinking_blocks`", [{ ...answer, thinking_blocks: [redacted, signed] }], redacted, signed],
      ["`reasoning_details`", [{ ...answer, reasoning_details: [{ type: "reasoning.text", format: "anthropic-claude-v1", text: "hm", signature: "s" }, { type: "reasoning.encrypted", format: "anthropic-claude-v1", data: "x" }] }], signed, redacted],
      ["several of these, once", [{ ...answer, content: [signed, { type: "text", text: "a" }], thinking_blocks: [signed], reasoning_details: [{ type: "reasoning.text", format: "anthropic-claude-v1", text: "hm", signature: "s" }] }], signed],
      ["a `reasoning` item", [sealed, answer], { ...signed, model: "claude-opus-5-5" }],
    ] as const) {
      it(`the assistant's signed thoughts may be ${what}`, () => {
        assert.deepEqual(turnOf([hi, ...entries, hi]).messages[1], { role: "assistant", content: [...thoughts, { type: "text", text: "a" }] });
      });
    }

    it("a signed thought stays before the call that it led to, and is nothing behind all else", () => {
      const { messages } = turnOf([hi, sealed, answer, sealed, callItem, sealed, outputItem, sealed, hi]);
      const types = messages.map(({ content }) => content.map(({ type }) => type));
      assert.deepEqual(types, [["text"], ["thinking", "text", "thinking", "tool_use"], ["tool_result", "text"]]);
    });

    for (const thought of [
      { type: "thinking", thinking: "hm" }, { type: "thinking", thinking: "hm", signature: "" }, { type: "redacted_thinking", data: "" }, { type: "reasoning", text: "hm" },
    ]) {
      it(`the assistant's ${JSON.stringify(thought)} is ignored`, () => {
        assert.deepEqual(turnOf([hi, { role: "assistant", content: [thought, { type: "text", text: "a" }] }, hi]).messages, turnOf([hi, { role: "assistant", content: "a" }, hi]).messages);
      });
    }

    for (const content of [{ type: "text", text: "a" }, { type: "input_text", text: "a" }, { text: "a" }, [{ text: "a" }], ["a"]]) {
      it(`content may be ${JSON.stringify(content)}`, () => {
        for (const role of ["user", "assistant", "system"]) assert.deepEqual(turnOf([{ role, content }, hi]), turnOf([{ role, content: "a" }, hi]), role);
      });
    }

    it("a document of Anthropic's may be a URL or blocks, with a title, a context and citations, as in a request for a message", () => {
      const sources = [{ type: "url", url: "https://example.com/a.pdf" }, { type: "content", content: [{ type: "text", text: "a" }] }];
      const documents = sources.map((source) => ({ type: "document", source, title: "T", context: "C", citations: { enabled: true } }));
      assert.deepEqual(turnOf([{ role: "user", content: documents }]).messages, [{ role: "user", content: documents }]);
    });

    it("a tool's result may be one part", () => {
      assert.deepEqual(told(turnOf([hi, toolCalls, { ...toolMessage, content: { type: "text", text: "wet" } }]).messages), exchange());
      assert.deepEqual(told(turnOf([hi, callItem, { ...outputItem, output: { type: "input_text", text: "wet" } }]).messages), exchange());
    });

    for (const [index, conversation] of ["hi", hi, { type: "message", ...hi }, { role: "user", content: [{ type: "input_text", text: "hi" }] }].entries()) {
      it(`the conversation may be ${typeof conversation === "string" ? "a string" : "one entry"} (${index})`, () => assert.deepEqual(turnOf(conversation), turnOf([hi])));
    }

    for (const [what, conversation, code, field] of [
      ["an image of the assistant's", [{ role: "assistant", content: [image()] }], "unsupported_parameter", "[0].content[0].type"],
      ["a call of the user's", [{ role: "user", content: [toolUse] }], "unsupported_parameter", "[0].content[0].type"],
      ["a thought of the user's", [{ role: "user", content: [{ type: "thinking", thinking: "hm" }] }], "unsupported_parameter", "[0].content[0].type"],
      ["a call without its name", [hi, { role: "assistant", content: [{ type: "tool_use", id: "c1" }] }], "invalid_type", "[1].content[0].name"],
      ["a result of no call", [hi, { role: "user", content: [toolResult] }], "invalid_value", "[1].content[0].tool_use_id"],
      ["a call without its result", [hi, { role: "assistant", content: [toolUse] }, hi], "invalid_value", "[1].content"],
      ["an image that is stored elsewhere", [{ role: "user", content: [{ type: "image", source: { type: "file", file_id: "f" } }] }], "unsupported_parameter", "[0].content[0].source.type"],
      ["an image of unknown source", [{ role: "user", content: [{ type: "image", source: { type: "s3" } }] }], "unsupported_parameter", "[0].content[0].source.type"],
      ["an image that is none", [{ role: "user", content: [{ type: "image", data: "aGk=", mimeType: "text/plain" }] }], "invalid_value", "[0].content[0].data"],
      ["an image that is no base64", [{ role: "user", content: [{ type: "image", source: { type: "base64", media_type: "image/png", data: "?" } }] }], "invalid_value", "[0].content[0].source.data"],
      ["a document by no URL", [{ role: "user", content: [{ type: "document", source: { type: "url", url: "file:///etc/passwd" } }] }], "invalid_value", "[0].content[0].source.url"],
      ["a document that is stored elsewhere", [{ role: "user", content: [{ type: "document", source: { type: "file", file_id: "f" } }] }], "unsupported_parameter", "[0].content[0].source.type"],
      ["a document of nothing", [{ role: "user", content: [{ type: "document", source: { type: "text", data: " " } }] }], "invalid_value", "[0].content[0].source.data"],
      ["a document that is no PDF", [{ role: "user", content: [{ type: "document", source: { type: "base64", media_type: "text/html", data: "aGk=" } }] }], "invalid_value", "[0].content[0].source.data"],
    ] as const) {
      it(`${what} is refused by its field`, () => assertRefuses(refusalOf(() => turnOf(conversation)), code, `${endpoint === "chat" ? "messages" : "input"}${field}`));
    }

    for (const [tool, field] of [
      [{ name: "f", input_schema: 7 }, "tools[0].input_schema"], [{ name: 7, inputSchema: {} }, "tools[0].name"], [{ type: "function", function: { name: "f", parameters: 7 } }, "tools[0].function.parameters"], [{ type: "function", name: "f", parameters: 7 }, "tools[0].parameters"],
    ] as const) {
      it(`the tool ${JSON.stringify(tool)} is refused by the field that it has`, () => assertRefuses(refusalOf(() => turnOf([hi], { tools: [tool] })), "invalid_type", field));
    }
  });
}

describe("the other endpoint's request", () => {
  const input = [{ role: "user", content: [{ type: "input_text", text: "hi" }] }, callItem, outputItem];
  const body = { instructions: "S", input, tools: [flat], max_output_tokens: 9 };
  const chatBody = { messages: [{ role: "system", content: "S" }, hi, toolCalls, toolMessage], tools: [nested], max_tokens: 9 };
  const parseChat = (fields: Fields): ParsedTurn => withoutSources(parseChatRequest(fields, "m").turn);
  const parseResponses = (fields: Fields): ParsedTurn => withoutSources(parseResponsesRequest(fields, "m", new StoredResponses()).turn);

  it("is read as the endpoint's own: a response's at chat, a chat's as a response's", () => {
    assert.deepEqual(parseChat(body), parseChat(chatBody));
    assert.deepEqual(parseResponses(chatBody), parseResponses(body));
    assert.deepEqual(parseResponses({ ...chatBody, max_tokens: null, max_completion_tokens: 9 }), parseResponses(body));
    assert.deepEqual(parseChat({ input: "hi" }), parseChat({ messages: [hi] }));
  });

  it("of Anthropic's has its system prompt in `system`, a string, a block or several", () => {
    const asked = parseChat({ messages: [{ role: "system", content: "S" }, hi] });
    for (const system of ["S", { type: "text", text: "S" }, [{ type: "text", text: "S", cache_control: { type: "ephemeral" } }]]) assert.deepEqual(parseChat({ system, messages: [hi] }), asked);
    assert.deepEqual(parseChat({ system: [{ type: "text", text: "S" }, { type: "text", text: "T" }], messages: [{ role: "system", content: "U" }, hi] }).system.map(({ text }) => text), ["S\n\nT", "U"]);
    assertRefuses(refusalOf(() => parseChat({ system: 7, messages: [hi] })), "invalid_type", "system");
  });

  it("does not come before the endpoint's own fields", () => {
    assert.deepEqual(parseChat({ messages: [hi], input: "other", max_tokens: 1, max_output_tokens: 2 }), parseChat({ messages: [hi], max_tokens: 1 }));
    assert.deepEqual(parseResponses({ input: "hi", messages: "other", max_output_tokens: 1, max_tokens: 2 }), parseResponses({ input: "hi", max_output_tokens: 1 }));
  });

  it("is refused by its own field's name", () => {
    assertRefuses(refusalOf(() => parseChat({ input: 7 })), "invalid_type", "input");
    assertRefuses(refusalOf(() => parseChat({ input: [hi, 7] })), "invalid_type", "input[1]");
    assertRefuses(refusalOf(() => parseResponses({ messages: {} })), "invalid_type", "messages");
    assertRefuses(refusalOf(() => parseResponses({ messages: [hi, { role: "root" }] })), "invalid_value", "messages[1].role");
  });

  it("may write deprecated functions as tools, and tools as functions", () => {
    assert.deepEqual(parseChat({ messages: [hi], functions: [nested] }).tools, [served]);
    assert.deepEqual(parseChat({ messages: [hi], functions: [anthropicTool] }).tools, [served]);
    assert.deepEqual(parseChat({ messages: [hi], functions: [{ ...weather, parameters: schema }] }).tools, [served]);
  });
});

describe("the same tool twice", () => {
  const others = [[nested, nested], [nested, flat], [flat, anthropicTool, nested], [nested, { ...nested, strict: true }]];
  for (const [endpoint, turnOf] of bothEndpoints) {
    for (const [index, list] of others.entries()) it(`is one, at the endpoint of ${endpoint} (${index})`, () => assert.deepEqual(turnOf([hi], { tools: list }).tools, [served]));

    for (const [what, more] of [["description", { description: "E" }], ["schema", { parameters: { type: "object", properties: {} } }]] as const) {
      it(`with another ${what} is refused, at the endpoint of ${endpoint}`, () => assertRefuses(refusalOf(() => turnOf([hi], { tools: [flat, { ...flat, ...more }] })), "invalid_value", "tools[1]"));
    }
  }

  it("is one where it takes free text, or stands in a namespace", () => {
    const custom = { type: "custom", name: "patch", description: "P" };
    assert.equal(endpoints.responses([hi], { tools: [custom, custom] }).tools.length, 1);
    assert.equal(endpoints.responses([hi], { tools: [{ type: "namespace", name: "n", tools: [flat, flat] }] }).tools.length, 1);
    assert.equal(endpoints.chat([hi], { functions: [nested.function, nested.function] }).tools.length, 1);
  });
});

describe("calls of tools that OpenAI defines and the client runs", () => {
  const action = { type: "exec", command: ["ls", "-l"], env: {} };
  const cases: readonly (readonly [what: string, items: readonly unknown[], name: string, input: object, result: string])[] = [
    ["a local shell", [{ type: "local_shell_call", id: "lsh_1", call_id: "c1", status: "completed", action }, { type: "local_shell_call_output", call_id: "c1", output: "files" }], "local_shell", action, "files"],
    ["a local shell, its output by the call's id alone", [{ type: "local_shell_call", call_id: "c1", status: "completed", action }, { type: "local_shell_call_output", id: "c1", output: "files" }], "local_shell", action, "files"],
    ["a local shell, its output by the item's id", [{ type: "local_shell_call", id: "lsh_1", call_id: "c1", action }, { type: "local_shell_call_output", id: "lsh_1", output: "files" }], "local_shell", action, "files"],
    ["a local shell, its output as Codex sends it", [{ type: "local_shell_call", call_id: "c1", action }, { type: "function_call_output", call_id: "c1", output: "files" }], "local_shell", action, "files"],
    ["a local shell of Codex's that has no call id", [{ type: "local_shell_call", id: "c1", call_id: null, action }, { type: "local_shell_call_output", id: "c1", output: { output: "files", metadata: { exit_code: 0 } } }], "local_shell", action, '{"output":"files","metadata":{"exit_code":0}}'],
    ["a shell", [{ type: "shell_call", call_id: "c1", action: { commands: ["ls"] } }, { type: "shell_call_output", call_id: "c1", output: [{ stdout: "files", stderr: "", outcome: { type: "exit", exit_code: 0 } }] }], "shell", { commands: ["ls"] }, '[{"stdout":"files","stderr":"","outcome":{"type":"exit","exit_code":0}}]'],
    ["a patch", [{ type: "apply_patch_call", call_id: "c1", operation: { type: "delete_file", path: "a" } }, { type: "apply_patch_call_output", call_id: "c1", status: "completed", output: "done" }], "apply_patch", { type: "delete_file", path: "a" }, "done"],
    ["a custom tool", [{ type: "custom_tool_call", call_id: "c1", name: "patch", input: "p" }, { type: "custom_tool_call_output", call_id: "c1", output: "done" }], "patch", { input: "p" }, "done"],
    ["a search among tools", [{ type: "tool_search_call", call_id: "c1", execution: "client", arguments: { query: "q" } }, { type: "tool_search_output", call_id: "c1", execution: "client", tools: [] }], "tool_search", { query: "q" }, ""],
  ];
  for (const [endpoint, turnOf] of bothEndpoints) {
    for (const [what, items, name, input, result] of cases) {
      it(`${what} are told as calls, at the endpoint of ${endpoint}`, () => {
        assert.deepEqual(told(turnOf([hi, ...items]).messages), exchange(name, input, result === "" ? [] : [{ type: "text", text: result }]));
      });
    }
  }

  it("are refused by their field where they have no id, or no result", () => {
    assertRefuses(refusalOf(() => endpoints.responses([hi, { type: "local_shell_call", action }])), "invalid_type", "input[1].call_id");
    assertRefuses(refusalOf(() => endpoints.responses([hi, { type: "shell_call_output", call_id: "c1", output: "x" }])), "invalid_value", "input[1].call_id");
    assertRefuses(refusalOf(() => endpoints.responses([hi, { type: "local_shell_call", call_id: "c1", action }, hi])), "invalid_value", "input[1]");
  });

  for (const encrypted_content of [null, "gAAAAABo", "claude-max-api:", "claude-max-api:e30=", `claude-max-api:${Buffer.from("{").toString("base64")}`]) {
    it(`a thought with ${JSON.stringify(encrypted_content)} is another provider's, and ignored`, () => {
      const answer = { role: "assistant", content: "a" };
      assert.deepEqual(endpoints.responses([hi, { type: "reasoning", summary: [], encrypted_content }, answer, hi]), endpoints.responses([hi, answer, hi]));
      assert.equal(unpackedThought({ encrypted_content }), undefined);
    });
  }

  for (const type of ["compaction", "compaction_summary", "context_compaction", "compaction_trigger", "ghost_snapshot", "mcp_approval_request", "mcp_approval_response", "web_search_call", "reasoning"]) {
    it(`${type} is passed over`, () => {
      const before = [hi, { role: "assistant", content: "a" }];
      for (const [, turnOf] of bothEndpoints) assert.deepEqual(turnOf([{ type, id: "x", encrypted_content: "sealed" }, ...before, { type, encrypted_content: "sealed" }, hi]), turnOf([...before, hi]));
    });
  }

  it("what another agent says is told in its place, behind results that it stands before, and without what is sealed", () => {
    const agent = (...content: readonly object[]): object => ({ type: "agent_message", author: "/root/worker", recipient: "/root", content });
    const [sealed, text] = [{ type: "encrypted_content", encrypted_content: "gAAAAABo" }, (words: string): object => ({ type: "input_text", text: words })];
    const [call, result] = [{ type: "function_call", call_id: "c1", name: "f", arguments: "{}" }, { type: "function_call_output", call_id: "c1", output: "done" }];
    for (const [, turnOf] of bothEndpoints) {
      const saidIn = (items: readonly unknown[]): unknown => turnOf(items).messages.map(({ role, content }) => [role, content.map((block) => (block.type === "text" ? block.text : block.type))]);
      assert.deepEqual(saidIn([hi, agent(text("found"), sealed, text(" it"))]), [["user", ["hi", "found it"]]]);
      assert.deepEqual(saidIn([hi, call, agent(text("found")), result]), [["user", ["hi"]], ["assistant", ["tool_use"]], ["user", ["tool_result", "found"]]]);
      assert.deepEqual(saidIn([hi, { role: "assistant", content: "a" }, agent(sealed), hi]), [["user", ["hi"]], ["assistant", ["a"]], ["user", ["hi"]]]);
      assert.deepEqual(saidIn([agent(text("found"))]), [["user", ["found"]]]);
    }
    assertRefuses(refusalOf(() => endpoints.responses([hi, agent(sealed, { type: "hologram" })])), "unsupported_parameter", "input[1].content[1].type");
  });

  it("other items are refused by their type", () => {
    for (const type of ["computer_call", "computer_call_output", "hologram"]) assertRefuses(refusalOf(() => endpoints.responses([hi, { type, call_id: "c1" }])), "unsupported_parameter", "input[1].type");
  });
});

describe("a format written in another API's shape", () => {
  for (const [looks, examples] of Object.entries(formats)) {
    for (const [index, format] of examples.entries()) {
      it(`like ${looks} is taken (${index})`, () => {
        for (const turn of [endpoints.chat([hi], { response_format: format }), endpoints.responses("hi", { text: { format } })]) {
          assert.deepEqual([turn.responseSchema, turn.outputFormat], [schema, { ...schema, additionalProperties: false }]);
        }
      });
    }
  }

  it("is refused by the endpoint's own place of the schema, where none has one", () => {
    assertRefuses(refusalOf(() => endpoints.chat([hi], { response_format: { type: "json_schema" } })), "invalid_type", "response_format.json_schema");
    assertRefuses(refusalOf(() => endpoints.responses("hi", { text: { format: { type: "json_schema" } } })), "invalid_type", "text.format.schema");
    const both = { type: "json_schema", schema: {}, json_schema: {} };
    assertRefuses(refusalOf(() => endpoints.chat([hi], { response_format: both })), "invalid_type", "response_format.json_schema.schema");
    assertRefuses(refusalOf(() => endpoints.responses("hi", { text: { format: { ...both, schema: [] } } })), "invalid_type", "text.format.schema");
  });
});

it("every row of the table has an example here", () => {
  const passedOver = shapesTold().filter(({ as }) => as.startsWith("nothing")).map(({ looks }) => looks);
  const thoughts = ['{"type":"thinking","thinking":…}', '{"type":"redacted_thinking","data":…}', '{"type":"reasoning",…}', '{"type":"web_search_call",…}'];
  const elsewhere = shapesTold().filter(({ looks }) => /"type":"(?:local_shell|shell|apply_patch|tool_search|custom_tool|additional_tools|agent_message)|"role":"function"/u.test(looks)).map(({ looks }) => looks);
  // In web-search.test.ts.
  const searches = ['{"type":"web_search"}, {"type":"web_search_preview"}'];
  const here = [tools, formats, choices, parts, exchanges].flatMap((examples) => Object.keys(examples));
  assert.deepEqual([...new Set([...here, ...passedOver, ...thoughts, ...searches, ...elsewhere])].sort(), [...new Set(shapesTold().map(({ looks }) => looks))].sort());
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseChatRequest } from "../../../../src/api/openai/chat-completions/request.ts";
import { parseTools, type ParsedTools } from "../../../../src/api/openai/chat-completions/tools.ts";
import { ToolNames } from "../../../../src/api/tool-names.ts";
import { toolsMax } from "../../../../src/api/tool-list.ts";
import type { BridgeError, ErrorCode } from "../../../../src/errors.ts";
import type { Message } from "../../../../src/turn/message.ts";
import type { Tool } from "../../../../src/turn/turn.ts";
import { assertRefuses, refusalOf } from "../../../support/refusal.ts";
import { withoutSources } from "../../../support/turns.ts";

type Fields = Readonly<Record<string, unknown>>;

const asked: Message = { role: "user", content: [{ type: "text", text: "hi" }] };
const called = (...names: string[]): Message[] => [
  asked,
  { role: "assistant", content: [{ type: "text", text: "t" }, ...names.map((name, index) => ({ type: "tool_use" as const, id: `c${index}`, name, input: {} }))] },
  { role: "user", content: names.map((_name, index) => ({ type: "tool_result" as const, tool_use_id: `c${index}`, content: "r" })) },
];

const anyObject = { type: "object", properties: {} };
const sent = (name: unknown, more: Fields = {}) => ({ type: "function", function: { name, ...more } });
const tool = (name: string, more: Partial<Tool> = {}): Tool => ({ name, description: "", inputSchema: anyObject, ...more });
const twoTools = { tools: [sent("a"), sent("b")] };
const parse = (fields: Fields, messages: readonly Message[] = [asked], names = new ToolNames()): ParsedTools => withoutSources(parseTools(fields, messages, names));

const refusal = (fields: Fields, messages?: readonly Message[]): BridgeError => refusalOf(() => parse(fields, messages));

describe("a tool", () => {
  const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false, $schema: "http://json-schema.org/draft-07/schema#" };
  const { $schema: _draft, ...served } = parameters;

  for (const [what, entry, expected] of [
    ["of a name alone", sent("f"), tool("f")],
    ["with all that OpenAI knows", sent("f", { description: "D", parameters, strict: true }), tool("f", { description: "D", inputSchema: served, strictSchema: served })],
    ["that is strict, and whose schema the API does not compile,", sent("f", { parameters: { type: "object" }, strict: true }), tool("f", { inputSchema: { type: "object" } })],
    ["with null for what it has not", sent("f", { description: null, parameters: null, strict: null }), tool("f")],
    ["without a type", { function: { name: "f" } }, tool("f")],
    ["whose type is null", { type: null, function: { name: "f" } }, tool("f")],
    ["whose parameters are a union", sent("f", { parameters: { allOf: [{ properties: parameters.properties, required: ["city"] }] } }), tool("f", { inputSchema: { type: "object", properties: parameters.properties, required: ["city"] } })],
    ["whose name does not fit", sent("mcp.f"), tool("mcp_f")],
    ["whose name is as long as it may be", sent("x".repeat(512)), tool("x".repeat(120))],
  ] as const) it(`${what} is taken`, () => assert.deepEqual(parse({ tools: [entry] }), { tools: [expected], toolChoice: { type: "auto" }, disableParallelToolUse: false, isLegacy: false }));

  it("says what the client calls it, and where", () => {
    const { tools } = parseTools({ tools: [sent("a"), sent("b.c")] }, [asked], new ToolNames());
    assert.deepEqual(tools.map(({ source }) => source), [{ name: "a", path: "tools[0].function" }, { name: "b.c", path: "tools[1].function" }]);
    const { tools: old } = parseTools({ functions: [{ name: "a" }] }, [asked], new ToolNames());
    assert.deepEqual(old.map(({ source }) => source), [{ name: "a", path: "functions[0]" }]);
  });

  it("keeps its place among the others", () => assert.deepEqual(parse({ tools: ["c", "a", "b"].map((name) => sent(name)) }).tools.map(({ name }) => name), ["c", "a", "b"]));

  it("whose name becomes another's gets one of its own", () => assert.deepEqual(parse({ tools: [sent("a.b"), sent("a_b")] }).tools.map(({ name }) => name), ["a_b", "a_b_2"]));

  it("has the same name as in the history, and as in the choice", () => {
    const messages = [{ role: "user", content: "hi" }, { role: "assistant", tool_calls: [{ id: "1", type: "function", function: { name: "a.b", arguments: "{}" } }] }, { role: "tool", tool_call_id: "1", content: "r" }];
    const { turn, names } = parseChatRequest({ messages, tools: [sent("a_b"), sent("a.b")], tool_choice: { type: "function", function: { name: "a.b" } } }, "m");
    const use = turn.messages[1]?.content[0];
    assert.equal(use?.type === "tool_use" && use.name, "a_b");
    assert.deepEqual(turn.toolChoice, { type: "tool", name: "a_b" });
    assert.deepEqual(turn.tools.map(({ name }) => name), ["a_b_2", "a_b"]);
    assert.equal(names.toClient("a_b"), "a.b");
  });

  it("may be one of a thousand, and of no more", () => {
    const many = Array.from({ length: toolsMax }, (_, index) => sent(`f${index}`));
    assert.equal(parse({ tools: many }).tools.length, 1_000);
    const { code, field: param, message } = refusal({ tools: [...many, sent("g")] });
    assert.deepEqual([code, param], ["invalid_value", "tools"]);
    assert.match(message, /at most 1000 tools, got 1001/u);
  });
});

describe("a list of tools that cannot be honoured is refused by its place", () => {
  const cases: readonly (readonly [Fields, ErrorCode, string])[] = [
    [{ tools: {} }, "invalid_type", "tools"],
    [{ tools: "f" }, "invalid_type", "tools"],
    [{ tools: ["f"] }, "invalid_type", "tools[0]"],
    [{ tools: [null] }, "invalid_type", "tools[0]"],
    [{ tools: [{}] }, "invalid_type", "tools[0].function"],
    [{ tools: [sent("f"), { type: "function" }] }, "invalid_type", "tools[1].function"],
    [{ tools: [{ type: "custom", custom: { name: "f" } }] }, "unsupported_parameter", "tools[0].type"],
    [{ tools: [{ type: "web_search" }] }, "unsupported_parameter", "tools[0].type"],
    [{ tools: [{ type: 7 }] }, "unsupported_parameter", "tools[0].type"],
    [{ tools: [sent(undefined)] }, "invalid_type", "tools[0].function.name"],
    [{ tools: [sent(7)] }, "invalid_type", "tools[0].function.name"],
    [{ tools: [sent("")] }, "invalid_value", "tools[0].function.name"],
    [{ tools: [sent("x".repeat(513))] }, "invalid_value", "tools[0].function.name"],
    [{ tools: [sent("f", { description: 7 })] }, "invalid_type", "tools[0].function.description"],
    [{ tools: [sent("f", { parameters: "x" })] }, "invalid_type", "tools[0].function.parameters"],
    [{ tools: [sent("f", { parameters: { type: "string" } })] }, "invalid_value", "tools[0].function.parameters.type"],
    [{ tools: [sent("f", { parameters: { oneOf: [{ type: "string" }] } })] }, "invalid_value", "tools[0].function.parameters.oneOf"],
    [{ tools: [sent("f"), sent("g"), sent("f", { description: "other" })] }, "invalid_value", "tools[2]"],
    [{ functions: {} }, "invalid_type", "functions"],
    [{ functions: ["f"] }, "invalid_type", "functions[0]"],
    [{ functions: [{}] }, "invalid_type", "functions[0].name"],
    [{ functions: [{ name: "f" }, { name: "f", description: "other" }] }, "invalid_value", "functions[1]"],
    [{ functions: [{ name: "f", parameters: ["x"] }] }, "invalid_type", "functions[0].parameters"],
  ];
  for (const [fields, kind, param] of cases) {
    it(JSON.stringify(fields).slice(0, 80), () => {
      assertRefuses(refusal(fields), kind, param);
    });
  }
});

describe("a choice of tools", () => {
  const both = [tool("a"), tool("b")];
  const named = { tools: both, toolChoice: { type: "tool", name: "b" } };
  const cases: readonly (readonly [unknown, Pick<ParsedTools, "toolChoice" | "tools"> | typeof named])[] = [
    ...[undefined, null, "auto", { type: "auto" }].map((choice) => [choice, { tools: both, toolChoice: { type: "auto" } }] as const),
    ...["required", "any", { type: "required" }].map((choice) => [choice, { tools: both, toolChoice: { type: "any" } }] as const),
    ...["none", { type: "none" }].map((choice) => [choice, { tools: both, toolChoice: { type: "none" } }] as const),
    ...[{ type: "function", function: { name: "b" } }, { type: "function", name: "b" }, { type: "function", function: null, name: "b" }].map((choice) => [choice, named] as const),
    [{ type: "allowed_tools", allowed_tools: { mode: "auto", tools: [sent("b")] } }, { tools: [tool("b")], toolChoice: { type: "auto" } }],
    [{ type: "allowed_tools", allowed_tools: { mode: "required", tools: [sent("b")] } }, { tools: [tool("b")], toolChoice: { type: "any" } }],
    [{ type: "allowed_tools", allowed_tools: { tools: [sent("b"), sent("a"), sent("b")] } }, { tools: both, toolChoice: { type: "auto" } }],
    [{ type: "allowed_tools", mode: "required", tools: [{ type: "function", name: "a" }] }, { tools: [tool("a")], toolChoice: { type: "any" } }],
  ];
  for (const [choice, expected] of cases) {
    it(`${JSON.stringify(choice)} is honoured`, () => assert.deepEqual(parse({ ...twoTools, tool_choice: choice }), { ...expected, disableParallelToolUse: false, isLegacy: false }));
  }

  const refused: readonly (readonly [unknown, ErrorCode, string])[] = [
    ["always", "invalid_value", "tool_choice"],
    ["", "invalid_value", "tool_choice"],
    [7, "invalid_type", "tool_choice"],
    [[], "invalid_type", "tool_choice"],
    [{}, "invalid_value", "tool_choice.type"],
    [{ type: "tool" }, "invalid_type", "tool_choice.name"],
    [{ type: "custom", custom: { name: "a" } }, "invalid_value", "tool_choice.type"],
    [{ type: "function" }, "invalid_type", "tool_choice.function.name"],
    [{ type: "function", function: "a" }, "invalid_type", "tool_choice.function"],
    [{ type: "function", function: {} }, "invalid_type", "tool_choice.function.name"],
    [{ type: "function", function: { name: "c" } }, "invalid_value", "tool_choice"],
    [{ type: "allowed_tools" }, "invalid_type", "tool_choice.allowed_tools.tools"],
    [{ type: "allowed_tools", allowed_tools: [] }, "invalid_type", "tool_choice.allowed_tools"],
    [{ type: "allowed_tools", allowed_tools: { mode: "none", tools: [sent("a")] } }, "invalid_value", "tool_choice.allowed_tools.mode"],
    [{ type: "allowed_tools", allowed_tools: { tools: [] } }, "invalid_value", "tool_choice.allowed_tools.tools"],
    [{ type: "allowed_tools", allowed_tools: { tools: Array.from({ length: 1_001 }, () => sent("a")) } }, "invalid_value", "tool_choice.allowed_tools.tools"],
    [{ type: "allowed_tools", allowed_tools: { tools: ["a"] } }, "invalid_type", "tool_choice.allowed_tools.tools[0]"],
    [{ type: "allowed_tools", allowed_tools: { tools: [sent("a"), {}] } }, "invalid_type", "tool_choice.allowed_tools.tools[1].function.name"],
    [{ type: "allowed_tools", allowed_tools: { tools: [sent("a"), sent("c")] } }, "invalid_value", "tool_choice"],
  ];
  for (const [choice, kind, param] of refused) {
    it(`${JSON.stringify(choice).slice(0, 80)} is refused`, () => {
      assertRefuses(refusal({ ...twoTools, tool_choice: choice }), kind, param);
    });
  }

  for (const choice of ["required", "any", { type: "function", function: { name: "a" } }]) {
    it(`${JSON.stringify(choice)} without tools is refused, with and without earlier calls`, () => {
      for (const tools of [undefined, null, []]) {
        for (const messages of [[asked], called("a")]) {
          const { code, field: param, message } = refusal({ tools, tool_choice: choice }, messages);
          assert.deepEqual([code, param], ["invalid_value", "tool_choice"]);
          assert.match(message, /there are no tools to call\.$/u);
        }
      }
    });
  }

  it("without tools changes nothing when it asks for none", () => {
    for (const choice of ["auto", "none", { type: "auto" }]) assert.deepEqual(parse({ tool_choice: choice }), parse({}));
  });
});

describe("a history with calls", () => {
  const gone = (name: string): Tool => tool(name, { description: "Not available any more." });

  it("keeps its tools where no call is wanted, and calls are forbidden", () => {
    assert.deepEqual(parse({ ...twoTools, tool_choice: "none" }, called("a")), { tools: [tool("a"), tool("b")], toolChoice: { type: "none" }, disableParallelToolUse: false, isLegacy: false });
  });

  it("gets stand-ins for tools that the client does not send any more, each once", () => {
    for (const fields of [{}, { tools: [] }, { tool_choice: "none" }, { tool_choice: "auto" }, { functions: [] }]) {
      assert.deepEqual(parse(fields, [...called("b", "a"), ...called("b")]), { tools: [gone("b"), gone("a")], toolChoice: { type: "none" }, disableParallelToolUse: false, isLegacy: false });
    }
  });

  it("changes nothing for tools that are there", () => {
    for (const tool_choice of [undefined, "auto", "required", { type: "function", function: { name: "b" } }]) {
      assert.deepEqual(parse({ ...twoTools, tool_choice }, called("a", "unknown")), parse({ ...twoTools, tool_choice }));
    }
  });
});

describe("one call an answer", () => {
  for (const [value, expected] of [[false, false], [true, true], [null, true], [undefined, true]] as const) {
    it(`${expected ? "is not asked for" : "is asked for"} by parallel_tool_calls: ${value}`, () => assert.equal(parse({ ...twoTools, parallel_tool_calls: value }).disableParallelToolUse, !expected));
  }

  it("is refused where it is neither yes nor no", () => assert.equal(refusal({ parallel_tool_calls: 0 }).field, "parallel_tool_calls"));
});

describe("the deprecated functions", () => {
  const functions = [{ name: "a", description: "D", parameters: { type: "object", properties: {} } }, { name: "b" }];
  const both = [tool("a", { description: "D" }), tool("b")];
  const legacy = { disableParallelToolUse: true, isLegacy: true };

  for (const [choice, expected] of [
    [undefined, { tools: both, toolChoice: { type: "auto" } }],
    [null, { tools: both, toolChoice: { type: "auto" } }],
    ["auto", { tools: both, toolChoice: { type: "auto" } }],
    ["none", { tools: both, toolChoice: { type: "none" } }],
    [{ name: "b" }, { tools: both, toolChoice: { type: "tool", name: "b" } }],
  ] as const) {
    it(`are tools, one call an answer; function_call ${JSON.stringify(choice)} is honoured`, () => {
      for (const tools of [undefined, null, []]) assert.deepEqual(parse({ functions, function_call: choice, tools }), { ...expected, ...legacy });
    });
  }

  it("with a history of calls keep them where none is wanted", () => {
    assert.deepEqual(parse({ functions, function_call: "none" }, called("a")), { tools: both, toolChoice: { type: "none" }, ...legacy });
  });

  it("may be chosen by the newer field, when the older is not there", () => assert.deepEqual(parse({ functions, tool_choice: "required" }), { tools: both, toolChoice: { type: "any" }, ...legacy }));

  it("are not looked at beside tools, nor is function_call", () => {
    assert.deepEqual(parse({ ...twoTools, functions: "x", function_call: "x" }), parse(twoTools));
  });

  for (const [choice, kind, param] of [
    ["required", "invalid_type", "function_call"],
    [7, "invalid_type", "function_call"],
    [{}, "invalid_type", "function_call.name"],
    [{ name: 7 }, "invalid_type", "function_call.name"],
    [{ name: "c" }, "invalid_value", "function_call"],
  ] as const) {
    it(`refuse function_call ${JSON.stringify(choice)}`, () => {
      const error = refusal({ functions, function_call: choice });
      assert.deepEqual([error.code, error.field], [kind, param]);
      assert.ok(error.message.startsWith(param), error.message);
    });
  }

  it("that are none cannot be called", () => {
    for (const fields of [{ function_call: { name: "a" } }, { functions: [], function_call: { name: "a" } }]) {
      const { code, field: param } = refusal(fields);
      assert.deepEqual([code, param], ["invalid_value", "function_call"]);
    }
  });
});

describe("a message of a refusal", () => {
  it("never holds what the client sent", () => {
    for (const fields of [{ tools: [sent("SECRET"), sent("SECRET", { description: "SECRET" })] }, { tools: [{ type: "SECRET" }] }, { ...twoTools, tool_choice: "SECRET" }, { ...twoTools, tool_choice: { type: "function", function: { name: "SECRET" } } }]) {
      assert.doesNotMatch(refusal(fields).message, /secret/iu);
    }
  });
});

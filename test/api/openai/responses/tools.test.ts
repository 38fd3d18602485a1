import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseResponsesRequest } from "../../../../src/api/openai/responses/request.ts";
import { StoredResponses } from "../../../../src/api/openai/responses/stored.ts";
import { parseTools, type ParsedTools } from "../../../../src/api/openai/responses/tools.ts";
import { ToolNames } from "../../../../src/api/tool-names.ts";
import { toolsMax } from "../../../../src/api/tool-list.ts";
import type { BridgeError, ErrorCode } from "../../../../src/errors.ts";
import type { Message } from "../../../../src/turn/message.ts";
import type { Tool } from "../../../../src/turn/turn.ts";
import { assertRefuses, refusalOf } from "../../../support/refusal.ts";
import { callsOf, resultsOf, user, withoutSources } from "../../../support/turns.ts";

type Fields = Readonly<Record<string, unknown>>;

const asked = user("hi");
const called = (...names: string[]): Message[] => [
  asked, callsOf(...names.map((name, index) => [`c${index}`, name] as const)), resultsOf(...names.map((_name, index) => [`c${index}`, "r"] as const)),
];

const anyObject = { type: "object", properties: {} };
const sent = (name: unknown, more: Fields = {}): Fields => ({ type: "function", name, ...more });
const custom = (name: unknown, more: Fields = {}): Fields => ({ type: "custom", name, ...more });
const tool = (name: string, more: Partial<Tool> = {}): Tool => ({ name, description: "", inputSchema: anyObject, ...more });
const freeText = (name: string, description = ""): Tool => tool(name, {
  description, inputSchema: { type: "object", properties: { input: { type: "string", description: "The tool's whole input, as plain text." } }, required: ["input"], additionalProperties: false },
});
const two = { tools: [sent("a"), custom("b")] };
const both = [tool("a"), freeText("b")];
const onlyB = new Set(["b"]);
const parse = (fields: Fields, messages: readonly Message[] = [asked], names = new ToolNames()): ParsedTools => withoutSources(parseTools(fields, [], messages, names));

const refusal = (fields: Fields, messages?: readonly Message[]): BridgeError => refusalOf(() => parse(fields, messages));

function refuses([fields, kind, param]: readonly [Fields, ErrorCode, string]): void {
  assertRefuses(refusal(fields), kind, param);
}

describe("a tool", () => {
  const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
  const grammar = { type: "grammar", syntax: "lark", definition: 'start: "x"' };
  const inWords = 'The input must match this lark grammar:\nstart: "x"';

  for (const [what, entry, expected] of [
    ["of a name alone", sent("f"), tool("f")],
    ["with all that OpenAI knows", sent("f", { description: "D", parameters, strict: true, defer_loading: false }), tool("f", { description: "D", inputSchema: parameters, strictSchema: parameters })],
    ["with null for what it has not", sent("f", { description: null, parameters: null, strict: null }), tool("f")],
    ["whose parameters are a union", sent("f", { parameters: { allOf: [{ properties: parameters.properties, required: ["city"] }] } }), tool("f", { inputSchema: { type: "object", properties: parameters.properties, required: ["city"] } })],
    ["whose name does not fit", sent("mcp.f"), tool("mcp_f")],
    ["nested as a chat's", { type: "function", function: { name: "f", description: "D", parameters } }, tool("f", { description: "D", inputSchema: parameters })],
    ["flat, with something nested too", sent("f", { function: { name: "g" } }), tool("f")],
    ["of free text", custom("f", { description: "D" }), freeText("f", "D")],
    ["of free text, said so", custom("f", { description: null, format: { type: "text" } }), freeText("f")],
    ["of free text, of no format", custom("f", { format: null }), freeText("f")],
    ["of free text, of a format without a type", custom("f", { format: {} }), freeText("f")],
    ["of a grammar", custom("f", { format: grammar }), freeText("f", inWords)],
    ["of a grammar, described", custom("f", { description: "D", format: grammar }), freeText("f", `D\n\n${inWords}`)],
    ["of a regular expression", custom("f", { format: { type: "grammar", syntax: "regex", definition: "^x$" } }), freeText("f", "The input must match this regex grammar:\n^x$")],
  ] as const) {
    it(`${what} is taken`, () => {
      const customTools = new Set(entry["type"] === "custom" ? ["f"] : []);
      assert.deepEqual(parse({ tools: [entry] }), { tools: [expected], toolChoice: { type: "auto" }, disableParallelToolUse: false, customTools });
    });
  }

  const passedOver = [
    "web_search", "web_search_preview", "web_search_2025_08_26", "file_search", "computer_use_preview", "code_interpreter", "image_generation", "mcp", "local_shell", "shell", "apply_patch", "tool_search",
    "something_new", "constructor",
  ];
  for (const type of passedOver) {
    it(`of the kind ${type} is passed over, whatever it holds`, () => {
      assert.deepEqual(parse({ tools: [{ type, name: "a", tools: 7, container: null }, ...two.tools, { type }] }), parse(two));
      assert.deepEqual(parse({ tools: [{ type }] }), parse({}));
    });
  }

  it("says what the client calls it, and where", () => {
    const within = { type: "namespace", name: "n", tools: [sent("a"), custom("b.c")] };
    const { tools } = parseTools({ tools: [{ type: "web_search" }, custom("b c"), within] }, [], [asked], new ToolNames());
    assert.deepEqual(tools.map(({ source }) => source), [
      { name: "b c", path: "tools[1]" }, { name: "a", path: "tools[2].tools[0]" }, { name: "b.c", path: "tools[2].tools[1]" },
    ]);
  });

  it("keeps its place among the others, and gets a name of its own", () => {
    const { tools, customTools } = parse({ tools: [sent("c"), custom("a.b"), sent("a_b"), custom("a b")] });
    assert.deepEqual(tools.map(({ name }) => name), ["c", "a_b", "a_b_2", "a_b_3"]);
    assert.deepEqual(customTools, new Set(["a_b", "a_b_3"]));
  });

  it("has the same name as in the history, and as in the choice", () => {
    const input = [{ role: "user", content: "hi" }, { type: "custom_tool_call", call_id: "1", name: "a.b", input: "p" }, { type: "custom_tool_call_output", call_id: "1", output: "r" }];
    const { turn, customTools } = parseResponsesRequest({ input, tools: [sent("a_b"), custom("a.b")], tool_choice: { type: "custom", name: "a.b" } }, "m", new StoredResponses());
    const use = turn.messages[1]?.content[0];
    assert.deepEqual([use?.type === "tool_use" && use.name, turn.toolChoice, turn.tools.map(({ name }) => name), customTools], ["a_b", { type: "tool", name: "a_b" }, ["a_b_2", "a_b"], new Set(["a_b"])]);
  });

  it("of a namespace gets a name of its own, and none of another kind is served there", () => {
    const inside = [sent("add"), custom("run"), { type: "web_search" }, { type: "namespace", name: "deeper", tools: [sent("add")] }];
    const { tools, customTools } = parse({ tools: [sent("calc_add"), { type: "namespace", name: "calc", description: "Counts.", tools: inside }, { type: "namespace", name: "other", tools: [sent("add")] }, sent("add")] });
    assert.deepEqual(tools.map(({ name }) => name), ["calc_add", "calc_add_2", "calc_run", "other_add", "add"]);
    assert.deepEqual(customTools, new Set(["calc_run"]));
    for (const [entry, kind, param] of [
      [{ type: "namespace", tools: [] }, "invalid_type", "tools[0].name"], [{ type: "namespace", name: "n" }, "invalid_type", "tools[0].tools"],
      [{ type: "namespace", name: "n", tools: [sent("a"), sent("a", { description: "other" })] }, "invalid_value", "tools[0]"], [{ type: "namespace", name: "n", tools: [sent("")] }, "invalid_value", "tools[0].tools[0].name"],
      [sent("a\0b"), "invalid_value", "tools[0].name"], [{ type: "namespace", name: "a\0b", tools: [] }, "invalid_value", "tools[0].name"],
      [{ type: "namespace", name: "", tools: [] }, "invalid_value", "tools[0].name"],
    ] as const) refuses([{ tools: [entry] }, kind, param]);
    refuses([{ tools: [{ type: "namespace", name: "n", tools: Array.from({ length: toolsMax }, (_, index) => sent(`f${index}`)) }, sent("one more")] }, "invalid_value", "tools"]);
  });

  it("of a namespace has the same name in the history and in the choice, and is another than one of no namespace", () => {
    const input = [{ role: "user", content: "hi" }, { type: "function_call", call_id: "1", namespace: "calc", name: "add", arguments: "{}" }, { type: "function_call_output", call_id: "1", output: "r" }];
    const tools = [sent("add"), { type: "namespace", name: "calc", tools: [sent("add")] }];
    const { turn } = parseResponsesRequest({ input, tools, tool_choice: { type: "function", namespace: "calc", name: "add" } }, "m", new StoredResponses());
    const use = turn.messages[1]?.content[0];
    assert.deepEqual([use?.type === "tool_use" && use.name, turn.toolChoice, turn.tools.map(({ name }) => name)], ["calc_add", { type: "tool", name: "calc_add" }, ["add", "calc_add"]]);
  });

  it("may stand among the items, there also again", () => {
    const more = (...tools: unknown[]): object => ({ type: "additional_tools", role: "developer", tools });
    const { turn } = parseResponsesRequest({ input: [more(sent("b")), { role: "user", content: "hi" }, more(sent("b"), sent("c", { description: "Now." }))], tools: [sent("a")] }, "m", new StoredResponses());
    assert.deepEqual(turn.tools.map(({ name, description }) => [name, description]), [["a", ""], ["b", ""], ["c", "Now."]]);
    assert.deepEqual(turn.messages, [asked]);
    const replaced = parseResponsesRequest({ input: [more(custom("b")), { role: "user", content: "hi" }, more(sent("b"))] }, "m", new StoredResponses());
    assert.deepEqual([replaced.turn.tools.map(({ name }) => name), replaced.customTools], [["b"], new Set()]);
    assertRefuses(refusalOf(() => parseResponsesRequest({ input: [{ role: "user", content: "hi" }, more(7)] }, "m", new StoredResponses())), "invalid_type", "input[1].tools[0]");
    const many = Array.from({ length: 2 }, (_, list) => more(...Array.from({ length: toolsMax - 1 }, (_, index) => sent(`f${list}_${index}`))));
    assertRefuses(refusalOf(() => parseResponsesRequest({ input: [...many, { role: "user", content: "hi" }] }, "m", new StoredResponses())), "invalid_value", "tools");
  });

  it("that searches the client's other tools is served where the client runs it, and those that it found can be called", () => {
    const search = { type: "tool_search", execution: "client", description: "Finds tools.", parameters: { type: "object", properties: { query: { type: "string" } } } };
    const served = tool("tool_search", { description: "Finds tools.", inputSchema: search.parameters });
    assert.deepEqual(parse({ tools: [search] }), { tools: [served], toolChoice: { type: "auto" }, disableParallelToolUse: false, customTools: new Set(), searchTool: "tool_search" });
    const found = { type: "tool_search_output", call_id: "s1", execution: "client", tools: [sent("b"), { type: "namespace", name: "n", tools: [custom("c")] }] };
    const input = [{ role: "user", content: "hi" }, { type: "tool_search_call", call_id: "s1", execution: "client", arguments: { query: "q" } }, found];
    const { turn, searchTool, customTools } = parseResponsesRequest({ input, tools: [search] }, "m", new StoredResponses());
    assert.deepEqual([turn.tools.map(({ name }) => name), searchTool, customTools], [["tool_search", "b", "n_c"], "tool_search", new Set(["n_c"])]);
    assert.deepEqual(turn.messages.slice(1), [callsOf(["s1", "tool_search", { query: "q" }]), resultsOf(["s1", [{ type: "text", text: JSON.stringify(found.tools) }]])]);
    for (const execution of [undefined, null, "server"]) assert.deepEqual(parse({ tools: [{ ...search, execution }] }), parse({}));
  });

  it("may be one of a thousand, and of no more", () => {
    const many = Array.from({ length: toolsMax }, (_, index) => sent(`f${index}`));
    assert.equal(parse({ tools: many }).tools.length, 1_000);
    refuses([{ tools: [...many, { type: "web_search" }] }, "invalid_value", "tools"]);
  });
});

describe("a list of tools that cannot be honoured is refused by its place", () => {
  const cases: readonly (readonly [Fields, ErrorCode, string])[] = [
    [{ tools: {} }, "invalid_type", "tools"],
    [{ tools: "f" }, "invalid_type", "tools"],
    [{ tools: ["f"] }, "invalid_type", "tools[0]"],
    [{ tools: [null] }, "invalid_type", "tools[0]"],
    [{ tools: [{}] }, "invalid_type", "tools[0].type"],
    [{ tools: [sent("f"), { description: "g" }] }, "invalid_type", "tools[1].type"],
    [{ tools: [{ type: 7 }] }, "invalid_type", "tools[0].type"],
    [{ tools: [sent(undefined)] }, "invalid_type", "tools[0].name"],
    [{ tools: [sent(7)] }, "invalid_type", "tools[0].name"],
    [{ tools: [sent("")] }, "invalid_value", "tools[0].name"],
    [{ tools: [sent("x".repeat(513))] }, "invalid_value", "tools[0].name"],
    [{ tools: [sent("f", { description: 7 })] }, "invalid_type", "tools[0].description"],
    [{ tools: [sent("f", { parameters: "x" })] }, "invalid_type", "tools[0].parameters"],
    [{ tools: [sent("f", { parameters: { type: "string" } })] }, "invalid_value", "tools[0].parameters.type"],
    [{ tools: [{ type: "function", function: "f" }] }, "invalid_type", "tools[0].function"],
    [{ tools: [{ type: "function", function: {} }] }, "invalid_type", "tools[0].function.name"],
    [{ tools: [{ type: "function", function: { name: "f", parameters: ["x"] } }] }, "invalid_type", "tools[0].function.parameters"],
    [{ tools: [custom(undefined)] }, "invalid_type", "tools[0].name"],
    [{ tools: [{ type: "custom", custom: { name: "f" } }] }, "invalid_type", "tools[0].name"],
    [{ tools: [custom("f", { description: {} })] }, "invalid_type", "tools[0].description"],
    [{ tools: [custom("f", { format: "text" })] }, "invalid_type", "tools[0].format"],
    [{ tools: [custom("f", { format: { type: "json" } })] }, "unsupported_parameter", "tools[0].format.type"],
    [{ tools: [custom("f", { format: { type: "grammar", definition: "x" } })] }, "invalid_type", "tools[0].format.syntax"],
    [{ tools: [custom("f", { format: { type: "grammar", syntax: "lark" } })] }, "invalid_type", "tools[0].format.definition"],
    [{ tools: [sent("f"), { type: "web_search" }, sent("f", { description: "other" })] }, "invalid_value", "tools[2]"],
    [{ tools: [sent("f"), custom("f")] }, "invalid_value", "tools[1]"],
  ];
  for (const entry of cases) it(JSON.stringify(entry[0]).slice(0, 80), () => refuses(entry));
});

describe("a choice of tools", () => {
  const allowed = (tools: unknown, mode?: unknown): Fields => ({ type: "allowed_tools", ...(mode === undefined ? {} : { mode }), tools });
  const cases: readonly (readonly [unknown, Pick<ParsedTools, "toolChoice" | "tools">])[] = [
    ...[undefined, null, "auto", { type: "auto" }].map((choice) => [choice, { tools: both, toolChoice: { type: "auto" } }] as const),
    ...["required", "any", { type: "required" }].map((choice) => [choice, { tools: both, toolChoice: { type: "any" } }] as const),
    ...["none", { type: "none" }].map((choice) => [choice, { tools: both, toolChoice: { type: "none" } }] as const),
    ...[{ type: "function", name: "a" }, { type: "function", function: { name: "a" } }].map((choice) => [choice, { tools: both, toolChoice: { type: "tool", name: "a" } }] as const),
    [{ type: "custom", name: "b" }, { tools: both, toolChoice: { type: "tool", name: "b" } }],
    [allowed([{ type: "function", name: "a" }], "auto"), { tools: [tool("a")], toolChoice: { type: "auto" } }],
    [allowed([{ type: "custom", name: "b" }], "required"), { tools: [freeText("b")], toolChoice: { type: "any" } }],
    [allowed([{ type: "custom", name: "b" }, { type: "function", name: "a" }]), { tools: both, toolChoice: { type: "auto" } }],
    [{ type: "allowed_tools", allowed_tools: { mode: "required", tools: [{ type: "function", function: { name: "a" } }] } }, { tools: [tool("a")], toolChoice: { type: "any" } }],
    // OpenAI's own example; such tools are passed over here as they are among the tools.
    [allowed([{ type: "function", name: "a" }, { type: "mcp", server_label: "deepwiki" }, { type: "image_generation" }], "auto"), { tools: [tool("a")], toolChoice: { type: "auto" } }],
    [allowed([{ type: "web_search" }], "auto"), { tools: both, toolChoice: { type: "none" } }],
  ];
  for (const [choice, expected] of cases) {
    it(`${JSON.stringify(choice)} is honoured`, () => assert.deepEqual(parse({ ...two, tool_choice: choice }), { ...expected, disableParallelToolUse: false, customTools: onlyB }));
  }

  const refused: readonly (readonly [unknown, ErrorCode, string])[] = [
    ["always", "invalid_value", "tool_choice"],
    ["", "invalid_value", "tool_choice"],
    [7, "invalid_type", "tool_choice"],
    [[], "invalid_type", "tool_choice"],
    [{}, "invalid_value", "tool_choice.type"],
    ...["file_search", "image_generation", "mcp", "shell", "apply_patch"].map((type) => [{ type, name: "a" }, "invalid_value", "tool_choice.type"] as const),
    [{ type: "function" }, "invalid_type", "tool_choice.name"],
    [{ type: "custom", name: 7 }, "invalid_type", "tool_choice.name"],
    [{ type: "function", function: "a" }, "invalid_type", "tool_choice.function"],
    [{ type: "function", function: {} }, "invalid_type", "tool_choice.function.name"],
    [{ type: "function", name: "c" }, "invalid_value", "tool_choice"],
    [{ type: "allowed_tools" }, "invalid_type", "tool_choice.tools"],
    [allowed({}), "invalid_type", "tool_choice.tools"],
    [allowed([]), "invalid_value", "tool_choice.tools"],
    [allowed([{ type: "function", name: "a" }], "none"), "invalid_value", "tool_choice.mode"],
    [allowed(Array.from({ length: 1_001 }, () => sent("a"))), "invalid_value", "tool_choice.tools"],
    [allowed(["a"]), "invalid_type", "tool_choice.tools[0]"],
    [allowed([sent("a"), { type: "function" }]), "invalid_type", "tool_choice.tools[1].name"],
    [allowed([sent("a"), sent("c")]), "invalid_value", "tool_choice"],
    [allowed([{ type: "web_search" }], "required"), "invalid_value", "tool_choice.tools"],
    [{ type: "allowed_tools", allowed_tools: { tools: [{ type: "function", function: {} }] } }, "invalid_type", "tool_choice.allowed_tools.tools[0].function.name"],
  ];
  for (const [choice, kind, param] of refused) {
    it(`${JSON.stringify(choice).slice(0, 80)} is refused`, () => refuses([{ ...two, tool_choice: choice }, kind, param]));
  }

  for (const choice of ["required", { type: "function", name: "a" }, { type: "custom", name: "b" }]) {
    it(`${JSON.stringify(choice)} without tools that are taken is refused, with and without earlier calls`, () => {
      for (const tools of [undefined, null, [], [{ type: "web_search" }]]) {
        for (const messages of [[asked], called("a")]) {
          const { code, field: param, message } = refusal({ tools, tool_choice: choice }, messages);
          assert.deepEqual([code, param], ["invalid_value", "tool_choice"]);
          assert.match(message, /there are no tools/u);
        }
      }
    });
  }
});

describe("a history with calls", () => {
  it("keeps its tools where no call is wanted, and calls are forbidden", () => {
    for (const choice of ["none", { type: "allowed_tools", mode: "auto", tools: [{ type: "web_search" }] }]) {
      assert.deepEqual(parse({ ...two, tool_choice: choice }, called("a")), { tools: both, toolChoice: { type: "none" }, disableParallelToolUse: false, customTools: onlyB });
    }
  });

  it("gets stand-ins for tools that the client does not send any more", () => {
    const gone = tool("b", { description: "Not available any more." });
    for (const fields of [{}, { tools: [] }, { tools: [{ type: "web_search" }] }]) {
      assert.deepEqual(parse(fields, called("b")), { tools: [gone], toolChoice: { type: "none" }, disableParallelToolUse: false, customTools: new Set() });
    }
  });
});

describe("one call an answer", () => {
  for (const [value, expected] of [[false, false], [true, true], [null, true], [undefined, true]] as const) {
    it(`${expected ? "is not asked for" : "is asked for"} by parallel_tool_calls: ${value}`, () => assert.equal(parse({ ...two, parallel_tool_calls: value }).disableParallelToolUse, !expected));
  }

  it("is refused where it is neither yes nor no", () => refuses([{ parallel_tool_calls: 0 }, "invalid_type", "parallel_tool_calls"]));
});

describe("a message of a refusal", () => {
  it("never holds what the client sent", () => {
    for (const fields of [{ tools: [sent("SECRET"), sent("SECRET", { description: "SECRET" })] }, { tools: [custom("f", { format: { type: "SECRET" } })] }, { ...two, tool_choice: "SECRET" }, { ...two, tool_choice: { type: "function", name: "SECRET" } }]) {
      assert.doesNotMatch(refusal(fields).message, /secret/iu);
    }
  });
});

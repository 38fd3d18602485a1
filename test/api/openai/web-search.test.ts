import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseChatRequest } from "../../../src/api/openai/chat-completions/request.ts";
import { Citations } from "../../../src/api/openai/citations.ts";
import { parseResponsesRequest } from "../../../src/api/openai/responses/request.ts";
import { searchItem, WebSearches } from "../../../src/api/openai/responses/web-searches.ts";
import { StoredResponses } from "../../../src/api/openai/responses/stored.ts";
import { searchBlocks } from "../../../src/api/openai/web-search.ts";
import { parametersOf } from "../../../src/claude/parameters.ts";
import { decodeWireText, wireText } from "../../../src/json-text.ts";
import type { TurnEvent } from "../../../src/turn/event.ts";
import type { Turn } from "../../../src/turn/turn.ts";
import { assertRefuses, refusalOf } from "../../support/refusal.ts";
import { blockStop, inputJson, text } from "../../support/turn-events.ts";

type Asked = Pick<Turn, "webSearch" | "tools" | "toolChoice" | "messages">;
const chat = (more: object): Asked => parseChatRequest({ messages: [{ role: "user", content: "hi" }], ...more }, "m", true).turn;
const response = (more: object, isAllowed = true): Asked => parseResponsesRequest({ input: "hi", ...more }, "m", new StoredResponses(), isAllowed).turn;

describe("a search of the web that a request asks for", () => {
  it("is what chat's options say, and where the user is", () => {
    assert.deepEqual(chat({ web_search_options: {} }).webSearch, {});
    assert.deepEqual(chat({ web_search_options: { search_context_size: "high", user_location: null } }).webSearch, {});
    const approximate = { city: "Bern", region: "", country: null, timezone: "Europe/Zurich" };
    assert.deepEqual(chat({ web_search_options: { user_location: { type: "approximate", approximate } } }).webSearch, { userLocation: { city: "Bern", timezone: "Europe/Zurich" } });
    assert.equal(chat({}).webSearch, undefined);
  });

  for (const type of ["web_search", "web_search_preview", "web_search_2025_08_26", "web_search_preview_2025_03_11"]) {
    it(`is the tool ${type} of a request for a response`, () => {
      assert.deepEqual(response({ tools: [{ type }] }).webSearch, {});
      const bounded = { tools: [{ type: "file_search" }, { type, filters: { allowed_domains: ["a.com"] }, user_location: { type: "approximate", country: "CH" } }], max_tool_calls: 3 };
      assert.deepEqual(response(bounded).webSearch, { allowedDomains: ["a.com"], userLocation: { country: "CH" }, maxUses: 3 });
      assert.equal(response({ tools: [{ type }] }, false).webSearch, undefined);
      assertRefuses(refusalOf(() => response({ tools: [{ type }], max_tool_calls: 0 })), "invalid_value", "max_tool_calls");
    });
  }

  it("is what max_tool_calls bounds: without a search the number is ignored", () => assert.equal(response({ tools: [{ type: "function", name: "f" }], max_tool_calls: 0 }).webSearch, undefined));

  it("is none where no tool may be called, or the answer has a form", () => {
    const asked = { web_search_options: {}, tools: [{ type: "function", function: { name: "f" } }] };
    assert.equal(chat({ ...asked, tool_choice: "none" }).webSearch, undefined);
    assert.equal(chat({ ...asked, response_format: { type: "json_object" } }).webSearch, undefined);
    assert.deepEqual(chat({ ...asked, tool_choice: "required" }).webSearch, {});
  });

  const called = { role: "assistant", tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }] };
  const history = [{ role: "user", content: "hi" }, called, { role: "tool", tool_call_id: "c", content: "done" }];
  const choose = (...tools: readonly object[]): object => ({ type: "allowed_tools", mode: "auto", tools });
  const [functionTool, search] = [{ type: "function", name: "f" }, { type: "web_search" }];

  it("is none however a request for a chat says that no tool may be called", () => {
    for (const none of [{ tool_choice: "none" }, { tool_choice: { type: "none" } }, { function_call: "none" }]) {
      for (const more of [{}, { functions: [{ name: "f" }] }]) assert.equal(chat({ web_search_options: {}, ...more, ...none }).webSearch, undefined);
    }
    assert.deepEqual(chat({ web_search_options: {}, tools: [{ type: "function", function: { name: "f" } }], tool_choice: { type: "allowed_tools", allowed_tools: { mode: "auto", tools: [{ type: "function", function: { name: "f" } }] } } }).webSearch, {});
  });

  it("is one of the tools that a request for a response may choose from", () => {
    const tools = [functionTool, search];
    const toldOf = ({ webSearch, tools: shown, toolChoice }: Asked): object => ({ webSearch, tools: shown.map(({ name }) => name), toolChoice: toolChoice.type });
    assert.deepEqual(toldOf(response({ tools, tool_choice: choose(search) })), { webSearch: {}, tools: [], toolChoice: "auto" });
    assert.deepEqual(toldOf(response({ tools, tool_choice: choose(search, functionTool) })), { webSearch: {}, tools: ["f"], toolChoice: "auto" });
    assert.deepEqual(toldOf(response({ tools, tool_choice: choose(functionTool) })), { webSearch: undefined, tools: ["f"], toolChoice: "auto" });
    for (const tool_choice of ["none", { type: "none" }]) assert.deepEqual(toldOf(response({ tools, tool_choice })), { webSearch: undefined, tools: ["f"], toolChoice: "none" });
    assert.deepEqual(toldOf(response({ tools, tool_choice: choose(search) }, false)), { webSearch: undefined, tools: ["f"], toolChoice: "none" });
  });

  const searched = { type: "tool", name: "web_search" };
  for (const type of ["web_search", "web_search_preview", "web_search_2025_08_26", "web_search_preview_2025_03_11"]) {
    it(`may be demanded by ${type}, beside the client's tools and alone`, () => {
      for (const tool_choice of [{ type }, type]) {
        for (const tools of [[search], [functionTool, search]]) {
          const { webSearch, tools: shown, toolChoice } = response({ tools, tool_choice });
          assert.deepEqual([webSearch, shown.length, toolChoice], [{}, tools.length - 1, searched]);
        }
        assert.deepEqual(chat({ web_search_options: {}, tool_choice }).toolChoice, searched);
      }
    });
  }

  it("is what must be called where there is nothing else to call", () => {
    const mustSearch = { ...choose(search), mode: "required" };
    for (const made of [response({ tools: [search], tool_choice: "required" }), response({ tools: [functionTool, search], tool_choice: mustSearch }), chat({ web_search_options: {}, tool_choice: "required" })]) {
      assert.deepEqual([made.webSearch, made.tools, made.toolChoice], [{}, [], searched]);
      assert.deepEqual(parametersOf(made)["tool_choice"], searched);
    }
    assert.deepEqual(response({ tools: [functionTool, search], tool_choice: "required" }).toolChoice, { type: "any" });
    const gone = chat({ messages: history, web_search_options: {}, tool_choice: "required" });
    assert.deepEqual([gone.tools.map(({ name }) => name), gone.toolChoice], [["f"], searched], "not a call of a tool that is gone");
  });

  it("cannot be demanded where the turn has none: the refusal says what is missing", () => {
    const tools = [functionTool, search];
    const tool_choice = { type: "web_search_preview" };
    for (const refused of [
      () => response({ tools, tool_choice }, false), () => response({ tools: [functionTool], tool_choice }), () => response({ tools, tool_choice, text: { format: { type: "json_object" } } }),
      () => chat({ tool_choice }), () => chat({ web_search_options: {}, tool_choice, response_format: { type: "json_object" } }),
    ]) {
      const refusal = refusalOf(refused);
      assertRefuses(refusal, "unsupported_parameter", "tool_choice.type");
      assert.match(refusal.message, /--allow-web-search, in a request that has the search, and where the answer need not be JSON/u);
    }
    assertRefuses(refusalOf(() => response({ tools, tool_choice: { ...choose(search), mode: "required" } }, false)), "invalid_value", "tool_choice.tools");
    assertRefuses(refusalOf(() => response({ tools, tool_choice: { type: "file_search" } })), "invalid_value", "tool_choice.type");
  });

  it("goes on over calls of tools that are not sent any more, and forbids these alone", () => {
    const [asked, without] = [{ web_search_options: {} }, {}].map((more) => chat({ messages: history, ...more }));
    assert.deepEqual([asked?.toolChoice, asked?.webSearch], [{ type: "none" }, {}]);
    assert.deepEqual(parametersOf(asked ?? assert.fail())["tool_choice"], undefined);
    assert.deepEqual(parametersOf(without ?? assert.fail())["tool_choice"], { type: "none" });
  });

  it("is told of earlier, stored ones only where this turn has it", () => {
    const call = { type: "server_tool_use", id: "s1", name: "web_search", input: {} };
    const input = [{ type: "web_search_call", id: "ws_1", blocks: [call, { type: "web_search_tool_result", tool_use_id: "s1", content: [] }] }];
    const typesOf = (more: object): readonly string[] => response({ input: [{ role: "user", content: "hi" }, ...input, { role: "user", content: "and?" }], tools: [search], ...more })
      .messages.flatMap(({ content }) => content.map(({ type }) => type));
    assert.deepEqual(typesOf({}), ["text", "server_tool_use", "web_search_tool_result", "text"]);
    for (const more of [{ tool_choice: "none" }, { text: { format: { type: "json_object" } } }]) assert.deepEqual(typesOf(more), ["text", "text"]);
  });

  it("has its name for itself", () => {
    const named = { tools: [{ type: "function", function: { name: "web_search" } }] };
    assert.deepEqual(chat(named).tools.map(({ name }) => name), ["web_search"]);
    assert.deepEqual(chat({ ...named, web_search_options: {} }).tools.map(({ name }) => name), ["web_search_2"]);
  });

  it("is refused by its field where it is malformed or too long", () => {
    assertRefuses(refusalOf(() => chat({ web_search_options: true })), "invalid_type", "web_search_options");
    assertRefuses(refusalOf(() => chat({ web_search_options: { user_location: { approximate: { city: 1 } } } })), "invalid_type", "web_search_options.user_location.approximate.city");
    assertRefuses(refusalOf(() => response({ tools: [{ type: "web_search", filters: { allowed_domains: [1] } }] })), "invalid_type", "tools[0].filters.allowed_domains[0]");
    for (const name of ["city", "region", "country", "timezone"]) {
      const located = (chars: number) => chat({ web_search_options: { user_location: { approximate: { [name]: "x".repeat(chars) } } } });
      assert.equal(located(100).webSearch?.userLocation?.[name]?.length, 100);
      assertRefuses(refusalOf(() => located(101)), "invalid_value", `web_search_options.user_location.approximate.${name}`);
    }
    const filtered = (count: number, chars: number) => response({ tools: [{ type: "web_search", filters: { allowed_domains: Array.from({ length: count }, () => "x".repeat(chars)) } }] });
    assert.equal(filtered(100, 253).webSearch?.allowedDomains?.length, 100);
    assertRefuses(refusalOf(() => filtered(101, 1)), "invalid_value", "tools[0].filters.allowed_domains");
    assertRefuses(refusalOf(() => filtered(1, 254)), "invalid_value", "tools[0].filters.allowed_domains[0]");
  });
});

describe("the sources of an answer's words", () => {
  const begin = (index: number): TurnEvent => ({ type: "block_start", index, block: { type: "text" } });
  const cite = (url: unknown, title: unknown): TurnEvent => ({ type: "citation", index: 0, citation: { url, title } });

  it("are told at the end of their block, counted in characters, each page once", () => {
    const events = [begin(0), text("😀é"), blockStop(0), begin(1), cite("u", "U"), cite("u", "U"), cite("v", null), text("a"), text("b"), blockStop(1), begin(2), text("c"), blockStop(2)];
    const citations = new Citations();
    const place = { start_index: 2, end_index: 4 };
    assert.deepEqual(events.flatMap((event) => citations.take(event)), [{ ...place, title: "U", url: "u" }, { ...place, title: "", url: "v" }]);
  });

  it("are none of what is no page, and are counted anew in another message", () => {
    const citations = new Citations();
    for (const event of [begin(0), text("abc"), cite(undefined, "a document"), blockStop(0)]) assert.deepEqual(citations.take(event), []);
    citations.restart();
    assert.deepEqual([cite("u", "U"), text("d"), blockStop(1)].flatMap((event) => citations.take(event)), [{ start_index: 0, end_index: 1, title: "U", url: "u" }]);
  });
});

describe("a search as an output item", () => {
  const call = { type: "server_tool_use", id: "s1", name: "web_search", input: {} } as const;
  const started = (block: Extract<TurnEvent, { type: "block_start" }>["block"], index: number): TurnEvent => ({ type: "block_start", index, block });
  const madeOf = (content: unknown): any => {
    const searches = new WebSearches();
    const events = [started(call, 0), inputJson(0, '{"query":'), inputJson(0, '"é"}'), blockStop(0), started({ type: "web_search_tool_result", tool_use_id: "s1", content }, 1)];
    const [made] = events.flatMap((event) => searches.take(event) ?? []);
    const { item, stored } = searchItem(wireText`ws_1`, made ?? assert.fail());
    return { item: JSON.parse(decodeWireText(item)), stored: JSON.parse(decodeWireText(stored)) };
  };

  it("has its query, and is stored with the blocks that alone can be told again", () => {
    const { item, stored: { blocks, ...rest } } = madeOf([{ type: "web_search_result", url: "u" }]);
    assert.deepEqual(item, { id: "ws_1", type: "web_search_call", status: "completed", action: { type: "search", query: "é", queries: ["é"] } });
    assert.deepEqual(rest, item);
    assert.deepEqual(searchBlocks({ blocks }), [{ ...call, input: { query: "é" } }, { type: "web_search_tool_result", tool_use_id: "s1", content: [{ type: "web_search_result", url: "u" }] }]);
  });

  it("may have failed, and is nothing without its blocks", () => {
    assert.equal(madeOf({ type: "web_search_tool_result_error", error_code: "max_uses_exceeded" }).item.status, "failed");
    const result = { type: "web_search_tool_result", tool_use_id: "s1" };
    const { id: _id, ...unnamed } = call;
    const unlike = [{ ...call, name: "bash" }, { ...call, input: "é" }].map((other) => [other, result]);
    for (const blocks of [undefined, [], [call], [call, { ...result, tool_use_id: "other" }], ["x", "y"], [unnamed, { type: result.type }], ...unlike]) assert.deepEqual(searchBlocks({ blocks }), []);
  });
});

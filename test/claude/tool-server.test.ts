import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isObject, type JsonObject, parseLine } from "../../src/claude/protocol.ts";
import { callAnswer, descriptionCharsMax, serveTools } from "../../src/claude/tool-server.ts";
import { loadRecording, recordedVersions } from "../support/recordings.ts";
import { tool } from "../support/turns.ts";

function answerTo(message: JsonObject, tools = [tool("look")]): JsonObject {
  const step = serveTools({ jsonrpc: "2.0", ...message }, tools);
  assert.ok(step.kind === "answer", "it is answered at once");
  return step.response;
}

interface Listing { readonly name: string; readonly description: string; readonly inputSchema: { readonly description?: string }; readonly _meta: unknown }

function listed(description: string, inputSchema: JsonObject = { type: "object" }): Listing {
  const { result } = answerTo({ method: "tools/list", id: 1 }, [tool("look", { description, inputSchema })]) as { result: { tools: [Listing] } };
  return result.tools[0];
}

for (const version of recordedVersions) {
  describe(`the server of the client's tools, to ${version}`, () => {
    const messages = loadRecording(version, "tool-call").claudeLines.flatMap((line) => {
      const request = parseLine(line)?.["request"];
      return isObject(request) && isObject(request["message"]) ? [request["message"]] : [];
    });

    it("answers what was recorded: a greeting in the CLI's own version, the tools, and keeps the call", () => {
      assert.deepEqual(messages.map(({ method }) => method), ["initialize", "notifications/initialized", "tools/list", "tools/call"]);
      const [hello, done, list, call] = messages.map((message) => serveTools(message, [tool("get_weather")]));
      assert.deepEqual(hello, { kind: "answer", response: { jsonrpc: "2.0", id: 0, result: { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "client", version: "1" } } } });
      assert.deepEqual(done, { kind: "answer", response: { jsonrpc: "2.0", id: 0, result: {} } });
      assert.ok(list?.kind === "answer" && JSON.stringify(list.response).includes('"get_weather"'));
      assert.ok(call?.kind === "call");
      assert.match(call.call.toolUseId ?? "", /^toolu_/u);
      assert.equal(call.call.rpcId, 2);
    });
  });
}

describe("the server of the client's tools", () => {
  it("speaks a version of its own when the CLI names none", () => {
    for (const params of [undefined, {}, { protocolVersion: 1 }, []]) {
      assert.match(JSON.stringify(answerTo({ method: "initialize", id: 7, params })), /"id":7,"result":\{"protocolVersion":"\d{4}-\d\d-\d\d"/u);
    }
  });

  for (const method of ["notifications/initialized", "notifications/cancelled", "ping"]) {
    it(`answers ${method} with nothing`, () => {
      assert.deepEqual(answerTo({ method }), { jsonrpc: "2.0", id: 0, result: {} });
      assert.deepEqual(answerTo({ method, id: "a" }), { jsonrpc: "2.0", id: "a", result: {} });
    });
  }

  for (const method of ["resources/list", "prompts/list", "tools/list ", "", undefined, 1]) {
    it(`knows no method ${JSON.stringify(method)}`, () => {
      assert.deepEqual(answerTo({ method, id: 3 }), { jsonrpc: "2.0", id: 3, error: { code: -32_601, message: "method not found" } });
    });
  }

  it("lists every tool in its order, with its schema whole and room for a long result", () => {
    const inputSchema = { type: "object", properties: { city: { type: "string", description: "x".repeat(5_000) } }, required: ["city"], $defs: { a: {} } };
    const { result } = answerTo({ method: "tools/list", id: 1 }, [tool("b", { inputSchema }), tool("a", { description: "" })]) as { result: { tools: Listing[] } };
    assert.deepEqual(result.tools, [
      { name: "b", description: "Does b.", inputSchema, _meta: { "anthropic/maxResultSizeChars": 500_000 } },
      { name: "a", description: "", inputSchema: { type: "object", properties: {} }, _meta: { "anthropic/maxResultSizeChars": 500_000 } },
    ]);
    assert.deepEqual(answerTo({ method: "tools/list", id: 1 }, [])["result"], { tools: [] });
  });

  it("tells a call without an id of its own as one that nobody waits for", () => {
    for (const params of [undefined, {}, { _meta: {} }, { _meta: { "claudecode/toolUseId": 1 } }]) {
      assert.deepEqual(serveTools({ method: "tools/call", id: 9, params }, []), { kind: "call", call: { toolUseId: undefined, name: "", rpcId: 9 } });
    }
  });
});

describe("a description", () => {
  it("is whole up to its bound, and the schema is left alone", () => {
    for (const length of [0, 1, descriptionCharsMax]) {
      const { description, inputSchema } = listed("d".repeat(length));
      assert.deepEqual([description.length, inputSchema], [length, { type: "object" }]);
    }
    assert.equal(descriptionCharsMax, 2_000);
  });

  for (const length of [2_001, 2_047, 2_048, 12_000]) {
    it(`of ${length} characters goes on in the schema's, nothing lost`, () => {
      const whole = Array.from({ length }, (_, index) => String.fromCharCode(97 + (index % 26))).join("");
      const { description, inputSchema, _meta } = listed(whole, { type: "object", required: ["a"] });
      assert.equal(description.length, 2_000);
      assert.deepEqual(inputSchema, { type: "object", required: ["a"], description: whole.slice(2_000) });
      assert.ok(_meta !== undefined, "it has room for a long result too");
    });
  }

  it("that goes on leaves the schema's own behind it", () => {
    const { description, inputSchema } = listed(`${"a".repeat(2_000)}rest`, { type: "object", description: "The schema's own." });
    assert.deepEqual([description, inputSchema.description], ["a".repeat(2_000), "rest\n\nThe schema's own."]);
    assert.equal(listed("short", { type: "object", description: "The schema's own." }).inputSchema.description, "The schema's own.");
  });

  for (const [where, before, cut] of [["on", 1_999, 1_999], ["before", 1_998, 2_000], ["behind", 2_000, 2_000]] as const) {
    it(`is never cut within a character: one that stands ${where} the bound`, () => {
      const whole = `${"a".repeat(before)}😀b`;
      const { description, inputSchema } = listed(whole.padEnd(2_010, "c"));
      assert.equal(description.length, cut);
      for (const part of [description, inputSchema.description ?? ""]) assert.doesNotMatch(part, /\p{Surrogate}/u, "no half of a pair");
      assert.equal(description + inputSchema.description, whole.padEnd(2_010, "c"));
    });
  }
});

describe("the client's result", () => {
  const call = { toolUseId: "t1", name: "look", rpcId: 5 };

  it("is its text, as one or as blocks", () => {
    assert.deepEqual(callAnswer(call, { type: "tool_result", tool_use_id: "t1", content: "sunny" }), { jsonrpc: "2.0", id: 5, result: { content: [{ type: "text", text: "sunny" }] } });
    const content = [{ type: "text", text: "a" }, { type: "text", text: "b" }] as const;
    assert.deepEqual(callAnswer(call, { type: "tool_result", tool_use_id: "t1", content })["result"], { content });
  });

  it("is an error only when the client says so", () => {
    const result = (is_error?: boolean): unknown => callAnswer(call, { type: "tool_result", tool_use_id: "t1", content: "x", ...(is_error === undefined ? {} : { is_error }) })["result"];
    assert.deepEqual(result(true), { content: [{ type: "text", text: "x" }], isError: true });
    assert.deepEqual([result(false), result()], [{ content: [{ type: "text", text: "x" }] }, { content: [{ type: "text", text: "x" }] }]);
  });

  it("that is empty has no block: the API refuses an empty text", () => {
    assert.deepEqual(callAnswer(call, { type: "tool_result", tool_use_id: "t1", content: "" })["result"], { content: [] });
  });

  it("carries the id of its call, of whatever kind", () => {
    assert.equal(callAnswer({ toolUseId: "t1", name: "look", rpcId: "abc" }, { type: "tool_result", tool_use_id: "t1", content: "x" })["id"], "abc");
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LiveSettings } from "../../src/claude/live-settings.ts";
import { isThinkingOff, longParameterBytesMax, parametersOf, stopsHere, type ToldTurn } from "../../src/claude/parameters.ts";
import { tool, turnOf } from "../support/turns.ts";

const sampling = { temperature: 0.3, topP: 0.9, topK: 40 };
const told = (more: Partial<ToldTurn>): ToldTurn => ({ ...turnOf(), ...more });

describe("the API's parameters of a turn", () => {
  it("are its sampling where the model does not think, and none where it does", () => {
    const drawn = { temperature: 0.3, top_p: 0.9, top_k: 40 };
    assert.deepEqual(parametersOf(told({ sampling, thinking: { type: "disabled" } })), drawn);
    assert.deepEqual(parametersOf(told({ sampling, maxTokens: 1_024 })), drawn);
    for (const thinking of [undefined, { type: "adaptive" }, { type: "enabled", budgetTokens: 2_000 }] as const) {
      assert.deepEqual(parametersOf(told({ sampling, ...(thinking === undefined ? {} : { thinking }) })), {});
    }
    assert.deepEqual(parametersOf(told({ sampling: { temperature: 0 }, thinking: { type: "disabled" } })), { temperature: 0 });
  });

  it("are its stop sequences, but for white space, at which the server ends the answer", () => {
    const turn = told({ stopSequences: ["END", "\n\n", " x"] });
    assert.deepEqual([parametersOf(turn), stopsHere(turn)], [{ stop_sequences: ["END", " x"] }, ["\n\n"]]);
    for (const stop of ["\n", "\u001c", " \u0085", "\u00a0"]) {
      const white = told({ stopSequences: [stop] });
      assert.deepEqual([parametersOf(white), stopsHere(white)], [{}, [stop]]);
    }
  });

  it("are the format of its answer, beside which the CLI puts the effort", () => {
    const outputFormat = { type: "object", properties: {}, additionalProperties: false };
    assert.deepEqual(parametersOf(told({ outputFormat })), { output_config: { format: { type: "json_schema", schema: outputFormat } } });
    assert.deepEqual(parametersOf(told({ outputFormat, refusedParameters: new Set(["output_config"]) })), {});
  });

  it("are its tools whole, in the CLI's order, with the strict ones held to their schemas where the model takes that", () => {
    const strictSchema = { type: "object", properties: {}, additionalProperties: false };
    const tools = [tool("b", { strictSchema }), tool("A"), tool("a_b"), tool("a")];
    const shown = tools.map(({ name, description, inputSchema }) => ({ name, description, input_schema: inputSchema }));
    const [b, A, a_b, a] = shown;
    assert.deepEqual(parametersOf(told({ tools })), {});
    assert.deepEqual(parametersOf(told({ tools, tellsTools: true })), { tools: [a, A, a_b, { ...b, input_schema: strictSchema, strict: true }] });
    assert.deepEqual(parametersOf(told({ tools, tellsTools: true, refusedParameters: new Set(["tools.strict"]) })), { tools: [a, A, a_b, b] });
  });

  it("may be long, but under no policy, and on Windows less", () => {
    assert.deepEqual([longParameterBytesMax("linux", false), longParameterBytesMax("win32", false), longParameterBytesMax("darwin", true)], [100_000, 30_000, 0]);
  });

  it("are not those that the model has refused; then the server ends the answer at all stop sequences", () => {
    const turn = told({ sampling, thinking: { type: "disabled" }, stopSequences: ["END", "\n"], refusedParameters: new Set(["temperature", "stop_sequences"]) });
    assert.deepEqual([parametersOf(turn), stopsHere(turn)], [{ top_p: 0.9, top_k: 40 }, ["END", "\n"]]);
  });

  it("are its choice of tools, where the model may not call as it likes", () => {
    const choiceOf = (more: Partial<ToldTurn>): unknown => parametersOf(told({ tools: [tool("look")], ...more }))["tool_choice"];
    const [any, named, none] = [{ type: "any" }, { type: "tool", name: "look" }, { type: "none" }] as const;
    const one = { disableParallelToolUse: true };
    assert.equal(choiceOf({}), undefined);
    for (const toolChoice of [any, named]) {
      assert.deepEqual(choiceOf({ toolChoice }), toolChoice);
      assert.deepEqual(choiceOf({ toolChoice, ...one }), { ...toolChoice, disable_parallel_tool_use: true });
    }
    assert.deepEqual(choiceOf(one), { type: "auto", disable_parallel_tool_use: true });
    assert.deepEqual([choiceOf({ toolChoice: none }), choiceOf({ toolChoice: none, ...one })], [none, none]);
    assert.equal(choiceOf({ toolChoice: none, responseSchema: {} }), undefined, "the CLI has the model answer by a call");
    assert.equal(choiceOf({ toolChoice: none, webSearch: {} }), undefined, "the search is a tool of the API's");
    const search = { type: "tool", name: "web_search" } as const;
    assert.deepEqual(choiceOf({ tools: [], webSearch: {}, toolChoice: search, ...one }), search, "a search is no call of the client's");
    assert.deepEqual(choiceOf({ webSearch: {}, toolChoice: search }), search);
    assert.equal(choiceOf({ tools: [], webSearch: {}, ...one }), undefined);
    for (const toolChoice of [any, none]) {
      assert.equal(choiceOf({ tools: [], toolChoice, ...one }), undefined, "the API takes none without tools");
      assert.equal(choiceOf({ toolChoice, ...one, refusedParameters: new Set(["tool_choice"]) }), undefined);
    }
  });

  it("force no call where the turn asks the model to think; else a forced call turns thinking off", () => {
    const forced = told({ tools: [tool("look")], toolChoice: { type: "any" }, sampling: { temperature: 0.3 } });
    assert.deepEqual(parametersOf(forced), { temperature: 0.3, tool_choice: { type: "any" } });
    assert.ok(isThinkingOff(forced));
    for (const thinking of [{ type: "adaptive" }, { type: "enabled", budgetTokens: 2_000 }] as const) {
      assert.deepEqual(parametersOf({ ...forced, thinking }), {});
      assert.deepEqual(parametersOf({ ...forced, thinking, disableParallelToolUse: true }), { tool_choice: { type: "auto", disable_parallel_tool_use: true } });
      assert.ok(!isThinkingOff({ ...forced, thinking }));
      assert.deepEqual(parametersOf({ ...forced, thinking, maxTokens: 1_024 }), parametersOf(forced), "there is no room to think");
    }
    assert.ok(!isThinkingOff({ ...forced, refusedParameters: new Set(["tool_choice"]) }));
  });

  it("are told a process where they change, and may change while it waits for results", () => {
    const settings = new LiveSettings("opus");
    const turn = told({ model: "opus", stopSequences: ["END"] });
    assert.ok(settings.suits(turn));
    const env = (CLAUDE_CODE_EXTRA_BODY: string): object => ({ subtype: "apply_flag_settings", settings: { env: { CLAUDE_CODE_EXTRA_BODY } } });
    assert.deepEqual(settings.changes(turn), [env("{\"stop_sequences\":[\"END\"]}")]);
    assert.deepEqual(settings.changes(turn), []);
    assert.ok(!settings.suits({ ...turn, maxTokens: 2_000 }));
    assert.ok(settings.suits({ ...turn, tools: [tool("look")], toolChoice: { type: "any" } }), "nor need it think any more");
    assert.ok(settings.suits({ ...turn, thinking: { type: "disabled" } }), "whatever says so");
    assert.deepEqual(settings.changes(told({ model: "opus" })), [env("{}")]);
  });
});

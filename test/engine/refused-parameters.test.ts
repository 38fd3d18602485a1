import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parametersOf, type ToldTurn } from "../../src/claude/parameters.ts";
import { RefusedParameters } from "../../src/engine/refused-parameters.ts";
import { BridgeError } from "../../src/errors.ts";
import type { Turn } from "../../src/turn/turn.ts";
import { syntheticLine } from "../support/cli-lines.ts";
import { startPuppeteer } from "../support/puppeteer.ts";
import { startEngine } from "../support/started-engine.ts";
import { collect, summaryOf } from "../support/turn-events.ts";
import { never, tool, turnOf, user } from "../support/turns.ts";

const turn: Turn = turnOf({ model: "opus", sampling: { temperature: 0.3, topP: 0.9, topK: 5 }, thinking: { type: "disabled" }, stopSequences: ["END"] });
const refusal = (words: string): BridgeError => new BridgeError("invalid_request", `API Error: 400 ${words}`);

describe("the parameters that a model refuses", () => {
  for (const [words, name] of [
    ["`temperature` is deprecated for this model.", "temperature"],
    ["`temperature` and `top_p` cannot both be specified for this model. Please use only one.", "top_p beside temperature"],
    ["`top_p` is deprecated for this model.", "top_p"],
    ["`top_k` must be unset when thinking is enabled", "top_k"],
    ["stop_sequences: each stop sequence must contain non-whitespace", "stop_sequences"],
  ] as const) {
    it(`are learnt of ${JSON.stringify(words)}: ${name}`, () => {
      const refused = new RefusedParameters();
      assert.equal(refused.note(turn, refusal(words)), true);
      assert.deepEqual(refused.without(turn).refusedParameters, new Set([name]));
    });
  }

  it("are one of two that the model takes each alone: then the temperature goes along, and each where the other is not asked for", () => {
    const refused = new RefusedParameters();
    const sentOf = (sampling: Turn["sampling"]): object => parametersOf(refused.without(turnOf({ ...turn, stopSequences: [], sampling: sampling ?? {} })));
    const words = refusal("`temperature` and `top_p` cannot both be specified for this model. Please use only one.");
    assert.ok(refused.note(turn, words));
    assert.deepEqual(sentOf(turn.sampling), { temperature: 0.3, top_k: 5 });
    assert.deepEqual([sentOf({ topP: 0.9 }), sentOf({ temperature: 0.3 })], [{ top_p: 0.9 }, { temperature: 0.3 }]);
    // For some models the CLI itself sends a temperature.
    assert.ok(refused.note(turnOf({ ...turn, sampling: { topP: 0.9 } }), words));
    assert.deepEqual([sentOf({ topP: 0.9 }), sentOf({ temperature: 0.3 })], [{}, { temperature: 0.3 }]);
  });

  const outputFormat = { type: "object", properties: {}, additionalProperties: false };
  const formatted: Turn = { ...turn, outputFormat };
  const other: Turn = { ...turn, outputFormat: { ...outputFormat, title: "other" } };

  for (const words of [
    "output_config.format: This model does not support output_config.format", "output_format: Extra inputs are not permitted", "output_config: Extra inputs are not permitted",
  ]) {
    it(`are the format of every answer, by ${JSON.stringify(words)}`, () => {
      const refused = new RefusedParameters();
      assert.ok(refused.note(formatted, refusal(words)));
      for (const one of [formatted, other]) assert.deepEqual(refused.without(one).refusedParameters, new Set(["output_config"]));
    });
  }

  for (const words of [
    "output_config.format.schema: For 'object' type, property 'temperature' is not supported", "Schema is too complex for compilation.", "The compiled grammar is too large.",
    "Schemas contains too many optional parameters (30), which would make grammar compilation inefficient.",
  ]) {
    it(`are one schema alone, by ${JSON.stringify(words)}`, () => {
      const refused = new RefusedParameters();
      assert.ok(refused.note(formatted, refusal(words)));
      assert.deepEqual(refused.without(formatted).refusedParameters, new Set(["output_config"]));
      assert.ok(refused.note(refused.without(other), refusal("`temperature` is deprecated for this model.")));
      assert.deepEqual(refused.without(other).refusedParameters, new Set(["temperature"]));
      assert.deepEqual(refused.without(formatted).refusedParameters, new Set(["temperature", "output_config"]));
    });
  }

  const strict: Turn = { ...formatted, tools: [tool("f", { strictSchema: outputFormat }), tool("g")] };
  const told = (turn: Turn): ToldTurn => ({ ...turn, tellsTools: true });

  for (const [words, isOfModel] of [
    ["tools: This model does not support strict tools", true], ["Too many strict tools (21). The maximum number supported is 20.", false], ["tools.0.custom: For 'object' type, no.", false],
    ["The compiled grammar is too large. Simplify your tool schemas or reduce the number of strict tools.", false],
  ] as const) {
    it(`are the schemas of strict tools${isOfModel ? "" : ", these alone"}, by ${JSON.stringify(words)}`, () => {
      const refused = new RefusedParameters();
      assert.ok(refused.note(told(strict), refusal(words)));
      assert.deepEqual(refused.without(strict).refusedParameters, new Set(["tools.strict"]));
      const others: Turn = { ...strict, tools: [tool("h", { strictSchema: outputFormat })] };
      assert.equal(refused.without(others).refusedParameters?.has("tools.strict") ?? false, isOfModel);
      assert.equal(refused.note(told(refused.without(strict)), refusal("Too many strict tools")), false);
    });
  }

  for (const [words, names] of [
    ["output_config.format.schema: Schema is too complex for compilation.", ["output_config"]],
    ["output_config.format: The compiled grammar is too large. Reduce the number of strict tools.", ["output_config"]],
    ["tools.0.custom: Schema is too complex: output_format, temperature.", ["tools.strict"]],
    ["Schema is too complex for compilation.", ["tools.strict", "output_config"]],
  ] as const) {
    it(`are ${names.join(", then ")} of a turn that has both, by ${JSON.stringify(words)}`, () => {
      const refused = new RefusedParameters();
      for (const [at] of names.entries()) {
        assert.ok(refused.note(told(refused.without(strict)), refusal(words)));
        assert.deepEqual(refused.without(strict).refusedParameters, new Set([...names.slice(0, at + 1)].sort()));
      }
    });
  }

  const withStop = (...stopSequences: readonly string[]): Turn => ({ ...turn, stopSequences });
  for (const [name, words, value, other] of [
    ["stop_sequences", "stop_sequences: each stop sequence must contain non-whitespace", withStop("\u200b"), withStop("END")],
    ["temperature", "temperature: range: 0..0.5", turn, { ...turn, sampling: { temperature: 0.2 } }],
    ["tool_choice", "tool_choice: Input tag 'none' found using 'type' does not match any of the expected tags", { ...turn, tools: [tool("f")], toolChoice: { type: "none" } }, { ...turn, tools: [tool("f")], disableParallelToolUse: true }],
  ] as const) {
    it(`are one value alone, by ${JSON.stringify(words)}`, () => {
      const refused = new RefusedParameters();
      assert.ok(refused.note(value, refusal(words)));
      assert.deepEqual(refused.without(value).refusedParameters, new Set([name]));
      assert.equal(refused.without(other).refusedParameters, undefined);
      assert.equal(refused.note(refused.without(value), refusal(words)), false, "it would be asked for ever");
    });
  }

  for (const words of [
    "tools.0.custom.input_schema: temperature: no", "tools.3.custom.input_schema.properties.top_p: `top_p` is no schema", "messages.2.content.0.tool_use.input: `temperature` is missing",
    "system: `stop_sequences` are not text", "Tool 'temperature' not found in provided tools", "Tool \"top_k\" is there twice",
  ]) {
    it(`are none where what the client calls by such a name is refused: ${JSON.stringify(words)}`, () => {
      assert.equal(new RefusedParameters().note(turn, refusal(words)), false);
    });
  }

  it("are none that a tool of the client's is called by", () => {
    const named = new BridgeError("invalid_value", 'tools[0]: the claude CLI cannot give the model the tool "temperature", for its name or its schema. API Error: 400 tools.0.custom.name: no');
    assert.equal(new RefusedParameters().note(turn, named), false);
  });

  it("are the schemas of strict tools also where the error names the tool", () => {
    const named = new BridgeError("invalid_value", 'tools[0]: the claude CLI cannot give the model the tool "f", for its name or its schema. API Error: 400 tools.0.custom: no');
    const refused = new RefusedParameters();
    assert.ok(refused.note(told(strict), named));
    assert.equal(refused.without({ ...strict, tools: [tool("h", { strictSchema: outputFormat })] }).refusedParameters, undefined, "its words speak of a model");
    assert.equal(new RefusedParameters().note(strict, named), false, "they were not told");
  });

  it("are no format where the effort is refused", () => assert.equal(new RefusedParameters().note(formatted, refusal("output_config.effort: not supported")), false));

  it("are the schemas that were refused last, where there are more than are remembered", () => {
    const refused = new RefusedParameters();
    const numbered = (at: number): Turn => ({ ...turn, outputFormat: { ...outputFormat, title: String(at) } });
    for (let at = 0; at <= 1_000; at++) refused.note(numbered(at), refusal("output_config.format.schema: no"));
    assert.deepEqual([0, 1, 1_000].map((at) => refused.without(numbered(at)).refusedParameters?.size), [undefined, 1, 1]);
  });

  it("are learnt of a forced call where thinking cannot be off, and remembered also when words ask for that call: then it thinks", () => {
    const forced = turnOf({ model: "opus", tools: [tool("look")], toolChoice: { type: "any" }, stopSequences: ["END"] });
    const refused = new RefusedParameters();
    assert.ok(refused.note(refused.without(forced), refusal("Thinking may not be enabled when tool_choice forces tool use.")));
    assert.deepEqual(refused.without(forced).refusedParameters, new Set(["tool_choice"]));
    assert.ok(refused.note(refused.without(forced), refusal("stop_sequences: no")));
    assert.deepEqual(refused.without(forced).refusedParameters, new Set(["tool_choice", "stop_sequences"]));
    assert.equal(refused.without({ ...forced, toolChoice: { type: "none" } }).refusedParameters, undefined, "it takes a choice that forces nothing");
  });

  it("are remembered one after the other, for that model and its thinking", () => {
    const refused = new RefusedParameters();
    assert.ok(refused.note(refused.without(turn), refusal("`temperature` is deprecated for this model.")));
    assert.ok(refused.note(refused.without(turn), refusal("`top_p` is deprecated for this model.")));
    assert.deepEqual(refused.without(turn).refusedParameters, new Set(["temperature", "top_p"]));
    for (const asked of [{ ...turn, model: "haiku" }, { ...turn, thinking: { type: "adaptive" } } as const]) assert.equal(refused.without(asked).refusedParameters, undefined);
  });

  it("may be that its thoughts are shown, which goes along wherever it thinks", () => {
    const refused = new RefusedParameters();
    const thinking = turnOf({ model: "opus" });
    const words = refusal("thinking.adaptive.display: Extra inputs are not permitted");
    assert.equal(refused.note(turn, words), false, "thinking is off");
    assert.equal(refused.note(thinking, words), true);
    assert.deepEqual(refused.without(thinking).refusedParameters, new Set(["thinking.display"]));
    assert.equal(refused.note(refused.without(thinking), words), false, "it would be asked for ever");
  });

  it("are none where the words name another thing, one that was not sent, one that was left out already, or it is no refusal", () => {
    const refused = new RefusedParameters();
    for (const [asked, error] of [
      [turn, refusal("messages.0: all messages must have non-empty content")],
      [turnOf({ model: "opus" }), refusal("`temperature` is deprecated for this model.")],
      [turn, new BridgeError("rate_limited", "temperature")],
      [turn, new Error("temperature")],
    ] as const) assert.equal(refused.note(asked, error), false);
    assert.ok(refused.note(turn, refusal("temperature")));
    assert.equal(refused.note(refused.without(turn), refusal("temperature")), false, "it would be asked for ever");
  });
});

describe("a turn that is asked again without a parameter that its model refuses", () => {
  it("is one turn in the counts", async (t) => {
    const puppeteer = await startPuppeteer(t);
    const { engine } = startEngine(t, "puppet");
    const turn = collect(engine.run(turnOf({ model: "opus", messages: [user(puppeteer.prompt())], thinking: { type: "disabled" }, sampling: { temperature: 0.3 } }), never));
    const first = await puppeteer.next();
    for (const line of syntheticLine("invalid_request", 400, "API Error: 400 `temperature` is deprecated for this model.")) first.raw(`${JSON.stringify(line)}\n`);
    const second = await puppeteer.next();
    second.start();
    second.say("Fine.");
    second.finish();
    const { events, error } = await turn;
    assert.deepEqual([summaryOf(events).text, error, puppeteer.begun], ["Fine.", undefined, 2]);
    assert.equal(engine.status.turns.told.first_message, 1);
  });
});

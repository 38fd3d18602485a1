import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ToldTurn } from "../../src/claude/parameters.ts";
import { keptParameters, showsParameters } from "../../src/engine/kept-parameters.ts";
import type { AssistantBlock } from "../../src/turn/message.ts";
import { ask } from "../support/turns.ts";

const look = { name: "look", description: "", inputSchema: { type: "object" } };
const words: AssistantBlock = { type: "text", text: "Fine." };
const json: AssistantBlock = { type: "text", text: '{"bird":"wren"}' };
const call: AssistantBlock = { type: "tool_use", id: "toolu_1", name: "look", input: {} };
const forced: ToldTurn = { ...ask("One."), tools: [look], toolChoice: { type: "any" } };
const formatted: ToldTurn = { ...ask("One."), outputFormat: { type: "object" } };

describe("the parameters that a turn depends on", () => {
  for (const [what, turn, blocks, stopReason, kept] of [
    ["a forced call that comes", forced, [words, call], "tool_use", "all"],
    ["a forced call that does not come", forced, [words], "end_turn", { lost: "tool_choice" }],
    ["a forced call before which the answer was cut", forced, [words], "max_tokens", undefined],
    ["a forced call that the model refuses", forced, [words], "refusal", undefined],
    ["a forced call of a model that has refused the parameter", { ...forced, refusedParameters: new Set(["tool_choice"]) }, [words], "end_turn", undefined],
    ["a call that was left to the model", { ...forced, toolChoice: { type: "auto" } }, [words], "end_turn", undefined],
    ["JSON by a format", formatted, [json], "end_turn", "all"],
    ["words in place of it", formatted, [words], "end_turn", { lost: "output_config" }],
    ["JSON that was cut", formatted, [{ type: "text", text: '{"bir' }], "max_tokens", undefined],
    ["a call in place of it", { ...formatted, tools: [look] }, [call], "tool_use", undefined],
    ["an answer that was not recorded", formatted, undefined, "end_turn", undefined],
    ["no parameter", ask("One."), [words], "end_turn", undefined],
  ] as const) {
    it(`are shown by ${what} as ${JSON.stringify(kept)}`, () => {
      assert.deepEqual(keptParameters(turn as ToldTurn, blocks, stopReason), kept);
      if (kept !== undefined) assert.equal(showsParameters(turn as ToldTurn), true);
    });
  }
});

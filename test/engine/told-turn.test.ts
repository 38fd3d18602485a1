import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ToldTurn } from "../../src/claude/parameters.ts";
import { beginningHash } from "../../src/engine/history-hash.ts";
import { toldTurn } from "../../src/engine/told-turn.ts";
import { turnOf } from "../support/turns.ts";

const roomBytes = 1_000;
const responseSchema = { type: "object", properties: { a: { type: "string" } } };
const responseFormat = { ...responseSchema, additionalProperties: false };
const long = { ...responseFormat, description: "x".repeat(roomBytes) };
const formsOf = (more: Partial<ToldTurn>, bytesMax = roomBytes): object => {
  const told = toldTurn({ ...turnOf(), ...more }, bytesMax);
  return { tool: told.responseSchema, format: told.responseFormat };
};

describe("the schema of an answer, as a process is told it,", () => {
  const tools = [{ name: "f", description: "", inputSchema: { type: "object" } }];
  const cases: readonly (readonly [what: string, given: Partial<ToldTurn>, told: object, bytesMax?: number])[] = [
    ["is the API's format", { responseSchema, responseFormat }, { tool: undefined, format: responseFormat }],
    ["is the CLI's tool where the API compiles none", { responseSchema }, { tool: responseSchema, format: undefined }],
    ["is the CLI's tool where the format is too long", { responseSchema, responseFormat: long }, { tool: responseSchema, format: undefined }],
    ["is the CLI's tool where no long parameter may be told", { responseSchema, responseFormat }, { tool: responseSchema, format: undefined }, 0],
    ["is the CLI's tool where the format was refused", { responseSchema, responseFormat, refusedParameters: new Set(["output_config"]) }, { tool: responseSchema, format: undefined }],
    ["is none where a call must be made", { responseSchema, responseFormat, tools, toolChoice: { type: "any" } }, { tool: undefined, format: undefined }],
  ];
  for (const [what, given, told, bytesMax] of cases) it(what, () => assert.deepEqual(formsOf(given, bytesMax), told));

  it("leaves the process free for conversations with other formats, and not with other tools", () => {
    const beginningOf = (more: Partial<ToldTurn>): string => beginningHash(toldTurn({ ...turnOf(), ...more }, roomBytes));
    assert.equal(beginningOf({ responseSchema, responseFormat }), beginningOf({}));
    assert.notEqual(beginningOf({ responseSchema }), beginningOf({}));
  });
});

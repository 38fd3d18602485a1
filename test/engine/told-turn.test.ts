import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { noCapabilities } from "../../src/claude/capabilities.ts";
import { parametersOf, type ToldTurn } from "../../src/claude/parameters.ts";
import { beginningHash } from "../../src/engine/history-hash.ts";
import { toldTurn } from "../../src/engine/told-turn.ts";
import type { Tool } from "../../src/turn/turn.ts";
import { tool, turnOf } from "../support/turns.ts";

const roomBytes = 1_000;
const responseSchema = { type: "object", properties: { a: { type: "string" } } };
const outputFormat = { ...responseSchema, additionalProperties: false };
const long = { ...outputFormat, description: "x".repeat(roomBytes) };
const formsOf = (more: Partial<ToldTurn>, bytesMax = roomBytes): object => {
  const told = toldTurn({ ...turnOf(), ...more }, bytesMax, noCapabilities);
  return { tool: told.responseSchema, format: told.outputFormat };
};

const whole = "x".repeat(2_001);
const strictSchema = { type: "object", properties: {}, additionalProperties: false };
const cut = (more: Partial<Tool> = {}): Tool => ({ ...tool("f"), ...more });

describe("tools, as a process is told them,", () => {
  const cases: readonly (readonly [what: string, given: Partial<ToldTurn>, isWhole: boolean, bytesMax?: number])[] = [
    ["are whole where the CLI would cut a description", { tools: [tool("a"), cut({ description: whole })] }, true],
    ["are whole where one is strict", { tools: [tool("a"), cut({ strictSchema })] }, true],
    ["are served alone where nothing would be lost", { tools: [tool("a"), cut({ description: whole.slice(1) })] }, false],
    ["are served alone where strict ones were refused", { tools: [cut({ strictSchema })], refusedParameters: new Set(["tools.strict"]) }, false],
    ["are served alone where they are too long", { tools: [cut({ strictSchema })] }, false, 100],
    ["are served alone beside the CLI's own tool for an answer", { tools: [cut({ strictSchema })], responseSchema }, false],
    ["are whole beside the API's format of an answer", { tools: [cut({ strictSchema })], responseSchema, outputFormat }, true],
  ];
  for (const [what, given, isWhole, bytesMax = 10_000] of cases) {
    it(what, () => assert.equal("tools" in parametersOf(toldTurn({ ...turnOf(), ...given }, bytesMax, noCapabilities)), isWhole));
  }

  const search = { maxUses: 2, allowedDomains: ["example.com"], userLocation: { city: "Bern" } };
  const toldSearch = (more: Partial<ToldTurn>, bytesMax: number): unknown => parametersOf(toldTurn({ ...turnOf(), webSearch: search, ...more }, bytesMax, noCapabilities))["tools"];
  const searchRefusal = { code: "unsupported_parameter", part: "webSearch" };

  it("are whole beside a search of the web, which is the last of them, and refused where they are too long for that", () => {
    const told = { type: "web_search_20250305", name: "web_search", max_uses: 2, allowed_domains: ["example.com"], user_location: { type: "approximate", city: "Bern" } };
    assert.deepEqual((toldSearch({ tools: [tool("f")] }, 10_000) as object[]).at(-1), told);
    for (const bytesMax of [0, 100]) assert.throws(() => toldSearch({ tools: [tool("f")] }, bytesMax), searchRefusal);
    assert.deepEqual(toldSearch({}, 0), [told], "alone it is short");
    assert.throws(() => toldSearch({ responseSchema }, 10_000), searchRefusal, "the CLI's tool for the answer would be lost");
  });

  for (const [what, webSearch] of [
    ["many sites", { allowedDomains: Array.from({ length: 10_000 }, (_, index) => `${index}.example.com`) }],
    ["a long place", { userLocation: { city: "x".repeat(200_000) } }],
  ] as const) {
    it(`are refused with a search of ${what}, which is too long also alone`, () => {
      for (const bytesMax of [0, 100_000]) assert.throws(() => toldSearch({ webSearch }, bytesMax), searchRefusal);
    });
  }

  it("are none but the search, where there are no others: of a hundred sites it is refused only under a policy", () => {
    const webSearch = { allowedDomains: Array.from({ length: 100 }, (_, index) => `${index}.example.com`) };
    assert.throws(() => toldSearch({ webSearch }, 0), searchRefusal);
    assert.equal((toldSearch({ webSearch }, 30_000) as object[]).length, 1);
  });

  it("give way to the format of an answer where both are too long", () => {
    const told = toldTurn({ ...turnOf(), tools: [cut({ description: whole })], responseSchema, outputFormat }, roomBytes, noCapabilities);
    assert.deepEqual(Object.keys(parametersOf(told)), ["output_config"]);
  });

  it("leave the process free for conversations in which they are not strict", () => {
    const beginningOf = (...tools: readonly Tool[]): string => beginningHash(toldTurn({ ...turnOf(), tools }, 10_000, noCapabilities));
    assert.equal(beginningOf(cut({ strictSchema })), beginningOf(cut()));
  });
});

describe("the schema of an answer, as a process is told it,", () => {
  const tools = [{ name: "f", description: "", inputSchema: { type: "object" } }];
  const cases: readonly (readonly [what: string, given: Partial<ToldTurn>, told: object, bytesMax?: number])[] = [
    ["is the API's format", { responseSchema, outputFormat }, { tool: undefined, format: outputFormat }],
    ["is the CLI's tool where the API compiles none", { responseSchema }, { tool: responseSchema, format: undefined }],
    ["is the CLI's tool where the format is too long", { responseSchema, outputFormat: long }, { tool: responseSchema, format: undefined }],
    ["is the CLI's tool where no long parameter may be told", { responseSchema, outputFormat }, { tool: responseSchema, format: undefined }, 0],
    ["is the CLI's tool where the format was refused", { responseSchema, outputFormat, refusedParameters: new Set(["output_config"]) }, { tool: responseSchema, format: undefined }],
    ["is none where a call must be made", { responseSchema, outputFormat, tools, toolChoice: { type: "any" } }, { tool: undefined, format: undefined }],
  ];
  for (const [what, given, told, bytesMax] of cases) it(what, () => assert.deepEqual(formsOf(given, bytesMax), told));

  it("leaves the process free for conversations with other formats, and not with other tools", () => {
    const beginningOf = (more: Partial<ToldTurn>): string => beginningHash(toldTurn({ ...turnOf(), ...more }, roomBytes, noCapabilities));
    assert.equal(beginningOf({ responseSchema, outputFormat }), beginningOf({}));
    assert.notEqual(beginningOf({ responseSchema }), beginningOf({}));
  });
});

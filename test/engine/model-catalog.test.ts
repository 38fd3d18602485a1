import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ModelCatalog } from "../../src/engine/model-catalog.ts";

const reported = (value: string, resolvedModel?: string, displayName?: string) => ({ value, resolvedModel, displayName });
const ids = (catalog: ModelCatalog): string[] => catalog.list().map(({ id }) => id);

describe("the names that every CLI knows", () => {
  const known = ["claude-opus-4", "claude-sonnet-4", "claude-haiku-4", "opus", "sonnet", "haiku"];

  it("are listed before anything was reported, and after", () => {
    const catalog = new ModelCatalog();
    assert.deepEqual(ids(catalog), known);
    catalog.learn([reported("other")]);
    assert.deepEqual(ids(catalog), [...known, "other"]);
  });

  for (const [name, alias] of [["claude-opus-4", "opus"], ["claude-sonnet-4", "sonnet"], ["claude-haiku-4", "haiku"], ["opus", "opus"], ["claude-code-cli/claude-opus-4", "opus"], ["claude-code-cli/haiku", "haiku"]] as const) {
    it(`make ${name} the CLI's ${alias}`, () => assert.deepEqual(new ModelCatalog().resolve(name), { model: alias }));
  }
});

describe("a name", () => {
  it("that the CLI reported is served, as its alias and as its full id", () => {
    const catalog = new ModelCatalog();
    assert.equal(catalog.resolve("sonnet[1m]"), undefined);
    catalog.learn([reported("sonnet[1m]", "claude-sonnet-5[1m]", "Sonnet (1M)"), reported("default", "gpt-x")]);
    assert.deepEqual(["sonnet[1m]", "claude-sonnet-5[1m]", "default", "gpt-x", "claude-code-cli/default"].map((name) => catalog.resolve(name)?.model),
      ["sonnet[1m]", "claude-sonnet-5[1m]", "default", "gpt-x", "default"]);
  });

  it("that is no longer reported is not served", () => {
    const catalog = new ModelCatalog();
    catalog.learn([reported("old")]);
    catalog.learn([reported("new")]);
    assert.deepEqual([catalog.resolve("old"), catalog.resolve("new"), ids(catalog).includes("old")], [undefined, { model: "new" }, false]);
  });

  it("that is a full id is handed to the CLI, whatever it reported", () => {
    assert.deepEqual(new ModelCatalog().resolve("claude-opus-4-1-20250805"), { model: "claude-opus-4-1-20250805" });
  });

  for (const name of [
    "gpt-4", "", "claude", "--model", "-p", "claude-code-cli/", "claude-code-cli/--help", "anthropic/gpt-4", "claude-x/", "claude-x y", "claude-\n", "claude-x;ls",
    "claude-$(id)", "claude-é", "constructor", "__proto__", `claude-${"x".repeat(200)}`,
  ]) {
    it(`${JSON.stringify(name.slice(0, 40))} is not served`, () => assert.equal(new ModelCatalog().resolve(name), undefined));
  }

  it("that begins like a flag is not taken even from the CLI", () => {
    const catalog = new ModelCatalog();
    catalog.learn([reported("--dangerous", "-x"), reported("a b"), reported("")]);
    assert.deepEqual([catalog.resolve("--dangerous"), catalog.resolve("-x"), ids(catalog).length], [undefined, undefined, 6]);
  });
});

describe("a name as another program writes it", () => {
  const sonnet = "claude-sonnet-4-5";
  const read: readonly (readonly [name: string, model: string])[] = [
    ["anthropic/claude-sonnet-4-5", sonnet], ["openrouter/anthropic/claude-sonnet-4-5", sonnet], ["vertex_ai/claude-sonnet-4-5", sonnet], ["~anthropic/claude-sonnet-4-5", sonnet], ["anthropic/sonnet", "sonnet"],
    ["claude-sonnet-4.5", sonnet], ["claude-opus-4.1-20250805", "claude-opus-4-1-20250805"], ["anthropic/claude-haiku-4.5", "claude-haiku-4-5"], ["claude-3.5-haiku-latest", "claude-3-5-haiku-latest"],
    ["Claude-Sonnet-4-5", sonnet], ["CLAUDE-SONNET-4.5", sonnet], ["Anthropic/Claude-Sonnet-4.5", sonnet], ["Opus", "opus"], ["SONNET", "sonnet"], ["Claude-Opus-4", "opus"],
    ["anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929"], ["us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929"], ["bedrock/eu.anthropic.claude-sonnet-4-5", sonnet], ["global.anthropic.claude-opus-4-5-v2", "claude-opus-4-5"],
    ["claude-code-cli/claude-code-cli/opus", "opus"], ["claude-code-cli/claude-sonnet-4.5", sonnet],
  ];
  for (const [name, model] of read) {
    it(`${name} is the CLI's ${model}`, () => assert.deepEqual(new ModelCatalog().resolve(name), { model }));
  }

  for (const name of ["claude-sonnet-4-5", "claude-3-5@20250101", "claude-fable-5[1m]", "claude-sonnet-4-5-20250929", "claude-x.y"]) {
    it(`${name} is one as it stands`, () => assert.deepEqual(new ModelCatalog().resolve(name), { model: name }));
  }

  it("is read so only where the CLI has not reported it as it stands", () => {
    const catalog = new ModelCatalog();
    catalog.learn([reported("Claude-Odd-4.5"), reported("MINE"), reported("us.anthropic.claude-x-v1:0")]);
    assert.deepEqual(["Claude-Odd-4.5", "claude-code-cli/MINE", "mine", "us.anthropic.claude-x-v1:0"].map((name) => catalog.resolve(name)?.model), ["Claude-Odd-4.5", "MINE", undefined, "us.anthropic.claude-x-v1:0"]);
  });

  it("with the version first is turned round where the CLI has reported it the other way, and only there", () => {
    const catalog = new ModelCatalog();
    assert.deepEqual(catalog.resolve("claude-4.5-sonnet"), { model: "claude-4-5-sonnet" });
    catalog.learn([reported("default", "claude-opus-5"), reported("sonnet", "claude-sonnet-4-5-20250929"), reported("claude-3-haiku")]);
    assert.deepEqual(["claude-4.5-sonnet", "anthropic/Claude-4.5-Sonnet", "claude-5-opus", "claude-3-haiku", "claude-3-opus"].map((name) => catalog.resolve(name)?.model), [
      sonnet, sonnet, "claude-opus-5", "claude-3-haiku", "claude-3-opus",
    ]);
  });

  it("may be an alias of the operator's, and what an alias stands for may be written so", () => {
    const catalog = new ModelCatalog([{ name: "gpt-4o", model: "anthropic/claude-sonnet-4.5" }, { name: "o3/mini", model: "Haiku" }, { name: "gpt-4.1", model: "opus", effort: "low" }]);
    assert.deepEqual(["gpt-4o", "openai/gpt-4o", "GPT-4o", "o3/mini", "gpt-4.1", "openai/gpt-4.1"].map((name) => catalog.resolve(name)), [
      { model: sonnet }, { model: sonnet }, { model: sonnet }, { model: "haiku" }, { model: "opus", effort: "low" }, { model: "opus", effort: "low" },
    ]);
  });
});

describe("the list", () => {
  it("holds each name once, with the first description that the CLI gave", () => {
    const catalog = new ModelCatalog();
    catalog.learn([reported("default", "claude-opus-5", "Default"), reported("opus", "claude-opus-5", "Opus"), reported("plain")]);
    assert.equal(new Set(ids(catalog)).size, ids(catalog).length);
    const described = new Map(catalog.list().map(({ id, description }) => [id, description]));
    assert.deepEqual([described.get("claude-opus-5"), described.get("opus"), described.get("plain"), described.get("haiku")], ["Default", "Opus", undefined, undefined]);
  });
});

describe("an alias of the operator's", () => {
  it("stands for its model, under the CLI's own name for it, with its settings", () => {
    const catalog = new ModelCatalog([
      { name: "gpt-4o", model: "claude-sonnet-4" }, { name: "o3", model: "opus", effort: "high" }, { name: "mini", model: "haiku", thinking: { type: "disabled" } },
      { name: "both", model: "claude-opus-5", effort: "max", thinking: { type: "enabled", budgetTokens: 2_048 } },
    ]);
    assert.deepEqual(["gpt-4o", "o3", "mini", "both"].map((name) => catalog.resolve(name)), [
      { model: "sonnet" }, { model: "opus", effort: "high" }, { model: "haiku", thinking: { type: "disabled" } }, { model: "claude-opus-5", effort: "max", thinking: { type: "enabled", budgetTokens: 2_048 } },
    ]);
  });

  it("leaves the names that it stands for without its settings", () => {
    const catalog = new ModelCatalog([{ name: "o3", model: "opus", effort: "high" }]);
    assert.deepEqual([catalog.resolve("opus"), catalog.resolve("claude-opus-4")], [{ model: "opus" }, { model: "opus" }]);
  });

  it("comes before a name that is known otherwise", () => {
    const catalog = new ModelCatalog([{ name: "opus", model: "haiku", effort: "low" }]);
    assert.deepEqual(catalog.resolve("opus"), { model: "haiku", effort: "low" });
    assert.deepEqual(catalog.resolve("claude-opus-4"), { model: "opus" });
  });

  it("is listed first and once, before anything was reported and after", () => {
    const catalog = new ModelCatalog([{ name: "gpt-4o", model: "sonnet" }, { name: "opus", model: "haiku" }]);
    const expected = ["gpt-4o", "opus", "claude-opus-4", "claude-sonnet-4", "claude-haiku-4", "sonnet", "haiku"];
    assert.deepEqual(new Set(ids(catalog)), new Set(expected));
    catalog.learn([reported("gpt-4o", undefined, "Reported")]);
    assert.deepEqual(ids(catalog), expected);
  });

  it("of a model that nobody knows is not served, until the CLI reports that model", () => {
    const catalog = new ModelCatalog([{ name: "mine", model: "novel", effort: "low" }]);
    assert.equal(catalog.resolve("mine"), undefined);
    catalog.learn([reported("novel")]);
    assert.deepEqual(catalog.resolve("mine"), { model: "novel", effort: "low" });
  });

  it("stands for a model, never for another alias, and never for a flag", () => {
    const catalog = new ModelCatalog([{ name: "a", model: "b" }, { name: "b", model: "opus" }, { name: "c", model: "--help" }]);
    assert.deepEqual([catalog.resolve("a"), catalog.resolve("c")], [undefined, undefined]);
  });
});

describe("what the CLI tells of a model's limits", () => {
  const limits = { contextWindow: 1_000_000, outputTokensMax: 128_000 };

  it("is told of each name of that model, listed or not, and of no other", () => {
    const catalog = new ModelCatalog([{ name: "gpt-4o", model: "sonnet" }]);
    catalog.learn([reported("sonnet", "claude-sonnet-5-5", "Sonnet"), reported("opus", "claude-opus-5-5")]);
    catalog.noteLimits([{ id: "claude-sonnet-5-5", ...limits }, { id: "claude-x", contextWindow: undefined, outputTokensMax: 1 }]);
    const known = catalog.list().filter(({ contextWindow }) => contextWindow === 1_000_000).map(({ id }) => id);
    assert.deepEqual(known.sort(), ["claude-sonnet-4", "claude-sonnet-5-5", "gpt-4o", "sonnet"]);
    assert.deepEqual(catalog.entry("sonnet"), { id: "sonnet", description: "Sonnet", ...limits });
    assert.deepEqual(catalog.entry("anthropic/claude-sonnet-5.5"), { id: "anthropic/claude-sonnet-5.5", description: undefined, ...limits });
    assert.deepEqual(catalog.entry("claude-x"), { id: "claude-x", description: undefined, outputTokensMax: 1 });
    assert.deepEqual(catalog.entry("opus"), { id: "opus", description: undefined });
  });

  it("is forgotten of the models that were asked least recently, beyond 64", () => {
    const catalog = new ModelCatalog();
    for (let index = 0; index < 65; index++) catalog.noteLimits([{ id: `claude-${index}`, ...limits }]);
    assert.deepEqual(["claude-0", "claude-1", "claude-64"].map((id) => catalog.entry(id).contextWindow), [undefined, 1_000_000, 1_000_000]);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LiveSettings, type TurnSettings } from "../../src/claude/live-settings.ts";
import type { JsonObject } from "../../src/claude/protocol.ts";
import type { Thinking } from "../../src/turn/turn.ts";
import { loadRecording, recordedVersions } from "../support/recordings.ts";

const opus = { model: "opus" };
const settingsOf = (...turns: readonly TurnSettings[]): JsonObject[] => {
  const settings = new LiveSettings("opus");
  return turns.map((turn) => settings.changes(turn)).at(-1) ?? [];
};
const environment = (env: Readonly<Record<string, string>>): JsonObject => ({ subtype: "apply_flag_settings", settings: { env } });
const thinkingTokens = (max_thinking_tokens: number | null): JsonObject => ({ subtype: "set_max_thinking_tokens", max_thinking_tokens });
const effort = (effortLevel: string): JsonObject => ({ subtype: "apply_flag_settings", settings: { effortLevel } });

describe("the settings of a live process", () => {
  it("are told where a turn has some, and only once", () => {
    assert.deepEqual(settingsOf(opus), []);
    assert.deepEqual(settingsOf({ ...opus, maxTokens: 1_025 }), [environment({ CLAUDE_CODE_MAX_OUTPUT_TOKENS: "1025" })]);
    assert.deepEqual(settingsOf({ ...opus, effort: "xhigh" }), [effort("xhigh")]);
    const all: TurnSettings = { ...opus, maxTokens: 5_000, effort: "low", thinking: { type: "enabled", budgetTokens: 4_000 } };
    assert.deepEqual(settingsOf(all, all), []);
  });

  it("are told anew where the next turn has others, each by itself", () => {
    assert.deepEqual(settingsOf({ ...opus, maxTokens: 5_000, effort: "low" }, { ...opus, maxTokens: 5_000, effort: "high" }), [effort("high")]);
  });

  it("are not the model, which is given before they are told, and only once", () => {
    const settings = new LiveSettings("opus");
    assert.equal(settings.modelChange(opus), undefined);
    assert.deepEqual(settings.modelChange({ model: "sonnet" }), { subtype: "set_model", model: "sonnet" });
    assert.deepEqual([settings.model, settings.modelChange({ model: "sonnet" }), settings.changes({ model: "sonnet" })], ["sonnet", undefined, []]);
    settings.loseModel();
    assert.equal(settings.model, undefined);
  });

  it("are written over where the next turn has none", () => {
    assert.deepEqual(
      settingsOf({ ...opus, maxTokens: 5_000, effort: "low", thinking: { type: "disabled" } }, opus),
      [{ subtype: "apply_flag_settings", settings: { effortLevel: null, env: { CLAUDE_CODE_MAX_OUTPUT_TOKENS: "", CLAUDE_CODE_DISABLE_THINKING: "" } } }, thinkingTokens(null)],
    );
  });

  it("are all told anew after one was refused, and the model is what it was", () => {
    const settings = new LiveSettings("opus");
    settings.changes({ ...opus, maxTokens: 5_000 });
    settings.forget();
    assert.equal(settings.model, "opus");
    assert.deepEqual(settings.changes({ ...opus, maxTokens: 5_000 }), [
      { subtype: "apply_flag_settings", settings: { effortLevel: null, env: { CLAUDE_CODE_MAX_OUTPUT_TOKENS: "5000", CLAUDE_CODE_DISABLE_THINKING: "", CLAUDE_CODE_EXTRA_BODY: "{}" } } },
      { ...thinkingTokens(null), thinking_display: "summarized" },
    ]);
  });

  it("are how thoughts are shown only where the model refuses to show them, or another turn asks for it again", () => {
    const refused: TurnSettings = { ...opus, refusedParameters: new Set(["thinking.display"]) };
    assert.deepEqual(settingsOf(refused), [{ ...thinkingTokens(null), thinking_display: null }]);
    assert.deepEqual(settingsOf(refused, refused), []);
    const omitted: TurnSettings = { ...opus, thinking: { type: "adaptive", display: "omitted" } };
    assert.deepEqual([settingsOf(omitted), settingsOf(omitted, omitted)], [[{ ...thinkingTokens(null), thinking_display: "omitted" }], []]);
    assert.deepEqual(settingsOf(omitted, opus), [{ ...thinkingTokens(null), thinking_display: "summarized" }]);
    assert.deepEqual(settingsOf({ ...omitted, refusedParameters: new Set(["thinking.display"]) }), [{ ...thinkingTokens(null), thinking_display: null }]);
    assert.deepEqual(settingsOf(refused, { ...opus, thinking: { type: "disabled" } })[1], { ...thinkingTokens(0), thinking_display: "summarized" });
  });

  it("turn thinking off where no token of it is wanted, or the token limit leaves no room for it", () => {
    assert.deepEqual(settingsOf({ ...opus, thinking: { type: "disabled" } }), [environment({ CLAUDE_CODE_DISABLE_THINKING: "1" }), thinkingTokens(0)]);
    for (const limit of [1, 1_024]) {
      const env = { CLAUDE_CODE_MAX_OUTPUT_TOKENS: String(limit), CLAUDE_CODE_DISABLE_THINKING: "1" };
      assert.deepEqual(settingsOf({ ...opus, maxTokens: limit }), [environment(env)]);
    }
  });

  it("ask for no smaller budget of thinking than the API takes, and for none where thinking is adaptive", () => {
    const asked = (thinking: Thinking): unknown => settingsOf({ ...opus, thinking })[0]?.["max_thinking_tokens"];
    assert.deepEqual([1, 1_023, 1_024, 1_025].map((budgetTokens) => asked({ type: "enabled", budgetTokens })), [1_024, 1_024, 1_024, 1_025]);
    assert.equal(asked({ type: "adaptive" }), undefined);
  });

  for (const version of recordedVersions) {
    it(`are told as claude ${version} took them in a recording`, () => {
      const request = (index: number): JsonObject => (JSON.parse(loadRecording(version, "settings").hostLines[index] ?? "") as { request: JsonObject }).request;
      const told = { maxTokens: 123, effort: "low" } as const;
      const [{ settings } = assert.fail()] = settingsOf({ ...opus, maxTokens: 100 }, { ...opus, ...told }) as { settings: object }[];
      assert.deepEqual(settings, (request(1) as { settings: object }).settings);
      assert.deepEqual(settingsOf({ ...opus, thinking: { type: "disabled" } })[1], request(2));
    });
  }
});

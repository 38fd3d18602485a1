import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import { ControlChannel } from "../../src/claude/control.ts";
import { History } from "../../src/claude/history.ts";
import { modelWaitMsMax, SettingsChannel } from "../../src/claude/settings-channel.ts";
import { HandClock } from "../support/hand-clock.ts";
import { tool, turnOf, user } from "../support/turns.ts";

interface Asked { readonly request_id: string; readonly request: { readonly subtype: string } }

function start() {
  const clock = new HandClock();
  const asked: Asked[] = [];
  const control = new ControlChannel((line) => asked.push(JSON.parse(line) as Asked));
  const history = new History(clock.after);
  let refusals = 0;
  const settings = new SettingsChannel("opus", { control, history, after: clock.after, onModelRefused: () => refusals++ });
  const answer = (subtype: "success" | "error"): void => control.settle({ response: { subtype, request_id: asked.at(-1)?.request_id, error: "no" } });
  return { clock, asked, control, history, settings, answer, refusals: () => refusals };
}

const sonnet = turnOf({ model: "sonnet" });

describe("another model of a process", () => {
  it("is given before anything else is told", async () => {
    const { asked, settings, answer, refusals } = start();
    const given = settings.giveModel(sonnet, () => false);
    assert.deepEqual(asked.map(({ request }) => request), [{ subtype: "set_model", model: "sonnet" }]);
    answer("success");
    await given;
    assert.deepEqual([settings.model, refusals()], ["sonnet", 0]);
    await settings.giveModel(sonnet, () => false);
    assert.equal(asked.length, 1);
  });

  for (const [what, refuse] of [
    ["refused", ({ answer }: ReturnType<typeof start>) => answer("error")],
    ["not answered", ({ clock }: ReturnType<typeof start>) => clock.pass(modelWaitMsMax)],
  ] as const) {
    it(`that is ${what} fails the turn, and it is noted`, async () => {
      const scene = start();
      const given = assert.rejects(scene.settings.giveModel(sonnet, () => false), { code: "cli_failed" });
      refuse(scene);
      await given;
      assert.deepEqual([scene.settings.model, scene.refusals()], [undefined, 1]);
    });
  }

  it("that a turn waits for no more is no refusal where it is not answered, and one where it is refused", async () => {
    for (const isRefused of [false, true]) {
      const scene = start();
      const given = assert.rejects(scene.settings.giveModel(sonnet, () => true), { code: "cli_failed" });
      if (isRefused) scene.answer("error");
      else scene.clock.pass(modelWaitMsMax);
      await given;
      assert.deepEqual([scene.settings.model, scene.refusals()], [undefined, isRefused ? 1 : 0]);
    }
  });

  it("is never given behind a message", async () => {
    const { asked, history, settings } = start();
    history.line([user("one")], 0, true);
    await assert.rejects(settings.giveModel(sonnet, () => false), { code: "cli_failed" });
    assert.deepEqual([asked, settings.model], [[], "opus"]);
  });
});

describe("the settings that a turn is likely to have", () => {
  const short = turnOf({ model: "opus", maxTokens: 2_000 });

  it("are not told again with a turn that has them", async () => {
    const { asked, settings, answer } = start();
    settings.presume(short);
    answer("success");
    await nextRound();
    assert.deepEqual(settings.tell(short), []);
    assert.deepEqual([asked.length, settings.hasUnanswered], [1, false]);
  });

  it("are not how its tools are to be used, nor the form of its answer", () => {
    const { asked, settings } = start();
    const answerFormat = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
    settings.presume(turnOf({ model: "opus", tools: [tool("look")], toolChoice: { type: "any" }, disableParallelToolUse: true, outputFormat: answerFormat }));
    assert.deepEqual(asked, []);
  });

  it("are told anew with a turn that comes before the CLI has answered, or after it has refused", async () => {
    for (const isRefused of [false, true]) {
      const { asked, settings, answer } = start();
      settings.presume(short);
      if (isRefused) answer("error");
      await nextRound();
      for (const told of settings.tell(short)) told.catch(() => {});
      assert.deepEqual(asked.slice(1).map(({ request }) => request.subtype), ["apply_flag_settings", "set_max_thinking_tokens"]);
    }
  });
});

describe("settings that were told before there was a turn", () => {
  const short = turnOf({ model: "opus", maxTokens: 2_000 });

  it("are told anew once, however often a turn is told before the CLI has answered", async () => {
    const { asked, settings } = start();
    settings.presume(short);
    for (const told of [...settings.tell(short), ...settings.tell(short)]) told.catch(() => {});
    assert.equal(asked.length, 3);
  });

  it("matter no more once a turn has been told its own, also where the CLI refuses them then", async () => {
    const { asked, control, settings } = start();
    settings.presume(short);
    for (const told of settings.tell(short)) told.catch(() => {});
    const answer = (index: number, subtype: string): void => control.settle({ response: { subtype, request_id: asked[index]?.request_id, error: "no" } });
    answer(0, "error");
    answer(1, "success");
    answer(2, "success");
    await nextRound();
    assert.deepEqual([settings.hasUnanswered, settings.suits(short)], [false, true]);
  });
});

describe("the settings of a turn", () => {
  it("are uncertain until the CLI has answered", async () => {
    const { settings, answer } = start();
    const [told] = settings.tell(turnOf({ model: "opus", maxTokens: 2_000 }));
    assert.equal(settings.hasUnanswered, true);
    answer("success");
    await told;
    await nextRound();
    assert.deepEqual([settings.hasUnanswered, settings.suits(turnOf({ model: "opus", maxTokens: 2_000 }))], [false, true]);
  });

  it("that are refused are not had, and the model is", async () => {
    const { settings, answer } = start();
    const [told = assert.fail()] = settings.tell(turnOf({ model: "opus", maxTokens: 2_000 }));
    const refused = assert.rejects(told);
    answer("error");
    await refused;
    assert.deepEqual([settings.hasUnanswered, settings.model, settings.suits(turnOf({ model: "opus", maxTokens: 2_000 }))], [false, "opus", false]);
  });
});

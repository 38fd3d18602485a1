import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RefusedParameters } from "../../src/engine/refused-parameters.ts";
import { BridgeError } from "../../src/errors.ts";
import type { Turn } from "../../src/turn/turn.ts";
import { syntheticLine } from "../support/cli-lines.ts";
import { startPuppeteer } from "../support/puppeteer.ts";
import { startEngine } from "../support/started-engine.ts";
import { collect, summaryOf } from "../support/turn-events.ts";
import { never, turnOf, user } from "../support/turns.ts";

const turn: Turn = turnOf({ model: "opus", sampling: { temperature: 0.3, topP: 0.9, topK: 5 }, thinking: { type: "disabled" }, stopSequences: ["END"] });
const refusal = (words: string): BridgeError => new BridgeError("invalid_request", `API Error: 400 ${words}`);

describe("the parameters that a model refuses", () => {
  for (const [words, name] of [
    ["`temperature` is deprecated for this model.", "temperature"],
    ["`temperature` and `top_p` cannot both be specified for this model. Please use only one.", "top_p"],
    ["`top_k` must be unset when thinking is enabled", "top_k"],
    ["stop_sequences: each stop sequence must contain non-whitespace", "stop_sequences"],
  ] as const) {
    it(`are learnt of ${JSON.stringify(words)}: ${name}`, () => {
      const refused = new RefusedParameters();
      assert.equal(refused.note(turn, refusal(words)), true);
      assert.deepEqual(refused.without(turn).refusedParameters, new Set([name]));
    });
  }

  it("are remembered one after the other, for that model and its thinking", () => {
    const refused = new RefusedParameters();
    assert.ok(refused.note(refused.without(turn), refusal("`temperature` is deprecated for this model.")));
    assert.ok(refused.note(refused.without(turn), refusal("`top_p` is deprecated for this model.")));
    assert.deepEqual(refused.without(turn).refusedParameters, new Set(["temperature", "top_p"]));
    for (const other of [{ ...turn, model: "haiku" }, { ...turn, thinking: { type: "adaptive" } } as const]) assert.equal(refused.without(other).refusedParameters, undefined);
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

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { factsTogether, recentUseMs, type WarmFacts, type WarmLimits, warmPlan } from "../../src/engine/warm-plan.ts";

const nowMs = 10 * recentUseMs;
const facts = (model: string, more: Partial<WarmFacts> = {}): WarmFacts => ({
  model, lastUseMs: nowMs - 1, misses: { count: 0, lastMs: 0 }, hasHabit: false, standIns: 0, ...more,
});
/** `opus 2+1`: two told nothing and one rehearsed. */
const plan = (all: readonly WarmFacts[], limits: Partial<WarmLimits> = {}): string =>
  warmPlan(all, { nowMs, warm: 2, places: 100, ...limits }).map(({ model, any, rehearsed }) => `${model} ${any}+${rehearsed}`).join(", ");

describe("how many processes are kept warm", () => {
  it("is so many for each model in use, the one used last first", () => {
    assert.equal(plan([facts("haiku"), facts("opus")]), "opus 2+0, haiku 2+0");
    assert.equal(plan([facts("haiku"), facts("opus")], { warm: 1 }), "opus 1+0, haiku 1+0");
  });

  it("is one at rest for the whole server, of the model used last", () => {
    const rested = { lastUseMs: nowMs - recentUseMs };
    assert.equal(plan([facts("haiku", rested), facts("opus", rested)]), "opus 1+0");
    assert.equal(plan([facts("haiku", rested), facts("opus")]), "opus 2+0", "one is in use");
  });

  it("is none where none is wanted, nothing was used, or there is no place", () => {
    assert.equal(plan([facts("opus")], { warm: 0 }), "");
    assert.equal(plan([]), "");
    assert.equal(plan([facts("opus")], { places: 0 }), "");
  });

  it("is more after requests that found none, until that is long ago", () => {
    assert.equal(plan([facts("opus", { misses: { count: 2, lastMs: nowMs - recentUseMs + 1 } })]), "opus 4+0");
    assert.equal(plan([facts("opus", { misses: { count: 2, lastMs: nowMs - recentUseMs } })]), "opus 2+0");
  });

  it("is half of beginnings that keep coming, where there are two or more", () => {
    assert.equal(plan([facts("opus", { hasHabit: true })]), "opus 1+1");
    assert.equal(plan([facts("opus", { hasHabit: true })], { warm: 1 }), "opus 1+0");
    assert.equal(plan([facts("opus", { hasHabit: true })], { warm: 5 }), "opus 3+2");
  });

  it("is fewer by the used ones that can stand in, but one is kept", () => {
    assert.equal(plan([facts("opus", { standIns: 1 })]), "opus 1+0");
    assert.equal(plan([facts("opus", { standIns: 9 })]), "opus 1+0");
    assert.equal(plan([facts("opus", { standIns: 1, hasHabit: true, misses: { count: 2, lastMs: nowMs } })]), "opus 2+1");
  });

  it("is no more than there are places, and each kind gets half of what there is", () => {
    assert.equal(plan([facts("haiku"), facts("opus", { hasHabit: true })], { warm: 4, places: 6 }), "opus 2+2, haiku 2+0");
    assert.equal(plan([facts("haiku"), facts("opus")], { places: 2 }), "opus 2+0");
    assert.equal(plan([facts("opus", { hasHabit: true })], { warm: 4, places: 1 }), "opus 1+0");
  });

  it("is for those models together of which one process serves any: of the one used last, with the misses of all", () => {
    const missed = { misses: { count: 1, lastMs: nowMs } };
    const together = (all: readonly WarmFacts[], alone = ""): string => plan(factsTogether(all, (model) => model !== alone));
    assert.equal(together([facts("haiku", missed), facts("opus")]), "opus 3+0");
    assert.equal(together([facts("haiku", { standIns: 1 }), facts("opus", { hasHabit: true })]), "opus 1+1");
    assert.equal(together([]), "");
    assert.equal(together([facts("haiku"), facts("odd"), facts("opus")], "odd"), "opus 2+0, odd 2+0");
    assert.equal(together([facts("haiku", missed), facts("odd")], "odd"), "odd 2+0, haiku 3+0");
    assert.equal(together([facts("odd")], "odd"), "odd 2+0");
  });
});

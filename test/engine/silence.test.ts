/** Processes that fall silent, and what becomes of their turns. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runningFakes } from "../support/fake-claude.ts";
import { waitUntilGone } from "../support/processes.ts";
import { startPuppeteer } from "../support/puppeteer.ts";
import { goneWithinMs, startEngine } from "../support/started-engine.ts";
import { collect, summaryOf } from "../support/turn-events.ts";
import { assistant, never, turnOf, user } from "../support/turns.ts";

describe("a resting process that gets no answer any more", () => {
  it("is ended, and its turn answered by another, once", async (t) => {
    const puppeteer = await startPuppeteer(t);
    const { engine } = startEngine(t, "puppet", { conversationIdleMsMax: 60_000, limits: { firstWordMsMax: 1_000 } });
    const history = [user(puppeteer.prompt())];
    const first = collect(engine.run(turnOf({ model: "opus", messages: history }), never));
    const puppet = await puppeteer.next();
    puppet.start();
    puppet.say("one");
    puppet.finish();
    assert.equal(summaryOf((await first).events).text, "one");

    const second = collect(engine.run(turnOf({ model: "opus", messages: [...history, assistant("one"), user(puppeteer.prompt("and?"))] }), never));
    const silent = await puppeteer.next();
    assert.equal(silent.pid, puppet.pid);
    const other = await puppeteer.next();
    assert.notEqual(other.pid, puppet.pid);
    other.start();
    other.say("two");
    other.finish();
    assert.equal(summaryOf((await second).events).text, "two");
    await waitUntilGone(puppet.pid, goneWithinMs);
    assert.deepEqual([runningFakes("puppet"), puppeteer.begun], [[other.pid], 3]);
  });
});

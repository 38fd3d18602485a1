import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { describe, it } from "node:test";
import { Waiters } from "../../src/engine/waiters.ts";
import { BridgeError, serverBusy } from "../../src/errors.ts";
import { clockOf } from "../support/hand-clock.ts";

const never = new AbortController().signal;

describe("those that wait", () => {
  it("are served in the order they came, each once, with what is made for it", async () => {
    const waiters = new Waiters<string>();
    const served = ["first", "second"].map(() => waiters.wait(never));
    assert.equal(waiters.size, 2);
    assert.deepEqual([waiters.serveNext(() => "a"), waiters.serveNext(() => "b")], [true, true]);
    assert.deepEqual(await Promise.all(served), ["a", "b"]);
    assert.equal(waiters.size, 0);
  });

  it("when there are none, nothing is made", () => {
    assert.equal(new Waiters<string>().serveNext(() => assert.fail("made for nobody")), false);
  });

  it("leave with their client, also one that had left before, and the next is served in their place", async () => {
    const waiters = new Waiters<string>();
    const [leaver, gone] = [new AbortController(), new AbortController()];
    gone.abort();
    const left = assert.rejects(waiters.wait(leaver.signal), { code: "client_closed" });
    await assert.rejects(waiters.wait(gone.signal), { code: "client_closed" });
    const next = waiters.wait(never);
    leaver.abort();
    await left;
    waiters.serveNext(() => "a");
    assert.equal(await next, "a");
  });

  it("leave when their patience is over, and are told why", async (t) => {
    const waiters = new Waiters<string>();
    const impatient = assert.rejects(waiters.wait(never, { clock: clockOf(t), ms: 100, error: () => serverBusy("too long") }), { code: "server_busy", message: "too long" });
    clockOf(t).pass(99);
    assert.equal(waiters.size, 1);
    clockOf(t).pass(1);
    await impatient;
    assert.equal(waiters.size, 0);
  });

  it("are all refused at the close", async () => {
    const waiters = new Waiters<string>();
    const refused = [never, never].map((signal) => assert.rejects(waiters.wait(signal), { code: "shutting_down" }));
    waiters.refuseAll(new BridgeError("shutting_down", "over"));
    await Promise.all(refused);
    assert.equal(waiters.size, 0);
  });

  it("leave nothing behind, whichever way they go", async (t) => {
    const waiters = new Waiters<string>();
    const { signal } = new AbortController();
    const served = waiters.wait(signal, { clock: clockOf(t), ms: 100, error: () => assert.fail("its time ran on") });
    waiters.serveNext(() => "a");
    await served;
    clockOf(t).pass(1_000);
    assert.equal(clockOf(t).pending, 0);
    assert.deepEqual(getEventListeners(signal, "abort"), []);
  });
});

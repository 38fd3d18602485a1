/** A turn whose history a process has that is being taken back. */
import assert from "node:assert/strict";
import { it, type TestContext } from "node:test";
import type { OwnedProcess, Use } from "../../src/engine/owned-process.ts";
import { timelineOf } from "../../src/engine/history-hash.ts";
import { leaveWaitMsMax, TakeBacks, takeBackWaitMsMax } from "../../src/engine/take-backs.ts";
import { clockOf } from "../support/hand-clock.ts";
import { assistant, never, turnOf, user } from "../support/turns.ts";

const timeline = (texts: readonly string[]) => timelineOf(turnOf({
  model: "opus", messages: texts.map((text, index) => (index % 2 === 0 ? user(text) : assistant(text))),
}));

/** A process has "one" and "two", and its turn with "three" was left. */
function start(t: TestContext) {
  const clock = clockOf(t);
  const takeBacks = new TakeBacks(clock);
  const owned = { use: { name: "running", timeline: timeline(["one", "two", "three"]) } } as unknown as OwnedProcess;
  takeBacks.note(owned);
  const end = (): void => {
    owned.use = { name: "resting", timeline: timeline(["one", "two"]) } as unknown as Use;
    takeBacks.offer();
  };
  const wait = (texts: readonly string[], { kept = 0, signal = never } = {}): Promise<void> =>
    takeBacks.wait({ timeline: timeline(texts), signal, all: () => [owned], kept: () => kept });
  return { clock, takeBacks, owned, end, wait };
}
const turn = ["one", "two", "four"];

it("waits where the process has more of its history than any free one, until that is over", async (t) => {
  const { clock, takeBacks, end, wait } = start(t);
  for (const kept of [0, 1]) {
    const waiting = wait(turn, { kept });
    assert.equal(clock.pending, 1);
    takeBacks.offer();
    await Promise.resolve();
    if (kept === 1) end();
    else clock.pass(takeBackWaitMsMax);
    await waiting;
    assert.equal(clock.pending, 0);
  }
});

it("waits for nothing that the process will have lost, nor for what a free one has", async (t) => {
  const { clock, wait } = start(t);
  for (const texts of [["one"], ["three"], ["other", "two", "four"]]) await wait(texts);
  await wait(turn, { kept: 2 });
  assert.equal(clock.pending, 0);
});

it("waits a little where the client of the other turn still reads, and longer once that has left", async (t) => {
  const { clock, takeBacks, owned, end, wait } = start(t);
  owned.use = { name: "running", timeline: timeline(["one", "two", "other"]) } as unknown as Use;
  const branch = wait(turn);
  clock.pass(leaveWaitMsMax);
  await branch;
  const next = wait(turn);
  takeBacks.note(owned);
  clock.pass(leaveWaitMsMax);
  await new Promise(setImmediate);
  assert.equal(clock.pending, 1);
  end();
  await next;
  assert.equal(clock.pending, 0);
});

it("goes on when its client leaves", async (t) => {
  const { clock, wait } = start(t);
  const leaving = new AbortController();
  const left = wait(turn, { signal: leaving.signal });
  leaving.abort();
  await left;
  assert.equal(clock.pending, 0);
});

/** Never more processes than --max-processes says, those that are just dying among them, whatever clients do. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { startEmbeddedWith } from "../support/embedded-server.ts";
import { healthOf, waitForHealth } from "../support/health.ts";
import { countLiveProcesses, type LiveProcesses } from "../support/live-processes.ts";
import { startPuppeteer } from "../support/puppeteer.ts";
import { sampleOf } from "../support/sample.ts";
import { chatRequest } from "../support/sse.ts";

const onlyPosix = process.platform === "win32" ? "Windows knows no SIGTERM that a process could refuse" : false;
const conversationIdleSeconds = 600;
const caps = [1, 2, 3];
/** For each process that there may be: enough that some are still dying when the next is asked for. */
const leavers = sampleOf({ what: "clients that leave, by the cap", small: 2, whole: 4 });

const question = (content: string): object => ({ model: "opus", stream: true, messages: [{ role: "user", content }] });

async function start(t: TestContext, fake: string, maxProcesses: number): Promise<{ url: string; live: LiveProcesses }> {
  const live = countLiveProcesses(t);
  const { url } = await startEmbeddedWith(t, fake, { maxProcesses, maxQueue: 20, warm: 2, conversationIdleSeconds });
  return { url, live };
}

/** A client that asks and leaves as soon as its turn runs. */
async function askAndLeave(url: string, content: string): Promise<void> {
  const leaving = new AbortController();
  const left = assert.rejects(chatRequest(url, question(content), { signal: leaving.signal }).then((response) => response.text()), { name: "AbortError" });
  await waitForHealth(url, ({ running_turns }) => running_turns > 0);
  leaving.abort();
  await left;
  await waitForHealth(url, ({ running_turns }) => running_turns === 0);
}

for (const cap of caps) {
  describe(`with at most ${cap} processes`, () => {
    it("clients that leave one after the other do not make it more, and who stays is served", async (t) => {
      const puppeteer = await startPuppeteer(t);
      const { url, live } = await start(t, "puppet", cap);
      for (let round = 0; round < 2 * leavers; round++) await askAndLeave(url, puppeteer.prompt(`leaver ${round}`));
      const asking = chatRequest(url, question(puppeteer.prompt("who stays")));
      let puppet = await puppeteer.next();
      // Some that left had begun.
      while (!puppet.prompt.endsWith("who stays")) puppet = await puppeteer.next();
      puppet.start();
      puppet.say("served");
      puppet.finish();
      assert.match(await (await asking).text(), /"content":"served"/);
      assert.ok(live.most <= cap, `${live.most} at once`);
      // A place is taken a moment before its process starts, so the two may differ for as long.
      await waitForHealth(url, ({ processes }) => processes.all === live.now);
    });

    it("nor do they where no process ends on SIGTERM", { skip: onlyPosix }, async (t) => {
      const { url, live } = await start(t, "clings-to-life", cap);
      for (let round = 0; round < leavers * cap; round++) await askAndLeave(url, `leaver ${round}`);
      // There is room again, and what it is for.
      await waitForHealth(url, ({ processes }) => processes.warm > 0);
      assert.ok(live.most <= cap, `${live.most} at once`);
    });

    it("a crowd in which all are served, and each conversation rests, does not either", async (t) => {
      const { url, live } = await start(t, "answers", cap);
      const answers = await Promise.all(Array.from({ length: 10 }, async (_, index) => (await chatRequest(url, question(`WORDS ${index + 1}`))).text()));
      for (const [index, answer] of answers.entries()) assert.match(answer, new RegExp(`"content":"[^"]*w${index} "[\\s\\S]*\\[DONE\\]`));
      assert.ok(live.most <= cap, `${live.most} at once`);
      assert.equal((await healthOf(url)).processes.resting > 0, true);
    });
  });
}

it("a server that starts with room for one asks what is served, and then keeps one warm", async (t) => {
  const { url, live } = await start(t, "answers", 1);
  const { claude } = await waitForHealth(url, ({ processes }) => processes.warm === 1);
  assert.deepEqual([claude.logged_in, live.most, live.started], [true, 1, 2]);
});

/**
 * A client that leaves takes nothing with it: its place is free, and nobody else notices. Its process ends, as this CLI
 * cannot be rewound; one that can be stays, and its turn is taken back (test/real/moved-processes).
 */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { startEmbeddedWith } from "../support/embedded-server.ts";
import { waitForHealth } from "../support/health.ts";
import { isRunning, waitUntilGone } from "../support/processes.ts";
import { type Puppet, type Puppeteer, startPuppeteer } from "../support/puppeteer.ts";
import { chatRequest, readStrictSse } from "../support/sse.ts";

const goneMsMax = 20_000;
const question = (content: string, stream: boolean): object => ({ model: "opus", stream, messages: [{ role: "user", content }] });

/** A client that can leave; its request is on its way. */
function client(url: string, content: string, stream: boolean): { leave: () => void; failed: Promise<void> } {
  const leaving = new AbortController();
  const asking = chatRequest(url, question(content, stream), { signal: leaving.signal }).then((response) => response.text());
  return { leave: () => leaving.abort(), failed: assert.rejects(asking, { name: "AbortError" }) };
}

/** Another client, in the middle of its stream. */
async function bystander(url: string, puppeteer: Puppeteer): Promise<{ puppet: Puppet; isUntouched: () => Promise<void> }> {
  const asking = chatRequest(url, question(puppeteer.prompt("bystander"), true));
  const puppet = await puppeteer.next();
  puppet.start();
  puppet.say("one ");
  const response = await asking;
  return {
    puppet,
    isUntouched: async () => {
      assert.equal(isRunning(puppet.pid), true);
      puppet.say("two");
      puppet.finish();
      const { data } = await readStrictSse(response);
      const text = data.slice(0, -1).map((chunk) => (JSON.parse(chunk) as { choices: { delta: { content?: string } }[] }).choices[0]?.delta.content ?? "").join("");
      assert.deepEqual([text, data.at(-1)], ["one two", "[DONE]"]);
    },
  };
}

async function isPlaceFree(url: string, puppeteer: Puppeteer): Promise<void> {
  const asking = chatRequest(url, question(puppeteer.prompt("next"), false));
  const puppet = await puppeteer.next();
  assert.match(puppet.prompt, /next$/);
  puppet.start();
  puppet.say("served");
  puppet.finish();
  assert.match(await (await asking).text(), /"content":"served"/);
}

async function start(t: TestContext, maxProcesses: number): Promise<{ url: string; puppeteer: Puppeteer }> {
  const puppeteer = await startPuppeteer(t);
  const { url } = await startEmbeddedWith(t, "puppet", { maxProcesses });
  return { url, puppeteer };
}

for (const stream of [true, false]) {
  describe(stream ? "a client that streams" : "a client that waits for the whole", () => {
    it("and leaves before the first delta", async (t) => {
      const { url, puppeteer } = await start(t, 2);
      const other = await bystander(url, puppeteer);
      const leaver = client(url, puppeteer.prompt("leaver"), stream);
      const puppet = await puppeteer.next();
      leaver.leave();
      await leaver.failed;
      await waitUntilGone(puppet.pid, goneMsMax);
      await isPlaceFree(url, puppeteer);
      await other.isUntouched();
    });

    it("and leaves in the middle", async (t) => {
      const { url, puppeteer } = await start(t, 2);
      const other = await bystander(url, puppeteer);
      const leaver = client(url, puppeteer.prompt("leaver"), stream);
      const puppet = await puppeteer.next();
      puppet.start();
      puppet.say("some of it");
      // Said before, and on a younger connection: the server has had the delta when this is answered.
      await waitForHealth(url, ({ running_turns }) => running_turns === 2);
      leaver.leave();
      await leaver.failed;
      await waitUntilGone(puppet.pid, goneMsMax);
      await isPlaceFree(url, puppeteer);
      await other.isUntouched();
    });

    it("and leaves while it waits for a place never begins", async (t) => {
      const { url, puppeteer } = await start(t, 1);
      const other = await bystander(url, puppeteer);
      const leaver = client(url, puppeteer.prompt("leaver"), stream);
      await waitForHealth(url, ({ waiting_turns }) => waiting_turns === 1);
      leaver.leave();
      await leaver.failed;
      await waitForHealth(url, ({ waiting_turns }) => waiting_turns === 0);
      await other.isUntouched();
      await isPlaceFree(url, puppeteer);
      assert.equal(puppeteer.begun, 2, "the bystander and the next");
    });

    it("and leaves in a later turn of its conversation ends the process it had", async (t) => {
      const { url, puppeteer } = await start(t, 2);
      const first = [{ role: "user", content: puppeteer.prompt("first") }];
      const asking = chatRequest(url, { messages: first });
      const puppet = await puppeteer.next();
      puppet.start();
      puppet.say("answer");
      puppet.finish();
      await (await asking).text();
      const leaving = new AbortController();
      const more = [...first, { role: "assistant", content: "answer" }, { role: "user", content: puppeteer.prompt("second") }];
      const failed = assert.rejects(chatRequest(url, { stream, messages: more }, { signal: leaving.signal }).then((response) => response.text()), { name: "AbortError" });
      const again = await puppeteer.next();
      assert.equal(again.pid, puppet.pid);
      leaving.abort();
      await failed;
      await waitUntilGone(puppet.pid, goneMsMax);
      await waitForHealth(url, ({ processes, running_turns }) => processes.all === 0 && running_turns === 0);
    });
  });
}

describe("a crowd of clients that all leave", () => {
  it("leaves no process and no turn behind", async (t) => {
    const { url, puppeteer } = await start(t, 4);
    const leavers = Array.from({ length: 12 }, (_, index) => client(url, puppeteer.prompt(`leaver ${index}`), index % 2 === 0));
    const puppets = await Promise.all(Array.from({ length: 4 }, () => puppeteer.next()));
    await waitForHealth(url, ({ waiting_turns }) => waiting_turns === 8);
    for (const { leave } of leavers) leave();
    await Promise.all(leavers.map(({ failed }) => failed));
    for (const { pid } of puppets) await waitUntilGone(pid, goneMsMax);
    await waitForHealth(url, ({ running_turns, waiting_turns, processes }) => running_turns + waiting_turns + processes.all === 0);
    await isPlaceFree(url, puppeteer);
  });
});

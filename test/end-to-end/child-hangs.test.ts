/** A claude that falls silent is given up after the named time, and its process ended. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startEmbeddedWith } from "../support/embedded-server.ts";
import { runningFakes } from "../support/fake-claude.ts";
import { waitForHealth } from "../support/health.ts";
import { openAiErrorIn, openAiErrorOf } from "../support/openai-error.ts";
import { waitUntilGone } from "../support/processes.ts";
import { startPuppeteer } from "../support/puppeteer.ts";
import { chatRequest, readStrictSse } from "../support/sse.ts";

const goneMsMax = 20_000;

describe("a claude that hangs", { concurrency: true }, () => {
  for (const stream of [true, false]) {
    it(`before the first delta is a 504, ${stream ? "streamed" : "not streamed"}`, async (t) => {
      const puppeteer = await startPuppeteer(t);
      const { url } = await startEmbeddedWith(t, "puppet", { turnTimeoutSeconds: 1, maxProcesses: 1 });
      const ask = { stream, messages: [{ role: "user", content: puppeteer.prompt() }] };
      const error = await openAiErrorIn(await chatRequest(url, ask));
      assert.deepEqual([error.status, error.type, error.code, error.param], [504, "timeout", "turn_timeout", null]);
      assert.match(error.message, /silent for 1 s/);
      await waitForHealth(url, ({ running_turns, processes }) => running_turns + processes.all === 0);
      if (!stream) return;
      // The place is free: the next one gets it, and its own 504.
      const next = await chatRequest(url, ask);
      assert.equal(next.status, 504);
      await next.text();
    });
  }

  it("after a delta is an error event: no finish, no end mark", async (t) => {
    const puppeteer = await startPuppeteer(t);
    // Long enough for a busy machine to boot a puppet in.
    const { url } = await startEmbeddedWith(t, "puppet", { turnTimeoutSeconds: 4 });
    const asking = chatRequest(url, { stream: true, messages: [{ role: "user", content: puppeteer.prompt() }] });
    const puppet = await puppeteer.next();
    puppet.start();
    puppet.say("half an ");
    const { data } = await readStrictSse(await asking);
    assert.match(data.at(-2) ?? "", /"content":"half an ".*"finish_reason":null/);
    const error = openAiErrorOf(data.at(-1) ?? "");
    assert.deepEqual([error.type, error.code], ["timeout", "turn_timeout"]);
    await waitUntilGone(puppet.pid, goneMsMax);
  });

  it("and does not read either is ended all the same", async (t) => {
    const { url } = await startEmbeddedWith(t, "never-reads", { turnTimeoutSeconds: 1 });
    const error = await openAiErrorIn(await chatRequest(url, { messages: [{ role: "user", content: "x".repeat(5_000_000) }] }));
    assert.deepEqual([error.status, error.code], [504, "turn_timeout"]);
    // The one that was asked at the start what it serves has not answered either; the server still waits for it.
    await waitForHealth(url, ({ processes, running_turns }) => running_turns === 0 && processes.all <= 1);
    assert.ok(runningFakes("never-reads").length <= 1);
  });
});

/** A claude that dies is told as a failure, never as an end, and the next request is served. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startEmbeddedWith } from "../support/embedded-server.ts";
import { healthOf, waitForHealth } from "../support/health.ts";
import { openAiErrorIn, openAiErrorOf } from "../support/openai-error.ts";
import { waitUntilGone } from "../support/processes.ts";
import { type Puppeteer, startPuppeteer } from "../support/puppeteer.ts";
import { chatRequest, readStrictSse } from "../support/sse.ts";

const goneMsMax = 20_000;

interface Chunk { readonly choices?: readonly { readonly delta: { readonly content?: string }; readonly finish_reason: string | null }[] }

async function isServed(url: string, puppeteer: Puppeteer): Promise<void> {
  const asking = chatRequest(url, { messages: [{ role: "user", content: puppeteer.prompt("next") }] });
  const puppet = await puppeteer.next();
  puppet.start();
  puppet.finish();
  assert.equal((await asking).status, 200);
}

describe("a claude that is killed", () => {
  it("in the middle of a stream: an error is the last event, no finish, no end mark, and the connection ends", async (t) => {
    const puppeteer = await startPuppeteer(t);
    const { url } = await startEmbeddedWith(t, "puppet", { maxProcesses: 1 });
    const asking = chatRequest(url, { stream: true, stream_options: { include_usage: true }, messages: [{ role: "user", content: puppeteer.prompt() }] });
    const puppet = await puppeteer.next();
    puppet.start();
    puppet.say("half an ");
    const response = await asking;
    process.kill(puppet.pid, "SIGKILL");
    const { data } = await readStrictSse(response);
    const chunks = data.slice(0, -1).map((chunk) => JSON.parse(chunk) as Chunk);
    assert.equal(chunks.map(({ choices }) => choices?.[0]?.delta.content ?? "").join(""), "half an ");
    assert.ok(chunks.every(({ choices }) => choices?.[0]?.finish_reason === null));
    const error = openAiErrorOf(data.at(-1) ?? "");
    assert.deepEqual([error.type, error.code, error.param], ["server_error", "claude_cli_failed", null]);
    assert.match(error.message, /signal SIGKILL/);
    await waitUntilGone(puppet.pid, goneMsMax);
    await isServed(url, puppeteer);
  });

  for (const [when, stream, said] of [["before the first delta of a stream", true, false], ["before the first delta", false, false], ["in the middle of an answer that is not streamed", false, true]] as const) {
    it(`${when}: an HTTP 502`, async (t) => {
      const puppeteer = await startPuppeteer(t);
      const { url } = await startEmbeddedWith(t, "puppet", { maxProcesses: 1 });
      const asking = chatRequest(url, { stream, messages: [{ role: "user", content: puppeteer.prompt() }] });
      const puppet = await puppeteer.next();
      puppet.start();
      if (said) puppet.say("half an ");
      puppet.die();
      const error = await openAiErrorIn(await asking);
      assert.deepEqual([error.status, error.type, error.code], [502, "server_error", "claude_cli_failed"]);
      assert.doesNotMatch(error.message, /half an/);
      await isServed(url, puppeteer);
    });
  }

  it("before it has said anything is not noticed: another is asked the same", async (t) => {
    const puppeteer = await startPuppeteer(t);
    const { url } = await startEmbeddedWith(t, "puppet", { maxProcesses: 1 });
    const asking = chatRequest(url, { messages: [{ role: "user", content: puppeteer.prompt() }] });
    const puppet = await puppeteer.next();
    puppet.die();
    const next = await puppeteer.next();
    assert.deepEqual([next.pid === puppet.pid, next.prompt], [false, puppet.prompt]);
    next.start();
    next.say("served");
    next.finish();
    assert.match(await (await asking).text(), /"content":"served"/);
  });

  it("between two turns of a conversation is not noticed: its history is replayed", async (t) => {
    const puppeteer = await startPuppeteer(t);
    const { url } = await startEmbeddedWith(t, "puppet");
    const first = { role: "user", content: puppeteer.prompt("first") };
    const asking = chatRequest(url, { messages: [first] });
    const puppet = await puppeteer.next();
    puppet.start();
    puppet.say("answer");
    puppet.finish();
    await (await asking).text();
    process.kill(puppet.pid, "SIGKILL");
    await waitForHealth(url, ({ processes }) => processes.all === 0);
    const again = chatRequest(url, { messages: [first, { role: "assistant", content: "answer" }, { role: "user", content: puppeteer.prompt("second") }] });
    const next = await puppeteer.next();
    assert.notEqual(next.pid, puppet.pid);
    next.start();
    next.say("served");
    next.finish();
    assert.match(await (await again).text(), /"content":"served"/);
    assert.equal((await healthOf(url)).turns.told["process_ended"], 1);
  });
});

describe("a claude that ends by itself", () => {
  it("in the middle tells its exit code and its last words", async (t) => {
    const { url } = await startEmbeddedWith(t, "dies-midway");
    const { data } = await readStrictSse(await chatRequest(url, { stream: true, messages: [{ role: "user", content: "hello" }] }));
    const error = openAiErrorOf(data.at(-1) ?? "");
    assert.equal(error.code, "claude_cli_failed");
    assert.match(error.message, /exit code 7\): last words$/);
    const whole = await openAiErrorIn(await chatRequest(url, { messages: [{ role: "user", content: "hello" }] }));
    assert.equal(whole.status, 502);
  });

  it("at its boot, every time, is a 502 every time, and the server lives", async (t) => {
    const { url } = await startEmbeddedWith(t, "crashes-at-boot", { warm: 2 });
    for (let round = 0; round < 3; round += 1) {
      const error = await openAiErrorIn(await chatRequest(url, { stream: round % 2 === 0, messages: [{ role: "user", content: "hello" }] }));
      assert.deepEqual([error.status, error.code], [502, "claude_cli_failed"]);
      assert.match(error.message, /exit code 3.*cannot boot/);
    }
    await waitForHealth(url, ({ running_turns }) => running_turns === 0);
    const { status, claude } = await healthOf(url);
    assert.equal(status, "unavailable");
    assert.match(claude.message ?? "", /^The claude process ended as it booted \(exit code 3\)\. Run `claude` in a terminal/);
  });

  it("without a word in place of an answer is no answer", async (t) => {
    const { url } = await startEmbeddedWith(t, "exits-quietly");
    const error = await openAiErrorIn(await chatRequest(url, { stream: true, messages: [{ role: "user", content: "hello" }] }));
    assert.equal(error.status, 502);
  });
});

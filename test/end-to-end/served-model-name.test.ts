/** The served model's name comes from upstream and goes into a header: whatever it holds, the server goes on. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startEmbeddedWith } from "../support/embedded-server.ts";
import { waitForHealth } from "../support/health.ts";
import { type Puppet, startPuppeteer } from "../support/puppeteer.ts";
import { chatRequest } from "../support/sse.ts";

/** Long enough for a busy machine to have read the served model before it is over: the CLI's process is up by then. */
const headWaitSeconds = 2;

/** The head of an answer by the model of that name. */
function startAs(puppet: Puppet, model: string): void {
  const usage = { input_tokens: 1, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 1 };
  for (const event of [
    { type: "message_start", message: { id: "msg_odd", type: "message", role: "assistant", model, content: [], usage } },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  ]) puppet.raw(`${JSON.stringify({ type: "stream_event", event, session_id: "fake", parent_tool_use_id: null })}\n`);
}

describe("a served model", { concurrency: true }, () => {
  for (const [what, model, header] of [
    ["signs that no header can hold", "claude-\u{1f600} \u2028", "claude-%F0%9F%98%80 %E2%80%A8"],
    ["the end of a header in it", "claude\r\nset-cookie: a=b", "claude%0D%0Aset-cookie: a=b"],
    ["half a sign", "claude-\ud83d", "claude-%EF%BF%BD"],
    ["more signs than a header should", "x".repeat(100_000), null],
    ["no sign", "", null],
  ] as const) {
    for (const stream of [true, false]) {
      it(`with ${what}, ${stream ? "told after the head's wait in a stream" : "in a whole answer"}`, async (t) => {
        const puppeteer = await startPuppeteer(t);
        const wait = stream ? headWaitSeconds : 600;
        const { url } = await startEmbeddedWith(t, "puppet", { headWaitSeconds: wait, maxProcesses: 1, warm: 1 });
        await waitForHealth(url, ({ processes }) => processes.warm === 1);
        const asking = chatRequest(url, { stream, messages: [{ role: "user", content: puppeteer.prompt() }] });
        const puppet = await puppeteer.next();
        startAs(puppet, model);
        // A stream's head is here before the first word.
        const answered = stream ? await asking : undefined;
        puppet.say("hello");
        puppet.finish();
        const response = answered ?? await asking;
        assert.equal(response.status, 200);
        assert.equal(response.headers.get("x-claude-model"), header);
        assert.equal(response.headers.get("set-cookie"), null);
        assert.match(await response.text(), /hello/u);
        assert.equal((await fetch(`${url}/health`)).status, 200);
      });
    }
  }
});

/** Readers that stop in the middle of a long answer cost the server nothing, and nothing of their answers is lost. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { it } from "node:test";
import { startBridge } from "../support/bridge-process.ts";
import { fakeClaudePath } from "../support/fake-claude.ts";
import { memoryOf } from "../support/processes.ts";

const readers = 8;
/** That long the readers stop: it is what is tested, not waited for. */
const stallMs = 5_000;
const peakBytesMax = 200_000_000;
/** What `bursts` answers. */
const deltas = 50_000;
const deltaChars = 1_000;
/** A chunk of text has about 250 bytes around it. */
const answerBytesMin = 60_000_000;

/** What the stream must be to the byte: only the identity in its first chunk is not known before. */
function expectedHash(firstChunk: string): string {
  const [, head = ""] = /^(data: \{.*"choices":\[)\{"index":0,"delta":\{"role":"assistant","content":"","refusal":null\}/.exec(firstChunk) ?? assert.fail(firstChunk);
  const tail = ',"logprobs":null,"finish_reason":null}]}\n\n';
  const hash = createHash("sha256");
  hash.update(`${head}{"index":0,"delta":{"role":"assistant","content":"","refusal":null}${tail}`);
  for (let delta = 0; delta < deltas; delta += 1) hash.update(`${head}{"index":0,"delta":{"content":"${String(delta).padEnd(deltaChars, ".")}"}${tail}`);
  hash.update(`${head}{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`);
  return hash.digest("hex");
}

async function ask(url: string): Promise<IncomingMessage> {
  const asking = request(`${url}/v1/chat/completions`, { method: "POST", headers: { "content-type": "application/json" } });
  asking.end(JSON.stringify({ model: "opus", stream: true, messages: [{ role: "user", content: "All of it." }] }));
  const [response] = await once(asking, "response") as [IncomingMessage];
  assert.equal(response.statusCode, 200);
  return response;
}

it("eight readers that stop for 5 s on 50 MB each: the server stays below 200 MB, and every byte arrives", { skip: process.platform === "linux" ? false : "needs /proc" }, async (t) => {
  // Heartbeats would stand between the chunks that are compared.
  const bridge = await startBridge(t, { args: ["--claude", fakeClaudePath("bursts"), "--warm", "0", "--max-processes", String(readers), "--heartbeat", "0"] });
  const responses = await Promise.all(Array.from({ length: readers }, () => ask(bridge.url)));
  // Nobody reads a byte: sockets, pipes and what stands between them fill up.
  await delay(stallMs);
  const stalled = memoryOf(bridge.child.pid ?? 0).residentBytesMax;
  assert.ok(stalled <= peakBytesMax, `${stalled} bytes while nobody read`);

  await Promise.all(responses.map(async (response) => {
    const hash = createHash("sha256");
    let first = "";
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      if (!first.includes("\n\n")) first += chunk.toString("latin1");
      hash.update(chunk);
      bytes += chunk.length;
    }
    assert.ok(bytes > answerBytesMin, `${bytes} bytes`);
    assert.equal(hash.digest("hex"), expectedHash(first));
  }));
  const peak = memoryOf(bridge.child.pid ?? 0).residentBytesMax;
  t.diagnostic(`peak of the server: ${Math.round(stalled / 1e6)} MB while nobody read, ${Math.round(peak / 1e6)} MB at the end`);
  assert.ok(peak <= peakBytesMax, `${peak} bytes`);
});

/** Answers that are given whole and that nobody reads: what the server holds of them has a bound. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { it } from "node:test";
import { startBridge } from "../support/bridge-process.ts";
import { fakeClaudePath } from "../support/fake-claude.ts";
import { waitForHealth } from "../support/health.ts";
import { memoryOf } from "../support/processes.ts";

const skip = process.platform === "linux" ? false : "needs /proc";
/** What `bursts` answers: 50 MB. */
const text = Array.from({ length: 50_000 }, (_, delta) => String(delta).padEnd(1_000, ".")).join("");
const unread = 3;
/** What the server itself takes, 128 MB of answers, and what V8 has not collected yet. */
const peakBytesMax = 330_000_000;

async function ask(url: string): Promise<IncomingMessage> {
  const headers = { "content-type": "application/json" };
  const asking = request(`${url}/v1/chat/completions`, { method: "POST", headers });
  asking.end(JSON.stringify({ model: "opus", messages: [{ role: "user", content: "All of it." }] }));
  const [response] = await once(asking, "response") as [IncomingMessage];
  assert.equal(response.statusCode, 200);
  return response;
}

async function contentOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  const { choices } = JSON.parse(Buffer.concat(chunks).toString()) as { choices: { message: { content: string } }[] };
  return choices[0]?.message.content ?? "";
}

it("three of 50 MB: the newest are given whole, the oldest is cut, and the server stays small", { skip }, async (t) => {
  const args = ["--claude", fakeClaudePath("bursts"), "--warm", "0", "--max-processes", "1"];
  const bridge = await startBridge(t, { args });
  const responses: IncomingMessage[] = [];
  for (let answer = 0; answer < unread; answer += 1) {
    const response = await ask(bridge.url);
    // One that is cut is told to who reads it.
    response.on("error", () => {});
    responses.push(response);
  }
  await waitForHealth(bridge.url, ({ running_turns }) => running_turns === 0);
  const { residentBytes, residentBytesMax } = memoryOf(bridge.child.pid ?? 0);
  const inMegabytes = (bytes: number): number => Math.round(bytes / 1e6);
  t.diagnostic(`${inMegabytes(residentBytes)} MB with ${unread} unread, at most ${inMegabytes(residentBytesMax)} MB`);
  assert.ok(residentBytesMax <= peakBytesMax, `${residentBytesMax} bytes`);
  const [oldest, ...newest] = responses;
  await assert.rejects(contentOf(oldest ?? assert.fail()), { code: "ECONNRESET" });
  for (const held of newest) assert.ok(await contentOf(held) === text, "every byte arrives");
});

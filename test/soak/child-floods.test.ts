/** A claude that writes without end costs its own turn and nothing else; the server, a process of its own, keeps its size. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { heldBytesMax } from "../../src/claude/lines.ts";
import { type BridgeProcess, startBridge } from "../support/bridge-process.ts";
import { fakeClaudePath } from "../support/fake-claude.ts";
import { waitForHealth } from "../support/health.ts";
import { openAiErrorIn, openAiErrorOf } from "../support/openai-error.ts";
import { listProcesses, memoryOf, waitUntilGone } from "../support/processes.ts";
import { startPuppeteer } from "../support/puppeteer.ts";
import { openSocket } from "../support/raw-http.ts";
import { chatRequest, readStrictSse } from "../support/sse.ts";

const onlyLinux = process.platform === "linux" ? false : "needs /proc";
const pieceBytes = 1024 * 1024;
const goneMsMax = 20_000;
const hello = [{ role: "user", content: "hello" }];
const floodedBytesMax = 300_000_000;

function peakOf({ child }: BridgeProcess): number {
  return memoryOf(child.pid ?? 0).residentBytesMax;
}

const argsFor = (fake: string): string[] => ["--claude", fakeClaudePath(fake), "--warm", "0", "--head-wait", "600"];

describe("a claude that floods", { concurrency: true, skip: onlyLinux }, () => {
  it("with a line that never ends is a 502, and the server stays within bounds", async (t) => {
    const bridge = await startBridge(t, { args: argsFor("floods-one-line") });
    for (const stream of [true, false]) {
      const error = await openAiErrorIn(await chatRequest(bridge.url, { stream, messages: hello }));
      assert.deepEqual([error.status, error.code], [502, "claude_cli_failed"]);
      assert.match(error.message, /a line that is longer than can be read/);
    }
    await waitForHealth(bridge.url, ({ processes, running_turns }) => processes.all + running_turns === 0);
    assert.ok(peakOf(bridge) < floodedBytesMax, `${peakOf(bridge)} bytes`);
  });

  it("with a line that never ends after a delta is an error event", async (t) => {
    const puppeteer = await startPuppeteer(t);
    const bridge = await startBridge(t, { args: argsFor("puppet") });
    const asking = chatRequest(bridge.url, { stream: true, messages: [{ role: "user", content: puppeteer.prompt() }] });
    const puppet = await puppeteer.next();
    puppet.start();
    puppet.say("half an ");
    for (let bytes = 0; bytes <= heldBytesMax; bytes += pieceBytes) puppet.raw("x".repeat(pieceBytes));
    const { data } = await readStrictSse(await asking);
    assert.match(data.at(-2) ?? "", /"content":"half an "/);
    assert.equal(openAiErrorOf(data.at(-1) ?? "").code, "claude_cli_failed");
    await waitUntilGone(puppet.pid, goneMsMax);
    assert.ok(peakOf(bridge) < floodedBytesMax, `${peakOf(bridge)} bytes`);
  });

  it("with deltas, before a client that does not read, is held back; and ended when the client leaves", async (t) => {
    const bridge = await startBridge(t, { args: argsFor("floods") });
    const socket = await openSocket(t, bridge.url);
    const body = JSON.stringify({ stream: true, messages: hello });
    socket.write(`POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    await once(socket, "data");
    socket.pause();
    const [fake] = listProcesses(fakeClaudePath("floods"), bridge.child.pid).filter(({ command }) => command.includes("stream-json"));
    assert.ok(fake !== undefined);
    // As many turns as a flood of some hundred megabytes would take, were it not held back.
    for (let turns = 0; turns < 500; turns += 1) await (await fetch(`${bridge.url}/health`)).text();
    assert.ok(peakOf(bridge) < floodedBytesMax, `${peakOf(bridge)} bytes`);
    socket.resetAndDestroy();
    await waitUntilGone(fake.pid, goneMsMax);
    await waitForHealth(bridge.url, ({ processes, running_turns }) => processes.all + running_turns === 0);
  });

  it("with deltas, before a client that waits for the whole, is a 502", async (t) => {
    const bridge = await startBridge(t, { args: argsFor("floods") });
    const error = await openAiErrorIn(await chatRequest(bridge.url, { messages: hello }));
    assert.deepEqual([error.status, error.code], [502, "upstream_error"]);
    assert.match(error.message, /ask for it as a stream/);
    await waitForHealth(bridge.url, ({ processes, running_turns }) => processes.all + running_turns === 0);
    assert.ok(peakOf(bridge) < 500_000_000, `${peakOf(bridge)} bytes`);
  });

  it("on stderr is not even noticed", async (t) => {
    const bridge = await startBridge(t, { args: argsFor("floods-stderr") });
    for (const stream of [true, false]) {
      const response = await chatRequest(bridge.url, { stream, messages: hello });
      assert.equal(response.status, 200);
      assert.match(await response.text(), /"content":"answered"/);
    }
    assert.ok(peakOf(bridge) < 200_000_000, `${peakOf(bridge)} bytes`);
  });
});

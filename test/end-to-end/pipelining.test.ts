/** A client that sends requests ahead of their answers, and leaves: Node tells only the answer that is being written. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { it } from "node:test";
import { cleanUp } from "../support/cleanup.ts";
import { startEmbeddedWith } from "../support/embedded-server.ts";
import { healthOf, waitForHealth } from "../support/health.ts";
import { startPuppeteer } from "../support/puppeteer.ts";
import { openSocket } from "../support/raw-http.ts";

/** More than the listeners that Node lets pile up on one socket without a warning. */
const requests = 14;
const post = (body: string): string => ["POST /v1/chat/completions HTTP/1.1", "host: localhost", "content-type: application/json", `content-length: ${Buffer.byteLength(body)}`, "", body].join("\r\n");
const question = (content: string, stream: boolean): string => post(JSON.stringify({ model: "opus", stream, messages: [{ role: "user", content }] }));

it("a client that sent requests ahead and leaves takes all of them with it, wherever they are", async (t) => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on("warning", onWarning);
  cleanUp(t, () => process.off("warning", onWarning));
  const { url, logLines } = await startEmbeddedWith(t, "hangs", { maxProcesses: 2, maxQueue: requests });
  const socket = await openSocket(t, url);
  socket.write(Array.from({ length: requests }, (_, index) => question(`hang ${index}`, index % 3 !== 2)).join(""));
  await waitForHealth(url, ({ running_turns, waiting_turns, processes }) => running_turns === 2 && waiting_turns === requests - 2 && processes.all === 2);
  socket.destroy();
  await waitForHealth(url, ({ running_turns, waiting_turns, processes }) => running_turns + waiting_turns + processes.all === 0);
  const told = logLines.filter((line) => / request .*path=\/v1\/chat/.test(line));
  assert.equal(told.length, requests, "each has its line in the log");
  for (const line of told) assert.match(line, /complete=false$/);
  assert.deepEqual(warnings, []);
});

it("an answer that was whole before its turn to be written is none that the client got", async (t) => {
  const { url, logLines } = await startEmbeddedWith(t, "puppet", { maxProcesses: 1 });
  const puppeteer = await startPuppeteer(t);
  const socket = await openSocket(t, url);
  socket.write(`${question(puppeteer.prompt(), true)}GET /nowhere HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  const puppet = await puppeteer.next();
  puppet.start();
  puppet.say("one");
  await once(socket, "data");
  socket.destroy();
  await puppet.gone;
  await waitForHealth(url, ({ running_turns }) => running_turns === 0);
  assert.match(logLines.find((line) => line.includes("path=/nowhere")) ?? "", /complete=false$/);
  assert.equal((await healthOf(url)).waiting_turns, 0);
});

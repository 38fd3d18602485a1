import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { endChild, exitOf, within } from "./exit.ts";
import { argumentsOf, environmentOf, isRunning, listProcesses, memoryOf, waitUntilGone } from "./processes.ts";

const skip = process.platform === "win32" ? "no /proc and no ps" : false;

test("a child is listed by its command line while it runs, and gone after", { skip }, async (t) => {
  const marker = `marker-${process.pid}-${Date.now()}`;
  const child = spawn(process.execPath, ["-e", "console.log('up'); process.stdin.resume()", marker], { env: { MADE_UP: "a=b" }, stdio: ["pipe", "pipe", "inherit"] });
  const exited = exitOf(child);
  t.after(() => endChild(child, exited));
  await once(child.stdout, "data");
  const pid = child.pid ?? 0;
  assert.deepEqual(listProcesses(marker).map((entry) => [entry.pid, entry.parent]), [[pid, process.pid]]);
  assert.deepEqual(listProcesses(marker, 1), []);
  await assert.rejects(waitUntilGone(pid, 1), /still runs/);
  if (process.platform === "linux") {
    assert.equal(argumentsOf(pid).at(-1), marker);
    assert.equal(environmentOf(pid)["MADE_UP"], "a=b");
    const { residentBytes, residentBytesMax } = memoryOf(pid);
    assert.ok(residentBytes > 1_000_000 && residentBytesMax >= residentBytes);
  }
  child.stdin.end();
  assert.ok(await waitUntilGone(pid, 10_000) < 10_000);
  assert.equal(isRunning(pid), false);
  assert.deepEqual(await exited, { code: 0, signal: null });
});

test("a child that ignores the first signal is killed", { skip }, async () => {
  const child = spawn(process.execPath, ["-e", "process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6); console.log('up')"], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = exitOf(child);
  await once(child.stdout, "data");
  assert.deepEqual(await endChild(child, exited, "SIGTERM", 50), { code: null, signal: "SIGKILL" });
});

test("a wait that is over its bound says for what it waited", async () => {
  await assert.rejects(within(new Promise(() => undefined), 1, () => "the moon"), /the moon \(waited 1 ms\)/);
  assert.equal(await within(Promise.resolve(3), 1_000, () => ""), 3);
});

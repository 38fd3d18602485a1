/** Whatever ends the server, no claude outlives it, and nothing of it stays on the disk. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { watch } from "node:fs/promises";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { type BridgeProcess, startBridge } from "../support/bridge-process.ts";
import { within } from "../support/exit.ts";
import { fakeClaudePath, fakeProgramPath } from "../support/fake-claude.ts";
import { waitForHealth } from "../support/health.ts";
import { listProcesses, waitUntilGone } from "../support/processes.ts";
import { type Puppet, type Puppeteer, startPuppeteer } from "../support/puppeteer.ts";
import { chatRequest } from "../support/sse.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const exitMsMax = 30_000;
const goneMsMax = 30_000;
const skip = process.platform === "win32" ? "no signals" : false;

/** A server with a folder of its own for everything temporary, in which its loader and its Node leave nothing either. */
function startIn(t: TestContext, temporary: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<BridgeProcess> {
  return startBridge(t, { args: ["--head-wait", "600", ...args], env: { ...env, TMPDIR: temporary, TSX_DISABLE_CACHE: "1", NODE_DISABLE_COMPILE_CACHE: "1" } });
}

function childrenOf(bridge: BridgeProcess): number[] {
  return listProcesses("stream-json", bridge.child.pid).map(({ pid }) => pid);
}

/** Processes of every kind: warm ones, a conversation at rest, a turn before its first delta and one in the middle. */
async function fill(bridge: BridgeProcess, puppeteer: Puppeteer): Promise<{ pids: readonly number[]; answers: readonly Promise<string>[] }> {
  const ask = (content: string, stream: boolean): Promise<Response> => chatRequest(bridge.url, { stream, messages: [{ role: "user", content }] });
  const resting = ask(puppeteer.prompt("resting"), false);
  const first = await puppeteer.next();
  first.start();
  first.say("done");
  first.finish();
  await (await resting).text();
  const midway = ask(puppeteer.prompt("midway"), true);
  const second = await puppeteer.next();
  second.start();
  second.say("half an ");
  const response = await midway;
  const before = ask(puppeteer.prompt("before"), false).then((answer) => answer.text());
  const third: Puppet = await puppeteer.next();
  await waitForHealth(bridge.url, ({ processes, running_turns }) => processes.warm > 0 && processes.resting === 1 && running_turns === 2);
  const pids = childrenOf(bridge);
  assert.ok(pids.length >= 4, `${pids.length} processes`);
  for (const { pid } of [first, second, third]) assert.ok(pids.includes(pid));
  const answers = [response.text(), before];
  for (const answer of answers) answer.catch(() => undefined);
  return { pids, answers };
}

describe("the end of the server", { skip, concurrency: true }, () => {
  it("by SIGTERM leaves no claude, whatever it was doing, and nothing in its temporary folder", async (t) => {
    const temporary = await temporaryFolder(t);
    const puppeteer = await startPuppeteer(t);
    const bridge = await startIn(t, temporary, ["--claude", fakeProgramPath("puppet"), "--warm", "2", "--shutdown-wait", "0"]);
    const { pids, answers } = await fill(bridge, puppeteer);
    assert.notDeepEqual(readdirSync(temporary), [], "it had a folder");
    bridge.child.kill("SIGTERM");
    assert.deepEqual(await within(bridge.exited, exitMsMax, () => "the server did not end"), { code: 0, signal: null });
    for (const pid of pids) await waitUntilGone(pid, goneMsMax);
    assert.deepEqual(readdirSync(temporary), []);
    const [streamed, whole] = await Promise.all(answers);
    assert.match(streamed ?? "", /half an .*"code":"shutting_down"\}\}\n\n$/s);
    assert.match(whole ?? "", /"code":"shutting_down"/);
  });

  it("by SIGTERM or SIGINT twice ends a claude that is asked for its version, and does not answer", async (t) => {
    for (const signals of [["SIGTERM"], ["SIGINT", "SIGINT"]] as const) {
      const temporary = await temporaryFolder(t);
      const folder = await temporaryFolder(t);
      const pidFile = join(folder, "pid");
      const written = (async () => {
        for await (const _event of watch(folder)) if (existsSync(pidFile)) return;
      })();
      const bridge = await startIn(t, temporary, ["--claude", fakeClaudePath("hangs-at-version"), "--pass-env", "VERSION_PID"], { VERSION_PID: pidFile });
      await written;
      const pid = Number(readFileSync(pidFile, "utf8"));
      assert.ok(pid > 0);
      for (const signal of signals) bridge.child.kill(signal);
      await within(bridge.exited, exitMsMax, () => "the server did not end");
      await waitUntilGone(pid, goneMsMax);
    }
  });

  it("by SIGTERM ends a claude that ends neither with its stdin nor on SIGTERM", async (t) => {
    const temporary = await temporaryFolder(t);
    const bridge = await startIn(t, temporary, ["--claude", fakeClaudePath("ignores-sigterm"), "--warm", "1"]);
    await waitForHealth(bridge.url, ({ processes }) => processes.warm > 0);
    const pids = childrenOf(bridge);
    assert.ok(pids.length > 0);
    bridge.child.kill("SIGTERM");
    assert.equal((await within(bridge.exited, exitMsMax, () => "the server did not end")).code, 0);
    for (const pid of pids) await waitUntilGone(pid, goneMsMax);
    assert.deepEqual(readdirSync(temporary), []);
  });

  it("by SIGKILL leaves no claude: each sees that its stdin ended", async (t) => {
    const bridge = await startIn(t, await temporaryFolder(t), ["--demo", "--warm", "2"]);
    // Its answer repeats it word by word: it is under way for as long as that takes.
    const response = await chatRequest(bridge.url, { stream: true, messages: [{ role: "user", content: "a ".repeat(1_000) }] });
    const cut = assert.rejects(response.text(), /terminated/);
    const pids = childrenOf(bridge);
    assert.ok(pids.length > 0);
    bridge.child.kill("SIGKILL");
    assert.deepEqual(await bridge.exited, { code: null, signal: "SIGKILL" });
    await cut;
    for (const pid of pids) await waitUntilGone(pid, goneMsMax);
  });

  it("by SIGKILL leaves a folder, which the next server removes; of others it leaves what is theirs", async (t) => {
    const temporary = await temporaryFolder(t);
    const args = ["--claude", fakeProgramPath("answers"), "--warm", "0"];
    const killed = await startIn(t, temporary, args);
    await waitForHealth(killed.url, ({ claude }) => claude.logged_in !== null);
    killed.child.kill("SIGKILL");
    await killed.exited;
    assert.equal(readdirSync(temporary).length, 1);
    // Of a server that runs: this test.
    const alive = mkdtempSync(join(temporary, `claude-max-api-${process.pid}-`));
    mkdtempSync(join(temporary, "somebody-elses-"));
    const next = await startIn(t, temporary, args);
    await waitForHealth(next.url, ({ claude }) => claude.logged_in !== null);
    assert.equal((await next.stop()).code, 0);
    const left = readdirSync(temporary).sort();
    assert.equal(left.length, 2, left.join());
    assert.ok(left.includes(alive.slice(temporary.length + 1)));
  });

  it("by SIGTERM while it still looks for the CLI ends too", async (t) => {
    const temporary = await temporaryFolder(t);
    const bridge = await startIn(t, temporary, ["--claude", fakeClaudePath("silent"), "--warm", "2"]);
    bridge.child.kill("SIGTERM");
    assert.equal((await within(bridge.exited, exitMsMax, () => "the server did not end")).code, 0);
    assert.deepEqual(listProcesses(fakeClaudePath("silent"), bridge.child.pid), []);
    assert.deepEqual(readdirSync(temporary), []);
  });
});

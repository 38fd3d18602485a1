import assert from "node:assert/strict";
import { readFileSync, readlinkSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { describe, it } from "node:test";
import { ConfigError, createClaudeMaxApi, version } from "../src/index.ts";
import { cleanUp } from "./support/cleanup.ts";
import { startEmbedded, startEmbeddedWith } from "./support/embedded-server.ts";
import { fakeClaudePath, fakeProgramPath, runningFakes } from "./support/fake-claude.ts";
import { waitForHealth } from "./support/health.ts";
import { openAiErrorIn } from "./support/openai-error.ts";
import { environmentOf, waitUntilGone } from "./support/processes.ts";
import { startPuppeteer } from "./support/puppeteer.ts";
import { platformEnvironment } from "./support/real-claude.ts";
import { chatRequest, readStrictSse } from "./support/sse.ts";

const question = { model: "opus", messages: [{ role: "user", content: "WORDS 2" }] };
const goneMsMax = 20_000;

describe("an embedded server", () => {
  it("has the package's version", () => {
    const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
    assert.equal(version, manifest.version);
  });

  it("refuses a setting that cannot be, when it is made", () => {
    assert.throws(() => createClaudeMaxApi({ port: -1 }), ConfigError);
    assert.throws(() => createClaudeMaxApi({ host: "0.0.0.0" }), /API key/);
  });

  it("does nothing until it listens, and nothing of its own is written", async (t) => {
    const api = createClaudeMaxApi({ port: 0, claude: fakeProgramPath("answers") }, { environment: platformEnvironment() });
    assert.deepEqual(runningFakes("answers"), []);
    assert.equal((await api.discovered()).installation, undefined);
    const written = t.mock.method(process.stdout, "write", () => true);
    await api.close();
    assert.equal(written.mock.callCount(), 0);
  });

  it("answers, as often as it is made", async (t) => {
    const servers = await Promise.all([startEmbeddedWith(t, "answers"), startEmbeddedWith(t, "answers")]);
    assert.equal(new Set(servers.map(({ url }) => url)).size, 2);
    for (const { url } of servers) {
      const answer = await (await chatRequest(url, question)).json() as { choices: { message: { content: string } }[] };
      assert.equal(answer.choices[0]?.message.content, "w0 w1 ");
    }
  });

  it("gives an IPv6 address in brackets", async (t) => {
    const api = createClaudeMaxApi({ port: 0, host: "::1", claude: fakeProgramPath("answers"), warm: 0 }, { environment: platformEnvironment() });
    cleanUp(t, () => api.close());
    let url: string;
    try {
      ({ url } = await api.listen());
    } catch (error) {
      // A container may have no IPv6 at all.
      assert.ok(["EADDRNOTAVAIL", "EAFNOSUPPORT"].includes((error as NodeJS.ErrnoException).code ?? ""), String(error));
      return t.skip("this machine has no ::1");
    }
    assert.match(url, /^http:\/\/\[::1\]:\d+$/);
    assert.equal((await fetch(`${url}/health`)).status, 200);
  });

  it("rejects when the port is in use", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    const second = createClaudeMaxApi({ port: Number(new URL(url).port) });
    await assert.rejects(second.listen(), { code: "EADDRINUSE" });
    await second.close();
  });

  it("takes a path to the CLI from where the program stands", async (t) => {
    const { api } = await startEmbedded(t, { claude: `./${relative(process.cwd(), fakeClaudePath("answers"))}` });
    assert.deepEqual((await api.discovered()).installation, { kind: "found", version: "2.1.330" });
  });

  it("has no more processes than fit in a container's memory, whatever the host has", async (t) => {
    t.mock.method(process, "constrainedMemory", () => 1_000_000_000);
    const puppeteer = await startPuppeteer(t);
    const { url } = await startEmbeddedWith(t, "puppet");
    const asking = ["1", "2", "3"].map((more) =>
      chatRequest(url, { ...question, messages: [{ role: "user", content: puppeteer.prompt(more) }] }));
    await waitForHealth(url, ({ running_turns, waiting_turns }) => running_turns === 2 && waiting_turns === 1);
    for (let turn = 0; turn < asking.length; turn += 1) {
      const puppet = await puppeteer.next();
      puppet.start();
      puppet.finish();
    }
    assert.deepEqual((await Promise.all(asking)).map(({ status }) => status), [200, 200, 200]);
  });

  const skip = process.platform === "linux" ? false : "needs /proc";
  it("runs the CLI in a folder named by its port, the same after a restart", { skip }, async (t) => {
    const ports = new Set<number>();
    const folders = new Set<string>();
    for (let start = 0; start < 2; start += 1) {
      const puppeteer = await startPuppeteer(t);
      const [port = 0] = ports;
      const { url, api } = await startEmbeddedWith(t, "puppet", { port });
      ports.add(Number(new URL(url).port));
      const asking = chatRequest(url, { ...question, messages: [{ role: "user", content: puppeteer.prompt() }] });
      const puppet = await puppeteer.next();
      folders.add(readlinkSync(`/proc/${puppet.pid}/cwd`));
      puppet.start();
      puppet.finish();
      await asking;
      await api.close();
    }
    const [port] = ports;
    const root = join(realpathSync(tmpdir()), `claude-max-api-${process.geteuid?.() ?? ""}`);
    assert.deepEqual([...folders], [join(root, String(port), "empty")]);
  });

  it("gives the CLI only what it was given", { skip: process.platform === "linux" ? false : "needs /proc" }, async (t) => {
    process.env["MADE_UP_FOR_TESTS"] = "1";
    cleanUp(t, () => delete process.env["MADE_UP_FOR_TESTS"]);
    const puppeteer = await startPuppeteer(t);
    const { url } = await startEmbedded(t, { claude: fakeProgramPath("puppet"), passEnv: ["MINE"] }, { MINE: "2", OTHER: "3" });
    const asking = chatRequest(url, { ...question, messages: [{ role: "user", content: puppeteer.prompt() }] });
    const puppet = await puppeteer.next();
    const environment = environmentOf(puppet.pid);
    assert.deepEqual(["MADE_UP_FOR_TESTS", "OTHER", "MINE"].map((name) => environment[name]), [undefined, undefined, "2"]);
    puppet.start();
    puppet.finish();
    assert.equal((await asking).status, 200);
  });
});

describe("closing", () => {
  it("lets a running answer finish, takes nothing new, and leaves no process", async (t) => {
    const puppeteer = await startPuppeteer(t);
    const { url, api } = await startEmbeddedWith(t, "puppet", { shutdownWaitSeconds: 60 });
    const asking = chatRequest(url, { ...question, stream: true, messages: [{ role: "user", content: puppeteer.prompt() }] });
    const puppet = await puppeteer.next();
    puppet.start();
    puppet.say("before ");
    const response = await asking;
    const closed = api.close();
    await assert.rejects(fetch(`${url}/health`), /fetch failed/);
    puppet.say("after");
    puppet.finish();
    const { data } = await readStrictSse(response);
    assert.match(data.join(), /before .*after/);
    assert.equal(data.at(-1), "[DONE]");
    await closed;
    await waitUntilGone(puppet.pid, goneMsMax);
  });

  it("ends an answer that takes too long: an error, no end mark", async (t) => {
    const puppeteer = await startPuppeteer(t);
    const { url, api } = await startEmbeddedWith(t, "puppet", { shutdownWaitSeconds: 0 });
    const asking = chatRequest(url, { ...question, stream: true, messages: [{ role: "user", content: puppeteer.prompt() }] });
    const puppet = await puppeteer.next();
    puppet.start();
    puppet.say("before ");
    const response = await asking;
    await api.close();
    const { data } = await readStrictSse(response);
    assert.match(data.at(-1) ?? "", /"code":"shutting_down"/);
    await waitUntilGone(puppet.pid, goneMsMax);
  });

  it("turns away who waits", async (t) => {
    const puppeteer = await startPuppeteer(t);
    const { url, api } = await startEmbeddedWith(t, "puppet", { maxProcesses: 1, shutdownWaitSeconds: 60 });
    const running = chatRequest(url, { ...question, messages: [{ role: "user", content: puppeteer.prompt("first") }] });
    const puppet = await puppeteer.next();
    const waiting = chatRequest(url, { ...question, messages: [{ role: "user", content: puppeteer.prompt("second") }] });
    await waitForHealth(url, ({ waiting_turns }) => waiting_turns === 1);
    const closed = api.close();
    const error = await openAiErrorIn(await waiting);
    assert.deepEqual([error.status, error.code], [503, "shutting_down"]);
    puppet.start();
    puppet.finish();
    assert.equal((await running).status, 200);
    await closed;
    assert.equal(puppeteer.begun, 1);
  });

  it("twice, or never having listened, is no error", async (t) => {
    const { api } = await startEmbeddedWith(t, "answers");
    await Promise.all([api.close(), api.close()]);
    await createClaudeMaxApi({ port: 0 }).close();
  });

  it("does not wait for connections that are idle", async (t) => {
    const { url, api } = await startEmbeddedWith(t, "answers");
    await (await fetch(`${url}/health`)).text();
    const start = performance.now();
    await api.close();
    assert.ok(performance.now() - start < 60_000, "far less than a connection is kept");
  });

  it("in a hurry ends every process at once", async (t) => {
    const puppeteer = await startPuppeteer(t);
    const { url, api } = await startEmbeddedWith(t, "puppet", { shutdownWaitSeconds: 60 });
    const asking = chatRequest(url, { ...question, messages: [{ role: "user", content: puppeteer.prompt() }] });
    const puppet = await puppeteer.next();
    api.kill();
    await waitUntilGone(puppet.pid, goneMsMax);
    const error = await openAiErrorIn(await asking);
    assert.deepEqual([error.status, error.code], [502, "claude_cli_failed"]);
  });
});

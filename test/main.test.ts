/** The program as a user starts it. */
import assert from "node:assert/strict";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { helpText } from "../src/config/help.ts";
import { startBridge } from "./support/bridge-process.ts";
import { cleanUp } from "./support/cleanup.ts";
import { endChild, exitOf, within, type Exit } from "./support/exit.ts";
import { fakeClaudePath, fakeProgramPath } from "./support/fake-claude.ts";
import { healthOf } from "./support/health.ts";
import { openAiErrorIn } from "./support/openai-error.ts";
import { waitUntilGone } from "./support/processes.ts";
import { programArguments } from "./support/program.ts";
import { startPuppeteer } from "./support/puppeteer.ts";
import { platformEnvironment } from "./support/real-claude.ts";
import { chatRequest, readStrictSse } from "./support/sse.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const exitMsMax = 30_000;
const goneMsMax = 20_000;
const onlyPosix = process.platform === "win32" ? "no signals" : false;
const question = { model: "opus", messages: [{ role: "user", content: "WORDS 2" }] };

function startMain(t: TestContext, args: readonly string[], env: Readonly<Record<string, string>> = {}): { child: ChildProcess; exited: Promise<Exit>; stdout: () => string; stderr: () => string } {
  const coverage = process.env["NODE_V8_COVERAGE"];
  const child = spawn(process.execPath, [...programArguments(), ...args], {
    cwd: root, env: { ...platformEnvironment(), ...(coverage === undefined ? {} : { NODE_V8_COVERAGE: coverage }), ...env }, stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = exitOf(child);
  cleanUp(t, () => endChild(child, exited));
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return { child, exited, stdout: () => stdout, stderr: () => stderr };
}

/** Runs it to its end. */
async function runMain(t: TestContext, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Exit & { readonly stdout: string; readonly stderr: string }> {
  const { exited, stdout, stderr } = startMain(t, args, env);
  return { ...await within(exited, exitMsMax, () => `${args.join(" ")} did not end`), stdout: stdout(), stderr: stderr() };
}

async function takenPort(t: TestContext): Promise<number> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  cleanUp(t, () => server.close());
  return (server.address() as AddressInfo).port;
}

describe("the command line", () => {
  it("--help prints the table and --version the version, whatever else is given", async (t) => {
    assert.deepEqual(await runMain(t, ["--port", "0", "--help", "--nonsense"]), { code: 0, signal: null, stdout: helpText(), stderr: "" });
    const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
    assert.deepEqual(await runMain(t, ["-v"]), { code: 0, signal: null, stdout: `${version}\n`, stderr: "" });
  });

  for (const [args, words] of [
    [["--prot", "1"], /^claude-max-api: unknown flag "--prot"; did you mean --port\? Try --help\.\n$/],
    [["--port", "x"], /^claude-max-api: --port: expected a whole number from 0 to 65535, got "x"\. Try --help\.\n$/],
    [["--host", "0.0.0.0"], /^claude-max-api: --host: "0\.0\.0\.0" can be reached by others, so an API key is needed: .*\n$/],
  ] as const) {
    it(`${args.join(" ")} ends with 2 and one line that names it`, async (t) => {
      const { code, stdout, stderr } = await runMain(t, args);
      assert.deepEqual([code, stdout], [2, ""]);
      assert.match(stderr, words);
    });
  }

  it("a bad variable ends with 2 and is named; its value, if secret, is not", async (t) => {
    const { code, stderr } = await runMain(t, [], { CLAUDE_MAX_API_KEY: "two words" });
    assert.equal(code, 2);
    assert.match(stderr, /CLAUDE_MAX_API_KEY: expected printable ASCII/);
    assert.doesNotMatch(stderr, /two words/);
  });

  it("a port in use ends with 1 and says how to mend it; a bare number is the port", async (t) => {
    const port = await takenPort(t);
    const { code, stdout, stderr } = await runMain(t, [String(port), "--demo"]);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, new RegExp(`^claude-max-api: .*127\\.0\\.0\\.1:${port}\\. The port is in use: .* --port PORT .*\\n$`));
  });

  it("an address of another machine ends with 1 and names the flag", async (t) => {
    // TEST-NET-1: nobody's.
    const { code, stderr } = await runMain(t, ["--port", "0", "--host", "192.0.2.1", "--api-key", "k"]);
    assert.equal(code, 1);
    assert.match(stderr, /see --host/);
  });
});

describe("the greeting", () => {
  it("begins with the URL and ends with a curl command that works, streamed and not", { skip: onlyPosix }, async (t) => {
    const bridge = await startBridge(t, { args: ["--demo"] });
    const output = await bridge.waitForOutput(/curl .*\n/);
    const lines = bridge.stdout().trimEnd().split("\n");
    assert.equal(lines[0], `claude-max-api listens on ${bridge.url}`);
    assert.match(lines[1] ?? "", /^ {2}Demo: /);
    const command = lines.at(-1)?.trim() ?? "";
    assert.match(command, /^curl -N http/, output);
    const { stdout: streamed } = await promisify(execFile)("sh", ["-c", command.replace("curl ", "curl -sS ")]);
    assert.match(streamed, /^data: \{"id":"chatcmpl-/);
    assert.match(streamed, /\n\ndata: \[DONE\]\n\n$/);
    assert.match(streamed, /"content":"demo /);
    const { stdout: whole } = await promisify(execFile)("sh", ["-c", command.replace("curl ", "curl -sS ").replace('"stream":true', '"stream":false')]);
    const answer = JSON.parse(whole) as { choices: { message: { content: string }; finish_reason: string }[] };
    assert.match(answer.choices[0]?.message.content ?? "", /^This is the demo .*“Hello!”/);
    assert.equal(answer.choices[0]?.finish_reason, "stop");
  });

  it("with a key tells how to send it, and not the key", { skip: onlyPosix }, async (t) => {
    const bridge = await startBridge(t, { args: ["--claude", fakeProgramPath("answers")], env: { CLAUDE_MAX_API_KEY: "sk-secret" } });
    await bridge.waitForOutput(/curl .*\n/);
    assert.match(bridge.stdout(), /Claude Code 2\.1\.330\n/);
    const command = bridge.stdout().trimEnd().split("\n").at(-1)?.trim().replace("curl ", "curl -sS ") ?? "";
    const run = promisify(execFile);
    const { stdout } = await run("sh", ["-c", command], { env: { ...platformEnvironment(), CLAUDE_MAX_API_KEY: "sk-secret" } });
    assert.match(stdout, /\[DONE\]/);
    assert.match((await run("sh", ["-c", command], { env: platformEnvironment() })).stdout, /"invalid_api_key"/);
    assert.doesNotMatch(bridge.stdout() + bridge.stderr(), /sk-secret/);
  });

  it("names the mend when nobody is logged in", async (t) => {
    const bridge = await startBridge(t, { args: ["--claude", fakeProgramPath("logged-out")] });
    await bridge.waitForOutput(/not logged in; run `claude` and type \/login/);
  });
});

describe("a CLI that cannot serve", () => {
  for (const [what, claude, mend, version] of [
    ["that is missing", "/nonexistent/claude", /not found \(\/nonexistent\/claude\)\. Install it with `npm install -g @anthropic-ai\/claude-code`/, null],
    ["that is too old", fakeClaudePath("old-version"), /2\.1\.119 is too old; 2\.1\.120 is the oldest that serves\. Update it with `claude update`/, "2.1.119"],
  ] as const) {
    it(`${what} does not keep the server from starting: greeting, /health and chat tell the mend`, async (t) => {
      // The look at the version may take longer than the usual wait for the head on a busy machine.
      const bridge = await startBridge(t, { args: ["--claude", claude, "--head-wait", "60"] });
      assert.match(await bridge.waitForOutput(/curl/), mend);
      const health = await healthOf(bridge.url);
      assert.equal(health.status, "unavailable");
      const { found, version: told, logged_in: loggedIn, account_email_sent: isSent } = health.claude;
      assert.deepEqual([found, told, loggedIn, isSent], [false, version, null, null]);
      assert.match(health.claude.message ?? "", mend);
      for (const stream of [true, false]) {
        const error = await openAiErrorIn(await chatRequest(bridge.url, { ...question, stream }));
        assert.deepEqual([error.status, error.code, error.type], [503, "claude_cli_unavailable", "server_error"]);
        assert.match(error.message, mend);
      }
      assert.equal((await fetch(`${bridge.url}/v1/models`)).status, 200);
    });
  }
});

describe("signals", { skip: onlyPosix }, () => {
  it("SIGTERM lets a running stream finish, takes nothing new, and ends with 0", async (t) => {
    const puppeteer = await startPuppeteer(t);
    const bridge = await startBridge(t, { args: ["--claude", fakeProgramPath("puppet"), "--shutdown-wait", "60"] });
    const asking = chatRequest(bridge.url, { ...question, stream: true, messages: [{ role: "user", content: puppeteer.prompt() }] });
    const puppet = await puppeteer.next();
    puppet.start();
    puppet.say("before ");
    const response = await asking;
    bridge.child.kill("SIGTERM");
    await bridge.waitForOutput(/Ending: running answers may finish/);
    await assert.rejects(fetch(`${bridge.url}/health`), /fetch failed/);
    puppet.say("after");
    puppet.finish();
    const { data } = await readStrictSse(response);
    assert.match(data.join(), /before .*after/);
    assert.equal(data.at(-1), "[DONE]");
    assert.deepEqual(await within(bridge.exited, exitMsMax, () => "the server did not end"), { code: 0, signal: null });
    await waitUntilGone(puppet.pid, goneMsMax);
  });

  it("SIGINT twice ends at once with 130, and every claude with it", async (t) => {
    const puppeteer = await startPuppeteer(t);
    const bridge = await startBridge(t, { args: ["--claude", fakeProgramPath("puppet"), "--shutdown-wait", "600"] });
    const asking = chatRequest(bridge.url, { ...question, stream: true, messages: [{ role: "user", content: puppeteer.prompt() }] });
    const puppet = await puppeteer.next();
    puppet.start();
    puppet.say("before ");
    const cut = assert.rejects((await asking).text(), /terminated/);
    bridge.child.kill("SIGINT");
    await bridge.waitForOutput(/Once more to end at once/);
    bridge.child.kill("SIGINT");
    assert.deepEqual(await within(bridge.exited, exitMsMax, () => "the server did not end"), { code: 130, signal: null });
    await cut;
    await waitUntilGone(puppet.pid, goneMsMax);
  });

  it("SIGTERM at rest ends with 0 and says nothing on stderr", async (t) => {
    const bridge = await startBridge(t, { args: ["--claude", fakeProgramPath("answers"), "--log-level", "warn"] });
    await bridge.waitForOutput(/curl/);
    assert.deepEqual(await bridge.stop(), { code: 0, signal: null });
    assert.equal(bridge.stderr(), "");
  });
});

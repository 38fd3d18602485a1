/** What a prompt and a key hold is nowhere that another user, or another program, could see. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { startBridge } from "../support/bridge-process.ts";
import { fakeClaudePath } from "../support/fake-claude.ts";
import { listProcesses } from "../support/processes.ts";
import { startPuppeteer } from "../support/puppeteer.ts";
import { chatRequest } from "../support/sse.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const onlyLinux = process.platform === "linux" ? false : "needs /proc";
/** Put together here, so that no source file's text in some process's arguments can hold it. */
const marker = (what: string): string => ["marker", what, String(process.pid)].join("-");

/** All files `name` of all processes that may be read. */
function ofEveryProcess(name: "cmdline" | "environ"): { readonly pid: string; readonly text: string }[] {
  return readdirSync("/proc").filter((pid) => /^\d+$/.test(pid)).flatMap((pid) => {
    try {
      return [{ pid, text: readFileSync(`/proc/${pid}/${name}`, "utf8") }];
    } catch {
      // It ended, or is another user's.
      return [];
    }
  });
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)]));
}

it("nothing of a prompt is in any command line or environment, in the log, or on the disk; and no key reaches claude", { skip: onlyLinux }, async (t) => {
  const puppeteer = await startPuppeteer(t);
  const temporary = await temporaryFolder(t);
  const key = marker("key");
  const anthropicKey = marker("anthropic-key");
  const bridge = await startBridge(t, {
    args: ["--claude", fakeClaudePath("puppet"), "--log-level", "debug", "--warm", "1"],
    env: { CLAUDE_MAX_API_KEY: key, ANTHROPIC_API_KEY: anthropicKey, ANTHROPIC_AUTH_TOKEN: anthropicKey, TMPDIR: temporary, HOME: temporary },
  });
  const headers = { authorization: `Bearer ${key}` };
  const messages = [
    { role: "system", content: marker("system") },
    { role: "user", content: [{ type: "text", text: marker("first") }] },
    { role: "assistant", content: marker("answer") },
    { role: "user", content: `${puppeteer.prompt()} ${marker("last")}` },
  ];
  const secrets = ["system", "first", "answer", "last", "said"].map(marker);
  const tools = [{ type: "function", function: { name: marker("tool"), description: marker("description"), parameters: { type: "object", properties: {} } } }];
  const asking = chatRequest(bridge.url, { model: "opus", stream: true, user: marker("user"), messages, tools, stop: [marker("stop")] }, { headers });
  const puppet = await puppeteer.next();
  puppet.start();
  puppet.say(`${marker("said")} `);
  const response = await asking;
  secrets.push(...["tool", "description", "user", "stop"].map(marker));

  const holds = (text: string, wanted: readonly string[]): boolean => wanted.some((secret) => text.includes(secret));
  const [lines, environments] = [ofEveryProcess("cmdline"), ofEveryProcess("environ")];
  assert.ok(lines.some(({ pid }) => pid === String(puppet.pid)) && environments.some(({ pid }) => pid === String(puppet.pid)), "claude is among them");
  assert.deepEqual(lines.filter(({ text }) => holds(text, [...secrets, key])).map(({ pid }) => pid), []);
  assert.deepEqual(environments.filter(({ text }) => holds(text, secrets)).map(({ pid }) => pid), []);
  // The server itself was given its key that way, and so was whatever its loader compiles with.
  const holders = environments.filter(({ text }) => holds(text, [key, anthropicKey])).map(({ pid }) => pid);
  assert.ok(holders.includes(String(bridge.child.pid)));
  const children = listProcesses("stream-json", bridge.child.pid);
  assert.ok(children.length > 0);
  for (const { pid } of children) {
    assert.equal(holders.includes(String(pid)), false);
    // One may have ended meanwhile, or begun; the one that answers is among them.
    const { text = "" } = environments.find((one) => one.pid === String(pid)) ?? {};
    const names = text.split("\0").map((entry) => entry.split("=", 1)[0]);
    for (const name of ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_MAX_API_KEY"]) assert.equal(names.includes(name), false, name);
  }
  assert.deepEqual(filesBelow(temporary).filter((file) => holds(readFileSync(file, "latin1"), [...secrets, key])), []);

  puppet.finish();
  await response.text();
  // Requests that fail, in every way that comes to mind, have their lines too.
  const failing: readonly unknown[] = [
    `{"messages":"${marker("last")}`, { messages: [{ role: marker("last"), content: marker("last") }] }, { messages: [{ role: "user", content: { [marker("last")]: 1 } }] },
    { messages: [{ role: "user", content: [{ type: marker("last") }] }] }, { stop: { [marker("last")]: 1 }, messages },
    { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: `http://127.0.0.1/${marker("last")}` } }] }] },
  ];
  for (const body of failing) {
    const answer = await chatRequest(bridge.url, body, { headers });
    assert.equal(answer.status, 400);
    assert.doesNotMatch(await answer.text(), new RegExp(marker("last")));
  }
  await (await chatRequest(bridge.url, { messages }, { headers: { authorization: `Bearer ${marker("wrong")}` } })).text();
  const dying = chatRequest(bridge.url, { stream: true, messages: [{ role: "user", content: `${puppeteer.prompt()} ${marker("last")}` }] }, { headers });
  const second = await puppeteer.next();
  second.start();
  second.say(marker("said"));
  const cut = await dying;
  process.kill(second.pid, "SIGKILL");
  assert.match(await cut.text(), /"claude_cli_failed"/);
  await bridge.stop();
  const log = bridge.stdout() + bridge.stderr();
  assert.ok(log.split("\n").filter((line) => line.includes(" request ")).length >= failing.length + 3);
  for (const secret of [...secrets, key, anthropicKey, marker("wrong")]) assert.equal(log.includes(secret), false, secret);
});

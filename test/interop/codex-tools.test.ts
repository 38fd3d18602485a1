/** What Codex has tools for beside its own: a search among those of an MCP server, and a shell of its older versions, whose calls stand in an old thread. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runAgentCli } from "../support/agent-cli.ts";
import { toolUseAnswer } from "../support/anthropic-stub.ts";
import { obedientModel, requestsSince, startInterop, stepsOrder, suiteMsMax, upstreamMessages, upstreamTools } from "../support/interop.ts";
import { claudeVersions } from "../support/real-claude.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { clients, installedFile, missing, setUpAgent } from "./clients.ts";

const runMsMax = 180_000;
const codex = installedFile("codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex");
const fullAccess = ["-c", "sandbox_mode=danger-full-access"];
const supportFile = (name: string): string => fileURLToPath(new URL(`../support/${name}`, import.meta.url));
const skip = missing(clients.codex.installedAs);
/** Codex offers its search to models that it knows to be able to use it. */
const known = "gpt-5.5";

test("Codex finds a tool of an MCP server by its search among tools, and calls it", { skip, timeout: suiteMsMax }, async (t) => {
  const { url, stub } = await startInterop(t, claudeVersions[0], { aliases: [{ name: known, model: "sonnet" }] });
  const found = (name: string): boolean => name.startsWith("mcp__calendar") && name.endsWith("find_event");
  stub.respond = (request) => {
    const results = upstreamMessages(request.body).filter((message) => message.startsWith("user: result")).length;
    const tools = upstreamTools(request.body);
    if (results === 0 && tools.includes("tool_search")) return toolUseAnswer([{ name: "tool_search", input: { query: "calendar events" } }]);
    const tool = tools.find(found);
    return results === 1 && tool !== undefined ? toolUseAnswer([{ name: tool, input: { day: "Friday" } }]) : obedientModel(request);
  };
  const setup = setUpAgent(clients.codex, url);
  const notes = join(await temporaryFolder(t), "notes");
  const server = `
[mcp_servers.calendar]
command = ${JSON.stringify(process.execPath)}
args = ${JSON.stringify([supportFile("calendar-mcp.mjs"), notes])}
default_tools_approval_mode = "approve"
`;
  const home = { ...setup.home, ".codex/config.toml": `${setup.home[".codex/config.toml"] ?? assert.fail()}${server}` };
  const { stdout } = await runAgentCli(t, {
    command: codex, home, env: setup.env, args: () => [...fullAccess, "-c", `model=${known}`, ...setup.args, "What is on Friday?"],
  }, runMsMax);
  const bodies = requestsSince(stub, 0).map(({ body }) => body);
  const offered = bodies.map(upstreamTools).filter((tools) => tools.includes("tool_search"));
  assert.deepEqual(offered.map((tools) => tools.some(found)), [false, true, true], "it is offered once it was found");
  const tool = offered[1]?.find(found) ?? assert.fail();
  const messages = upstreamMessages(bodies.at(-1) ?? assert.fail());
  const search = messages.indexOf('assistant: call tool_search {"query":"calendar events"}');
  assert.ok(search > 0, messages.join("\n"));
  assert.match(messages[search + 1] ?? "", /^user: result .*find_event/u);
  assert.deepEqual(messages[search + 2], `assistant: call ${tool} {"day":"Friday"}`);
  assert.match(messages[search + 3] ?? "", /^user: result .*Lunch on Friday\./su);
  assert.equal(await readFile(notes, "utf8"), 'find_event {"day":"Friday"}\n');
  assert.match(stdout, /Lunch on Friday\./u);
});

/** A prompt, its thread as an older version would have kept it, and the next prompt of that thread. */
const script = '"$0" -c sandbox_mode=danger-full-access exec --skip-git-repo-check "$1" && "$2" "$3" && "$0" -c sandbox_mode=danger-full-access exec --skip-git-repo-check resume --last "Go on."';

test("Codex goes on with a thread of an older version, in which the shell was a tool of OpenAI's", { skip, timeout: suiteMsMax }, async (t) => {
  const { url, stub } = await startInterop(t, claudeVersions[0]);
  const setup = setUpAgent(clients.codex, url);
  const commandIn = (folder: string): string => `printf note > '${join(folder, "note.txt")}'`;
  const { stdout, folder } = await runAgentCli(t, {
    command: "/bin/sh", home: setup.home, env: setup.env,
    args: (work) => ["-c", script, codex, stepsOrder("exec_command", [{ cmd: commandIn(work) }]), process.execPath, supportFile("codex-old-shell.mjs")],
  }, runMsMax);
  assert.ok(existsSync(join(folder, "note.txt")));
  const last = requestsSince(stub, 0).at(-1)?.body ?? assert.fail();
  const messages = upstreamMessages(last);
  const call = messages.findIndex((message) => message.startsWith("assistant: call local_shell "));
  assert.ok(call > 0, messages.join("\n"));
  const input = JSON.parse((messages[call] ?? "").replace("assistant: call local_shell ", "")) as { type: string; command: string[] };
  assert.deepEqual([input.type, input.command], ["exec", ["/bin/sh", "-c", commandIn(folder)]]);
  assert.match(messages[call + 1] ?? "", /^user: result /u);
  assert.match(messages.at(-1) ?? "", /Go on\./u);
  assert.match(stdout, /The tool said: /u);
});

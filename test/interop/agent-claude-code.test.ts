/**
 * Claude Code itself as a client: what it asks this server by Anthropic's own API goes up through another Claude Code. Its
 * prompts have words that other tests take for the CLI's own, so the stub is not watched for them here.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { runAgentCli } from "../support/agent-cli.ts";
import { startAnthropicStub } from "../support/anthropic-stub.ts";
import { cleanUp } from "../support/cleanup.ts";
import { startEmbedded } from "../support/embedded-server.ts";
import { callOrder, obedientModel, plainText, suiteMsMax, toolReply, upstreamMessages, upstreamTools } from "../support/interop.ts";
import { claudePath, claudeVersions, subscriptionEnvironment, temporaryFolder } from "../support/real-claude.ts";
import { clients, missing, setUpAgent } from "./clients.ts";

const { claudeCode } = clients;
const [version] = claudeVersions;
const runMsMax = 180_000;
const fileText = "Grüße, \"world\"\n";

test(`${claudeCode.name} on claude ${version}`, { skip: missing(claudeCode.installedAs), timeout: suiteMsMax }, async (t) => {
  const stub = await startAnthropicStub({ respond: obedientModel });
  cleanUp(t, () => stub.close());
  const environment = subscriptionEnvironment(stub.url, await temporaryFolder(t));
  const { url } = await startEmbedded(
    t, { claude: claudePath(version), passEnv: ["ANTHROPIC_BASE_URL", "DISABLE_TELEMETRY"], maxProcesses: 4, logLevel: "warn" }, environment,
  );
  const setup = setUpAgent(claudeCode, url);
  const run = (prompt: (folder: string) => string) => runAgentCli(t, {
    command: claudePath(version), home: setup.home, args: (folder) => [...setup.args, prompt(folder)],
    env: { CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1", DISABLE_TELEMETRY: "1", DISABLE_AUTOUPDATER: "1", ...setup.env },
  }, runMsMax);

  await t.test("it prints an answer", async () => {
    const { stdout } = await run(() => "Say hello.");
    assert.ok(stdout.includes(plainText), stdout);
  });

  await t.test("its tool writes a file, and the model is told, by tools and words that go up as they are", async () => {
    const before = stub.requests.length;
    const path = (folder: string): string => join(folder, "note.txt");
    const { stdout, folder } = await run((work) => callOrder("Write", { file_path: path(work), content: fileText }));
    assert.equal(await readFile(path(folder), "utf8"), fileText);
    assert.ok(stdout.includes(toolReply("")), stdout);
    const bodies = stub.requests.slice(before).map(({ body }) => body).filter((body) => upstreamTools(body).includes("Write"));
    assert.ok(bodies.length >= 2 && upstreamTools(bodies[0]!).length > 5, upstreamTools(bodies[0]!).join());
    assert.match(upstreamMessages(bodies.at(-1)!).at(-1) ?? "", /^user: result /u);
    t.diagnostic(`${bodies.length} requests upstream with ${upstreamTools(bodies[0]!).length} tools, ${stub.refusals.map(({ message }) => message).join("; ") || "none refused"}`);
  });
});

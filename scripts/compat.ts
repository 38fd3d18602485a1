/**
 * Prints what versions of the CLI can do, as the server's probe finds it out, against a stub of the API on loopback.
 * Exits with 1 where one can do something else than `compat/known.ts` says, or could not be asked.
 *
 *     npx tsx scripts/compat.ts                    # the versions of compat/known.ts
 *     npx tsx scripts/compat.ts 2.1.300 2.1.332
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { probe } from "../src/claude/probe.ts";
import { ClaudeProcess } from "../src/claude/process.ts";
import { type AnthropicStub, startAnthropicStub } from "../test/support/anthropic-stub.ts";
import { subscriptionEnvironment } from "../test/support/real-claude.ts";
import { cacheFolder, installedClaude, isInstalled } from "./compat/installed-claude.ts";
import { differences, knownCapabilities } from "./compat/known.ts";
import { type CompatRow, compatTable } from "./compat/table.ts";

async function compatOf(version: string, cache: string, stub: AnthropicStub): Promise<CompatRow> {
  const folder = mkdtempSync(join(tmpdir(), "claude-compat-"));
  const requestsBefore = stub.requests.length;
  let beganAtMs = performance.now();
  const row = (more: Pick<CompatRow, "capabilities" | "failure">): CompatRow =>
    ({ version, requests: stub.requests.length - requestsBefore, probedMs: performance.now() - beganAtMs, ...more });
  try {
    const command = installedClaude(cache, version);
    const cwd = join(folder, "work");
    mkdirSync(cwd);
    beganAtMs = performance.now();
    const environment = subscriptionEnvironment(stub.url, folder);
    const claude = new ClaudeProcess({ command, model: "sonnet", cwd, environment });
    const probed = await probe(claude).then(({ capabilities }) => row({ capabilities })).finally(() => claude.end());
    // A request that it sent when its stdin was closed counts too.
    return { ...probed, requests: stub.requests.length - requestsBefore };
  } catch (error) {
    return row({ capabilities: undefined, failure: error instanceof Error ? error.message : String(error) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const versions = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(knownCapabilities);
const wrong = versions.find((version) => !/^\d+\.\d+\.\d+$/u.test(version));
if (wrong !== undefined) {
  console.error(`${wrong}: expected a version of the CLI, such as 2.1.330`);
  process.exit(2);
}
const cache = cacheFolder(process.env);
const stub = await startAnthropicStub();
const rows: CompatRow[] = [];
for (const version of versions) {
  if (!isInstalled(cache, version)) console.error(`fetching ${version} into ${cache}`);
  rows.push(await compatOf(version, cache, stub));
}
await stub.close();
console.log(compatTable(rows));
const changes = rows.flatMap(({ version, capabilities }) => (
  (capabilities === undefined ? [] : differences(version, capabilities)).map((name) => `${version}: ${name}`)
));
for (const change of changes) console.error(`${change} is not what scripts/compat/known.ts says`);
process.exitCode = changes.length > 0 || rows.some(({ failure }) => failure !== undefined) ? 1 : 0;

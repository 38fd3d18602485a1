/**
 * Records what a version of the CLI reads and writes, against a stub of the API on loopback: FOLDER/VERSION/NAME.jsonl,
 * a scenario a file. What differs from run to run is made equal (`compat/scrubbed.ts`), so that two versions can be
 * compared: `git diff --no-index --word-diff FOLDER/2.1.330 FOLDER/2.1.332`. Exits with 1 where a scenario did not come
 * to its end; its file then has what came before.
 *
 *     npx tsx scripts/record.ts VERSION FOLDER [SCENARIO…]
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAnthropicStub } from "../test/support/anthropic-stub.ts";
import { loggedOutEnvironment, subscriptionEnvironment } from "../test/support/real-claude.ts";
import { cacheFolder, installedClaude } from "./compat/installed-claude.ts";
import { RecordedClaude } from "./compat/recorded-claude.ts";
import { type Scenario, scenarios, steered } from "./compat/scenarios.ts";
import { scrubbed } from "./compat/scrubbed.ts";

const [version, folder, ...names] = process.argv.slice(2);
if (version === undefined || folder === undefined || !/^\d+\.\d+\.\d+$/u.test(version)) {
  console.error("usage: npx tsx scripts/record.ts VERSION FOLDER [SCENARIO…]");
  process.exit(2);
}
const unknown = names.filter((name) => !(name in scenarios));
if (unknown.length > 0) {
  console.error(`${unknown.join(", ")}: expected some of ${Object.keys(scenarios).join(", ")}`);
  process.exit(2);
}
const command = installedClaude(cacheFolder(process.env), version);
mkdirSync(join(folder, version), { recursive: true });
for (const [name, scenario] of Object.entries(scenarios)) {
  if (names.length === 0 || names.includes(name)) await record(name, scenario, join(folder, version, `${name}.jsonl`));
}

async function record(name: string, { tools = [], isLoggedOut = false, play }: Scenario, file: string): Promise<void> {
  const own = mkdtempSync(join(tmpdir(), "claude-record-"));
  const stub = await startAnthropicStub({ respond: ({ body }) => steered(body) });
  const environment = (isLoggedOut ? loggedOutEnvironment : subscriptionEnvironment)(stub.url, own);
  const claude = new RecordedClaude({ command, environment, cwd: join(own, "work"), tools });
  try {
    await play(claude);
    console.log(`${name}: recorded`);
  } catch (error) {
    console.log(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  } finally {
    await claude.end();
    await stub.close();
    writeFileSync(file, scrubbed(claude.entries, own));
    rmSync(own, { recursive: true, force: true });
  }
}

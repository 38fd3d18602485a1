/**
 * Has the server itself run whole turns on versions of the CLI, against a stub of the API on loopback. Writes what it
 * found into `compat/matrix.json` and the table of `src/claude/README.md`. Exits with 1 where something is not as it
 * should be that was so before, or where a version could not be tried.
 *
 *     npx tsx scripts/compat.ts                     # the oldest that serves, every 20th on npm, the last three
 *     npx tsx scripts/compat.ts 2.1.300 2.1.332
 *     npx tsx scripts/compat.ts --since 2026-11-01
 *     npx tsx scripts/compat.ts --newest            # the newest on npm; writes no file, and says how it was
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseCompatArguments } from "./compat/arguments.ts";
import { cacheFolder, installedClaude } from "./compat/installed-claude.ts";
import {
  changesBetween, findingLines, lacksOf, type MatrixRow, merged, readMatrix, writeMatrix,
} from "./compat/matrix.ts";
import { type Published, publishedSince, publishedVersions, sampleOfVersions } from "./compat/npm-versions.ts";
import { probed } from "./compat/probed.ts";
import { turnsOn } from "./compat/turns.ts";
import { claudeSections } from "./readme-claude.ts";
import { updateReadme } from "./readme-file.ts";

const cache = cacheFolder(process.env);

async function tried({ version, date }: Published): Promise<MatrixRow> {
  const command = installedClaude(cache, version);
  const folder = mkdtempSync(join(tmpdir(), "claude-compat-"));
  try {
    const { found, requests } = await probed(command, mkdtempSync(join(folder, "probe-")));
    const run = await turnsOn(command.file, mkdtempSync(join(folder, "turns-")));
    return { version, published: date, probe: found, probeRequests: requests, ...run };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The versions to try, with the day of each. */
function wanted(): readonly Published[] {
  const asked = parseCompatArguments(process.argv.slice(2));
  const published = publishedVersions();
  switch (asked.name) {
    case "sample": return sampleOfVersions(published);
    case "since": return publishedSince(published, asked.day);
    case "newest": return published.slice(-1);
    case "versions":
      return asked.versions.map((version) => published.find((one) => one.version === version) ?? { version, date: "" });
  }
}

try {
  const before = readMatrix();
  const isNewest = process.argv[2] === "--newest";
  for (const one of wanted()) {
    try {
      const beganAtMs = performance.now();
      const row = await tried(one);
      const seconds = Math.round((performance.now() - beganAtMs) / 1_000);
      const earlier = before.find(({ version }) => version === row.version) ?? before.at(-1);
      const changes = earlier === undefined ? [] : changesBetween(earlier, row);
      const fine = row.turns.filter(({ findings }) => findings.length === 0).length;
      console.log(
        `claude ${row.version}: ${fine} of ${row.turns.length} turns as they should be; lacks ${words(lacksOf(row))}; `
        + `other than ${earlier?.version ?? "none"}: ${words(changes)} (${seconds} s)`,
      );
      for (const line of findingLines(row)) console.log(`  ${line}`);
      if (row.probeRequests > 0 || changes.some((change) => !/^can |now as it should be$/u.test(change))) {
        process.exitCode = 1;
      }
      if (!isNewest) keep(row);
    } catch (error) {
      console.log(`claude ${one.version}: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    }
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}

/** At once: a run of many versions takes long, and may be broken off. */
function keep(row: MatrixRow): void {
  const all = merged(readMatrix(), [row]);
  writeMatrix(all);
  updateReadme([], claudeSections(all), "", new URL("../src/claude/README.md", import.meta.url));
}

function words(list: readonly string[]): string {
  return list.length === 0 ? "nothing" : list.join(", ");
}

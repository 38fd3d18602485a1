/**
 * The server at rest: it has booted its default pool and nobody asks anything. After 30 s of settling, CPU time (kernel
 * ticks of 10 ms, as ticks a minute) and resident memory (RSS; PSS counts shared pages by share) of the server process and
 * of the CLI processes it keeps, over 60 s in five windows. The reference, which keeps no process, is at rest beside it
 * in the same windows. Linux only: other systems count CPU time too coarsely for a process at rest.
 */
import { setTimeout as delay } from "node:timers/promises";
import { startAnthropicStub } from "../../test/support/anthropic-stub.ts";
import { claudePath, claudeVersions, type ClaudeVersion } from "../../test/support/real-claude.ts";
import { contestantEnvironment } from "./environment.ts";
import { parseOptions, roundsOf } from "./options.ts";
import { buildOurs, startOurs, waitUntilWarm, type Build } from "./our-server.ts";
import { cpuTicks, descendants, proportionalMegabytes, residentMegabytes } from "./process-usage.ts";
import { installReference, referenceName, referenceVersion, startReference } from "./reference.ts";
import { report } from "./report.ts";
import { row, type Row } from "./result.ts";
import { type Scope, withScope } from "./scope.ts";

const roundsUsual = 5;
const warm = 2;
const msPerMinute = 60_000;

const options = parseOptions(process.argv.slice(2));
const rounds = roundsOf(options, roundsUsual);
const settleMs = options.isQuick ? 4_000 : 30_000;
const windowMs = options.isQuick ? 2_000 : 12_000;

if (process.platform !== "linux") throw new Error("idle.ts needs Linux's /proc");

await withScope(async (scope) => {
  const build = await buildOurs(scope);
  const reference = await installReference(scope, options.reference);
  const rows: Row[] = [];
  for (const version of claudeVersions) rows.push(...await measure(scope, version, build, reference));
  await report({
    name: "idle",
    title: "The server at rest",
    method: `Default pool of ${warm}; ${rounds} windows of ${windowMs / 1000} s after ${settleMs / 1000} s of settling.`,
    rounds,
    versions: { "claude-max-api": build.version, [referenceName]: referenceVersion, CLI: claudeVersions.join(" and ") },
    rows,
    notes: ["100 ticks are one second of one core."],
  }, options);
});

async function measure(parent: Scope, version: ClaudeVersion, build: Build, reference: string): Promise<Row[]> {
  return withScope(async (scope) => {
    const stub = await startAnthropicStub();
    scope.defer(() => stub.close());
    const environment = (): Promise<Record<string, string>> => contestantEnvironment(scope, { claude: claudePath(version), upstreamUrl: stub.url });
    const ours = await startOurs(scope, build, { env: await environment() });
    const other = await startReference(scope, reference, await environment());
    await waitUntilWarm(ours.port, warm);
    await delay(settleMs);
    const groups: Readonly<Record<string, readonly number[]>> = {
      "our server": [ours.pid], [`its ${warm} CLI processes`]: descendants(ours.pid), reference: [other.pid],
    };
    const ticks: Record<string, number[]> = Object.fromEntries(Object.keys(groups).map((name) => [name, []]));
    const [rss, pss] = [structuredClone(ticks), structuredClone(ticks)];
    for (let round = 0; round < rounds; round++) {
      const before = sums(groups, cpuTicks);
      const start = performance.now();
      await delay(windowMs);
      const perMinute = msPerMinute / (performance.now() - start);
      const after = sums(groups, cpuTicks);
      for (const name of Object.keys(groups)) ticks[name]?.push(((after[name] ?? 0) - (before[name] ?? 0)) * perMinute);
      for (const [name, megabytes] of Object.entries(sums(groups, residentMegabytes))) rss[name]?.push(megabytes);
      for (const [name, megabytes] of Object.entries(sums(groups, (pid) => proportionalMegabytes(pid) ?? Number.NaN))) pss[name]?.push(megabytes);
    }
    return [
      row(`ticks-${version}`, `CPU a minute, CLI ${version}`, "ticks", ticks),
      row(`rss-${version}`, `RSS, CLI ${version}`, "MB", rss),
      row(`pss-${version}`, `PSS, CLI ${version}`, "MB", pss),
    ];
  }, parent);
}

function sums(groups: Readonly<Record<string, readonly number[]>>, of: (pid: number) => number): Record<string, number> {
  return Object.fromEntries(Object.entries(groups).map(([name, pids]) => [name, pids.reduce((sum, pid) => sum + of(pid), 0)]));
}

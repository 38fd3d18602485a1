/**
 * The server at rest: its default pool has booted and no client asks anything. After 30 s of settling, five windows
 * of 12 s measure the server process and the CLI processes that it keeps: CPU time (kernel ticks of 10 ms, as ticks a
 * minute), RSS, and PSS, which counts a page shared by n processes as a page / n. The reference, which keeps no
 * process, is at rest in the same windows. Linux only: `ps` on other systems counts CPU time too coarsely for a
 * process at rest.
 */
import { setTimeout as delay } from "node:timers/promises";
import { parseOptions, roundsOf } from "./options.ts";
import { startOurs, waitUntilWarm } from "./our-server.ts";
import { cpuTicks, descendants, proportionalMegabytes, residentMegabytes } from "./process-usage.ts";
import { type CliRun, measureCliVersions } from "./real-cli.ts";
import { startReference } from "./reference.ts";
import { report } from "./report.ts";
import { row, type Row } from "./result.ts";
import { withScope } from "./scope.ts";
import { type GrowingSamples, noSamples } from "./statistics.ts";

const roundsUsual = 5;
const warm = 2;
const msPerSecond = 1_000;
const msPerMinute = 60_000;

const options = parseOptions(process.argv.slice(2));
const rounds = roundsOf(options, roundsUsual);
const settleMs = options.isQuick ? 4_000 : 30_000;
const windowMs = options.isQuick ? 2_000 : 12_000;

if (process.platform !== "linux") throw new Error("idle.ts needs Linux's /proc");

await withScope(async (scope) => {
  const { measured, versions } = await measureCliVersions(scope, options, {}, measure);
  await report({
    name: "idle",
    title: "The server at rest",
    method:
      `Default pool of ${warm}; ${rounds} windows of ${windowMs / msPerSecond} s after ` +
      `${settleMs / msPerSecond} s of settling.`,
    rounds,
    versions,
    rows: measured.flat(),
    notes: ["100 ticks are one second of one core."],
  }, options);
});

async function measure({ scope, version, build, reference, environment }: CliRun): Promise<Row[]> {
  const ours = await startOurs(scope, build, { env: await environment() });
  const other = await startReference(scope, reference, await environment());
  await waitUntilWarm(ours.port, warm);
  await delay(settleMs);
  const groups: ProcessGroups = {
    "our server": [ours.pid],
    [`its ${warm} CLI processes`]: descendants(ours.pid),
    reference: [other.pid],
  };
  const names = Object.keys(groups);
  const [ticks, rss, pss] = [noSamples(names), noSamples(names), noSamples(names)];
  for (let round = 0; round < rounds; round++) {
    const before = sums(groups, cpuTicks);
    const start = performance.now();
    await delay(windowMs);
    const windowsPerMinute = msPerMinute / (performance.now() - start);
    const after = sums(groups, cpuTicks);
    for (const name of names) {
      ticks[name]?.push(((after[name] ?? 0) - (before[name] ?? 0)) * windowsPerMinute);
    }
    push(rss, sums(groups, residentMegabytes));
    push(pss, sums(groups, (pid) => proportionalMegabytes(pid) ?? Number.NaN));
  }
  return [
    row(`ticks-${version}`, `CPU a minute, CLI ${version}`, "ticks", ticks),
    row(`rss-${version}`, `RSS, CLI ${version}`, "MB", rss),
    row(`pss-${version}`, `PSS, CLI ${version}`, "MB", pss),
  ];
}

/** Process ids, by what their figures are added up under. */
type ProcessGroups = Readonly<Record<string, readonly number[]>>;

function sums(groups: ProcessGroups, of: (pid: number) => number): Record<string, number> {
  const sum = (pids: readonly number[]): number => pids.reduce((total, pid) => total + of(pid), 0);
  return Object.fromEntries(Object.entries(groups).map(([name, pids]) => [name, sum(pids)]));
}

function push(samples: GrowingSamples, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) samples[name]?.push(value);
}

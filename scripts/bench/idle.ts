/**
 * The server at rest: its warm process has booted and no client asks anything. After 30 s of settling, five windows
 * of 12 s measure the server process and the CLI processes that it keeps: CPU time (kernel ticks of 10 ms, as ticks a
 * minute), RSS, and PSS, which counts a page shared by n processes as a page / n. The reference, which keeps no
 * process, is at rest in the same windows. Linux only: `ps` on other systems counts CPU time too coarsely for a
 * process at rest.
 */
import { setTimeout as delay } from "node:timers/promises";
import { parseOptions, roundsOf } from "./options.ts";
import { startOurs, waitUntilWarm, warm } from "./our-server.ts";
import { cpuTicks, descendants, proportionalMegabytes, residentMegabytes } from "./process-usage.ts";
import { type CliRun, measureCliVersions } from "./real-cli.ts";
import { startReference } from "./reference.ts";
import { report } from "./report.ts";
import { row, type Row } from "./result.ts";
import { withScope } from "./scope.ts";
import { type GrowingSamples, noSamples } from "./statistics.ts";

const roundsUsual = 5;
const msPerSecond = 1_000;
const msPerMinute = 60_000;

const options = parseOptions(process.argv.slice(2));
const rounds = roundsOf(options, roundsUsual);
const settleMs = options.isQuick ? 500 : 30_000;
const windowMs = options.isQuick ? 500 : 12_000;

if (process.platform !== "linux") throw new Error("idle.ts needs Linux's /proc");

await withScope(async (scope) => {
  const { measured, versions } = await measureCliVersions(scope, options, {}, measure);
  await report({
    name: "idle",
    title: "The server at rest",
    method:
      `One warm process; ${rounds} windows of ${windowMs / msPerSecond} s after ` +
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
    const before = figures(groups, cpuTicks);
    const start = performance.now();
    await delay(windowMs);
    const windowsPerMinute = msPerMinute / (performance.now() - start);
    const after = figures(groups, cpuTicks);
    for (const name of names) {
      const spent = [...after[name] ?? []].map(([pid, ticks]) => ticks - (before[name]?.get(pid) ?? 0));
      ticks[name]?.push(sum(spent) * windowsPerMinute);
    }
    push(rss, figures(groups, residentMegabytes));
    push(pss, figures(groups, (pid) => proportionalMegabytes(pid) ?? Number.NaN));
  }
  return [
    row(`ticks-${version}`, `CPU a minute, CLI ${version}`, "ticks", ticks),
    row(`rss-${version}`, `RSS, CLI ${version}`, "MB", rss),
    row(`pss-${version}`, `PSS, CLI ${version}`, "MB", pss),
  ];
}

/** Process ids, by what their figures are added up under. */
type ProcessGroups = Readonly<Record<string, readonly number[]>>;

/** Of each process of each group that still runs, by its id. */
type Figures = Readonly<Record<string, ReadonlyMap<number, number>>>;

/** Throws an Error where none of a group's processes runs any more. */
function figures(groups: ProcessGroups, of: (pid: number) => number): Figures {
  return Object.fromEntries(Object.entries(groups).map(([name, pids]) => {
    const known = new Map(pids.flatMap((pid) => figureOf(pid, of)));
    if (known.size === 0) throw new Error(`${name}: no process is left`);
    return [name, known];
  }));
}

/** Nothing where the process has ended: one that only looked for the CLI may have been listed just before. */
function figureOf(pid: number, of: (pid: number) => number): [pid: number, figure: number][] {
  try {
    return [[pid, of(pid)]];
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

/** /proc has no such folder any more, or the process went away while a file in it was read. */
function isGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH");
}

function push(samples: GrowingSamples, values: Figures): void {
  for (const [name, figuresOfName] of Object.entries(values)) samples[name]?.push(sum([...figuresOfName.values()]));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

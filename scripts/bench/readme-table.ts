/**
 * Writes the README's performance table from the results. With `--check` it writes nothing, and exits with 1 when the
 * README's table is not what the results say.
 *
 *     npx tsx scripts/bench/readme-table.ts [--check]
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { updateReadme } from "../readme-file.ts";
import { machineLine } from "./machine.ts";
import { figure, ratioText, resultsFolder, type BenchResult, type Row } from "./result.ts";

/** The README's section. */
export const section = "bench";

export interface Line {
  readonly what: string;
  readonly bench: string;
  readonly row: string;
  readonly ours: string;
  readonly reference: string;
  /** It has not been measured yet: the line is left out until the results have both sides. */
  readonly isAwaited?: true;
}

const newest = "2.1.330";
const older = "2.1.197";
const versions = [newest, older] as const;

/** What the table shows, from top to bottom. */
export const lines: readonly Line[] = [
  ...bothVersions("First content, new conversation", "first-token", "new"),
  ...bothVersions("The same with a system prompt that came before", "first-token", "again"),
  ...bothVersions("First content, next turn", "first-token", "next"),
  ...bothVersions(
    "First content after a tool's result (the reference, which serves no tools: of a new conversation)",
    "tool-result", "result",
  ),
  ...bothVersions("Slowest of 3 new conversations at once", "burst", "slowest-3"),
  ...awaited(
    ...bothVersions("First content, last answer asked for again", "branching", "regenerate"),
    ...bothVersions("First content, last message edited", "branching", "edit"),
    ...bothVersions("40 single questions, 4 at a time: answered", "single-questions", "rate-4"),
    ...bothVersions("40 single questions, 4 at a time: CPU a question, of all processes", "single-questions", "cpu-4"),
    ...bothVersions(
      "40 single questions, 4 at a time: peak memory of all processes", "single-questions", "peak-4",
    ),
    both(
      `32 single questions, 16 at a time, upstream at 2 s: answered, CLI ${newest}`,
      "single-questions", `rate-16-slow-${newest}`,
    ),
  ),
  ...bothVersions("First content, 100 messages that no process knows", "conversations", "miss-100"),
  ...bothVersions("First content, 200 messages that no process knows", "conversations", "miss-200"),
  ...bothVersions("First content, next turn after 200 messages", "conversations", "hit-200"),
  ...bothVersions("Sent upstream for “Hello”", "upstream", "hello"),
  both("Server CPU a delta, 200,000 deltas", "relay", "cpu"),
  both("Whole answer of 200,000 deltas", "relay", "wall"),
  ...awaited(both("Added to a delta on an idle machine, median", "added-latency", "added-median")),
  both("Age of a delta, 99th percentile, 200 streams", "streams", "p99-200"),
  ...awaited(
    both("Age of a delta, 99th percentile, 1,000 streams", "streams", "p99-1000"),
    both("Server CPU a delta, 200 streams", "streams", "cpu-delta-200"),
  ),
  {
    what: "Server's peak RSS, 50 MB each to readers that stop for 5 s (eight; the reference: one)",
    bench: "slow-readers",
    row: "peak-stream",
    ours: "ours, 8 readers",
    reference: "reference, 1 reader",
  },
  both("Server's peak RSS, 200 streams", "streams", "memory-200"),
];

const footnote = "The CLI is the real one where its version is named, upstream a stub that answers at once.";
/** The charts that stand under the table, by their benchmark. */
const charts = ["first-token", "relay"] as const;

/** The rows of `idle`, and their sides, that the sentence on the server at rest is made of. */
export const restRows = {
  bench: "idle",
  ticks: `ticks-${newest}`,
  rss: `rss-${newest}`,
  pss: `pss-${newest}`,
  server: "our server",
  /** With how many there are. */
  processes: /^its (\d+) CLI processes$/u,
} as const;
/** The rows of `single-questions` that say what a server takes at rest, after so many questions. */
export const usedRestRows = {
  bench: "single-questions",
  ours: "ours",
  after: [1, 50],
  memory: (after: number): string => `rest-memory-${after}-${newest}`,
  processes: (after: number): string => `rest-processes-${after}-${newest}`,
} as const;
/** The benchmarks whose results may not be there yet. */
const awaitedBenches: ReadonlySet<string> = new Set([
  ...lines.filter(({ isAwaited }) => isAwaited).map(({ bench }) => bench), usedRestRows.bench,
]);
/** The kernel's ticks of 10 ms in a minute of one core. */
const ticksPerMinute = 6_000;

function both(what: string, bench: string, row: string): Line {
  return { what, bench, row, ours: "ours", reference: "reference" };
}

function awaited(...of: readonly Line[]): Line[] {
  return of.map((line) => ({ ...line, isAwaited: true }));
}

/** The row of `id` and the CLI's version, once for each version. */
function bothVersions(what: string, bench: string, id: string): Line[] {
  return versions.map((version) => both(`${what}, CLI ${version}`, bench, `${id}-${version}`));
}

/**
 * The table, from results by name. Throws an Error that names what is missing, and one where not all was measured on
 * the same machine, with the same versions. Pure.
 */
export function tableText(results: ReadonlyMap<string, BenchResult>): string {
  const told = lines.filter((line) => line.isAwaited !== true || isMeasured(results, line));
  const body = told.map(({ what, bench, row: id, ours, reference }) => {
    const row = rowOf(results, bench, id);
    const own = medianOf(row, ours);
    const other = medianOf(row, reference);
    return `| ${what} | ${figure(own, row.unit)} | ${figure(other, row.unit)} | ${ratioText(own / other)} |`;
  });
  const [first] = results.values();
  if (first === undefined) throw new Error("there are no results");
  for (const one of results.values()) for (const other of results.values()) refuseOther(one, other);
  const reference = Object.entries(first.versions).find(([name]) => name !== "claude-max-api" && name !== "CLI");
  return [
    `| Median | claude-max-api | ${reference?.join(" ") ?? "reference"} | ratio |`,
    "| --- | ---: | ---: | ---: |",
    ...body,
    "",
    `${machineLine(first.machine)}; ${daysText(results)}. ${footnote}`,
    "",
    restText(results),
    "",
    ...charts.map((name) => `![${results.get(name)?.title ?? name}](scripts/bench/results/${name}.svg)`),
  ].join("\n");
}

/** Throws where two results are of different machines, or of different versions of a program that both name. */
function refuseOther(one: BenchResult, other: BenchResult): void {
  const both = Object.keys(one.versions).filter((name) => other.versions[name] !== undefined);
  const facts = ({ machine, versions }: BenchResult): string => (
    [machineLine(machine), ...both.map((name) => `${name} ${versions[name]}`)].join("; "));
  if (facts(one) === facts(other)) return;
  throw new Error(
    `${one.name} was measured with ${facts(one)}, and ${other.name} with ${facts(other)}: measure one of them again`,
  );
}

function isMeasured(results: ReadonlyMap<string, BenchResult>, { bench, row, ours, reference }: Line): boolean {
  const sides = results.get(bench)?.rows.find(({ id }) => id === row)?.sides ?? [];
  return [ours, reference].every((name) => sides.some(({ who }) => who === name));
}

/** The day on which all was measured, or the first and the last. */
function daysText(results: ReadonlyMap<string, BenchResult>): string {
  const days = [...results.values()].map(({ date }) => date).sort();
  const [first = "", last = ""] = [days[0], days.at(-1)];
  return first === last ? first : `${first} to ${last}`;
}

function restText(results: ReadonlyMap<string, BenchResult>): string {
  const { bench, ticks, rss, pss, server, processes } = restRows;
  const share = (who: string): string => {
    const percent = (medianOf(rowOf(results, bench, ticks), who) / ticksPerMinute) * 100;
    return `${percent.toFixed(2)} %`;
  };
  const megabytes = (id: string, who: string): string => figure(medianOf(rowOf(results, bench, id), who), "MB");
  const who = rowOf(results, bench, pss).sides.map((side) => side.who).find((name) => processes.test(name)) ?? "";
  const count = Number(processes.exec(who)?.[1]);
  const ours = `the server takes ${megabytes(rss, server)} and ${share(server)} of a core`;
  const theirs = count === 1 ? `the process ${megabytes(pss, who)} and ${share(who)}`
    : `the ${count} processes ${megabytes(pss, who)} together and ${share(who)}`;
  const warm = count === 1 ? "one warm process" : `${count} warm processes`;
  const used = results.has(usedRestRows.bench) ? ` ${usedRestText(results)}` : "";
  return `At rest, with ${warm} of CLI ${newest}: ${ours}, ${theirs}.${used}`;
}

function usedRestText(results: ReadonlyMap<string, BenchResult>): string {
  const { bench, ours, after, memory, processes } = usedRestRows;
  const taken = after.map((questions) => {
    const count = medianOf(rowOf(results, bench, processes(questions)), ours);
    const all = figure(medianOf(rowOf(results, bench, memory(questions)), ours), "MB");
    const conversations = questions === 1 ? "one conversation" : `${questions} conversations`;
    return `after ${conversations} ${all} with ${count} ${count === 1 ? "process" : "processes"}`;
  });
  return `Server and processes together, five seconds ${taken.join(", ")}.`;
}

function rowOf(results: ReadonlyMap<string, BenchResult>, bench: string, id: string): Row {
  const row = results.get(bench)?.rows.find((candidate) => candidate.id === id);
  if (row !== undefined) return row;
  throw new Error(`there is no row ${id} in the results of ${bench}: run npx tsx scripts/bench/${bench}.ts`);
}

function medianOf({ id, sides }: Row, who: string): number {
  const side = sides.find((candidate) => candidate.who === who);
  if (side === undefined) throw new Error(`row ${id} has no side ${who}`);
  return side.summary.median;
}

/** The results that the table is made of. Throws when one is missing that is not awaited. */
export function readResults(folder = resultsFolder): Map<string, BenchResult> {
  const isThere = (name: string): boolean => !awaitedBenches.has(name) || existsSync(`${folder}${name}.json`);
  const names = new Set([...lines.map(({ bench }) => bench), restRows.bench, usedRestRows.bench].filter(isThere));
  const resultOf = (name: string) => JSON.parse(readFileSync(`${folder}${name}.json`, "utf8")) as BenchResult;
  return new Map([...names].map((name) => [name, resultOf(name)]));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const table = tableText(readResults());
  process.exitCode = updateReadme(
    process.argv.slice(2), { [section]: table },
    "The README's performance table is not what scripts/bench/results says: run npx tsx scripts/bench/readme-table.ts",
  );
}

/**
 * The README's performance table, from the results: `npx tsx scripts/bench/readme-table.ts` writes it between
 * `<!-- bench:begin -->` and `<!-- bench:end -->`; with `--check` it writes nothing and exits with 1 when the README says
 * something else than the results do.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { machineLine } from "./machine.ts";
import { figure, ratioText, resultsFolder, type BenchResult, type Row } from "./result.ts";

export const beginMark = "<!-- bench:begin -->";
export const endMark = "<!-- bench:end -->";

export interface Line {
  readonly what: string;
  readonly bench: string;
  readonly row: string;
  readonly ours: string;
  readonly reference: string;
}

const newest = "2.1.330";
const older = "2.1.197";
const versions = [newest, older] as const;

/** What the table shows, from top to bottom. */
export const lines: readonly Line[] = [
  ...versions.map((version): Line => both(`First content, new conversation, CLI ${version}`, "first-token", `new-${version}`)),
  ...versions.map((version): Line => both(`The same with a system prompt that came before, CLI ${version}`, "first-token", `again-${version}`)),
  ...versions.map((version): Line => both(`First content, next turn, CLI ${version}`, "first-token", `next-${version}`)),
  ...versions.map((version): Line => both(`First content after a tool's result (the reference, which serves no tools: of a new conversation), CLI ${version}`, "tool-result", `result-${version}`)),
  ...versions.map((version): Line => both(`Slowest of 3 new conversations at once, CLI ${version}`, "burst", `slowest-3-${version}`)),
  ...[100, 200].flatMap((count) => versions.map((version): Line => both(`First content, ${count} messages that no process knows, CLI ${version}`, "conversations", `miss-${count}-${version}`))),
  ...versions.map((version): Line => both(`First content, next turn after 200 messages, CLI ${version}`, "conversations", `hit-200-${version}`)),
  ...versions.map((version): Line => both(`Sent upstream for “Hello”, CLI ${version}`, "upstream", `hello-${version}`)),
  both("Server CPU a delta, 200,000 deltas", "relay", "cpu"),
  both("Whole answer of 200,000 deltas", "relay", "wall"),
  both("Age of a delta, 99th percentile, 200 streams", "streams", "p99-200"),
  { what: "Server's peak RSS, 50 MB each to readers that stop for 5 s (eight; the reference: one)", bench: "slow-readers", row: "peak-stream", ours: "ours, 8 readers", reference: "reference, 1 reader" },
  both("Server's peak RSS, 200 streams", "streams", "memory-200"),
];

/** The charts that stand under the table, by their benchmark. */
const charts = ["first-token", "relay"] as const;

/** The rows of `idle`, each of two sides, that the sentence on the server at rest is made of. */
export const restRows = { bench: "idle", ticks: `ticks-${newest}`, rss: `rss-${newest}`, pss: `pss-${newest}`, server: "our server", processes: "its 2 CLI processes" } as const;
/** The kernel's ticks of 10 ms in a minute of one core. */
const ticksAMinute = 6_000;

function both(what: string, bench: string, row: string): Line {
  return { what, bench, row, ours: "ours", reference: "reference" };
}

/** The table, from results by name. Throws an Error that names what is missing. Pure. */
export function tableText(results: ReadonlyMap<string, BenchResult>): string {
  const body = lines.map(({ what, bench, row: id, ours, reference }) => {
    const row = rowOf(results, bench, id);
    const own = medianOf(row, ours);
    const other = medianOf(row, reference);
    return `| ${what} | ${figure(own, row.unit)} | ${figure(other, row.unit)} | ${ratioText(own / other)} |`;
  });
  const [first] = results.values();
  if (first === undefined) throw new Error("there are no results");
  const reference = Object.entries(first.versions).find(([name]) => name !== "claude-max-api" && name !== "CLI");
  return [
    `| Median | claude-max-api | ${reference?.join(" ") ?? "reference"} | ratio |`,
    "| --- | ---: | ---: | ---: |",
    ...body,
    "",
    `${machineLine(first.machine)}; ${first.date}. The CLI is the real one where its version is named, upstream a stub that answers at once.`,
    "",
    restText(results),
    "",
    ...charts.map((name) => `![${results.get(name)?.title ?? name}](scripts/bench/results/${name}.svg)`),
  ].join("\n");
}

function restText(results: ReadonlyMap<string, BenchResult>): string {
  const { bench, ticks, rss, pss, server, processes } = restRows;
  const share = (who: string): string => `${((medianOf(rowOf(results, bench, ticks), who) / ticksAMinute) * 100).toFixed(2)} %`;
  const megabytes = (id: string, who: string): string => figure(medianOf(rowOf(results, bench, id), who), "MB");
  return `At rest, with two warm processes of CLI ${newest}: the server takes ${megabytes(rss, server)} and ${share(server)} of a core, the two processes ${megabytes(pss, processes)} together and ${share(processes)}.`;
}

function rowOf(results: ReadonlyMap<string, BenchResult>, bench: string, id: string): Row {
  const row = results.get(bench)?.rows.find((candidate) => candidate.id === id);
  if (row === undefined) throw new Error(`there is no row ${id} in the results of ${bench}: run npx tsx scripts/bench/${bench}.ts`);
  return row;
}

/** The README with the table between its marks. Throws when the marks are not there once, in their order. Pure. */
export function withTable(readme: string, table: string): string {
  const begin = readme.indexOf(beginMark);
  const end = readme.indexOf(endMark);
  if (begin === -1 || end < begin || readme.indexOf(beginMark, begin + 1) !== -1 || readme.indexOf(endMark, end + 1) !== -1) {
    throw new Error(`the README must hold ${beginMark} and ${endMark} once each, in this order`);
  }
  return `${readme.slice(0, begin + beginMark.length)}\n${table}\n${readme.slice(end)}`;
}

function medianOf({ id, sides }: Row, who: string): number {
  const side = sides.find((candidate) => candidate.who === who);
  if (side === undefined) throw new Error(`row ${id} has no side ${who}`);
  return side.summary.median;
}

/** The results that the table is made of. Throws when one is missing. */
export function readResults(folder = resultsFolder): Map<string, BenchResult> {
  const names = new Set([...lines.map(({ bench }) => bench), restRows.bench]);
  return new Map([...names].map((name) => [name, JSON.parse(readFileSync(`${folder}${name}.json`, "utf8")) as BenchResult]));
}

function main(args: readonly string[]): number {
  const unknown = args.find((argument) => argument !== "--check");
  if (unknown !== undefined) throw new Error(`unknown argument ${unknown}; known is --check`);
  const path = fileURLToPath(new URL("../../README.md", import.meta.url));
  const readme = readFileSync(path, "utf8");
  const wanted = withTable(readme, tableText(readResults()));
  if (!args.includes("--check")) {
    writeFileSync(path, wanted);
    return 0;
  }
  if (wanted === readme) return 0;
  console.error("The README's performance table is not what scripts/bench/results says: run npx tsx scripts/bench/readme-table.ts");
  return 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(process.argv.slice(2));

/** Where a benchmark's findings go: printed as text, and written as JSON and SVG when they are a measurement. */
import { mkdir, writeFile } from "node:fs/promises";
import { drawResult } from "./chart.ts";
import { describeMachine, machineLine } from "./machine.ts";
import type { BenchOptions } from "./options.ts";
import { figure, isMissed, ratioText, resultsFolder, type BenchResult, type Comparison, type Row } from "./result.ts";

const datePartChars = "2026-01-01".length;
/** A number in the JSON is rounded to a thousandth. */
const partsOfOne = 1_000;
const medianChars = 12;

export type Findings = Omit<BenchResult, "date" | "isQuick" | "machine">;

/**
 * Prints the findings and writes them as JSON and SVG. A quick run, which is no measurement, a run of a part, and one
 * with another commit's build are printed only.
 */
export async function report(findings: Findings, options: BenchOptions): Promise<BenchResult> {
  const result: BenchResult = {
    ...findings,
    date: new Date().toISOString().slice(0, datePartChars),
    isQuick: options.isQuick,
    machine: describeMachine(),
  };
  console.log(resultText(result));
  if (!isKept(options)) return result;
  await mkdir(resultsFolder, { recursive: true });
  await writeFile(`${resultsFolder}${result.name}.json`, `${JSON.stringify(result, rounded, 1)}\n`);
  await writeFile(`${resultsFolder}${result.name}.svg`, drawResult(result));
  return result;
}

/** Whether a run with these options is a whole measurement of the source as it is. */
export function isKept({ isQuick, build, before, streams, cli }: BenchOptions): boolean {
  return !isQuick && build === undefined && before === undefined && streams === undefined && cli === undefined;
}

/** As text for a terminal. */
export function resultText(result: BenchResult): string {
  const versions = Object.entries(result.versions).map(([what, version]) => `${what} ${version}`).join(", ");
  const lines = [
    "",
    `${result.title}${result.isQuick ? " (quick: not a measurement)" : ""}`,
    result.method,
    `Machine: ${machineLine(result.machine)}`,
    `Versions: ${versions}`,
    `Rounds: ${result.rounds}; median (least to most)`,
    "",
  ];
  lines.push(...result.rows.flatMap(rowLines));
  return [...lines, "", ...result.notes.map((note) => `* ${note}`)].join("\n");
}

/** A row as lines of text: what it is, each side, each comparison. */
export function rowLines({ label, unit, sides, comparisons }: Row): string[] {
  const lines = [label];
  const width = Math.max(...sides.map(({ who }) => who.length));
  for (const { who, summary: { median, min, max } } of sides) {
    const spread = `(${figure(min, unit)} to ${figure(max, unit)})`;
    lines.push(`  ${who.padEnd(width)}  ${figure(median, unit).padStart(medianChars)}  ${spread}`);
  }
  for (const comparison of comparisons) {
    const { what, value, kind } = comparison;
    const shown = kind === "ratio" ? ratioText(value) : figure(value, unit);
    lines.push(`  → ${what}: ${shown}${verdict(comparison)}`);
  }
  return lines;
}

function verdict(comparison: Comparison): string {
  const { target, least } = comparison;
  const words = isMissed(comparison) ? "MISSED" : "met";
  if (target !== undefined) return `, target ${target}: ${words}`;
  return least === undefined ? "" : `, target at least ${least}: ${words}`;
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Math.round(value * partsOfOne) / partsOfOne : value;
}

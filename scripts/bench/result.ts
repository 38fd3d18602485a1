/** What a benchmark found: kept as JSON, printed, drawn and put into the README from this one form. */
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { drawResult } from "./chart.ts";
import { describeMachine, machineLine, type Machine } from "./machine.ts";
import type { BenchOptions } from "./options.ts";
import { summarize, type Summary } from "./statistics.ts";

export type Unit = "ms" | "MB" | "bytes" | "µs" | "ticks";

/** One contestant's figures in one row. */
export interface Side {
  readonly who: string;
  readonly summary: Summary;
}

/** How two sides of a row compare: a ratio, or a difference in the row's unit. */
export interface Comparison {
  readonly what: string;
  readonly value: number;
  readonly kind: "ratio" | "difference";
  /** What it must not exceed. */
  readonly target?: number;
}

export interface Row {
  /** Stable: the README's table asks for it. */
  readonly id: string;
  readonly label: string;
  readonly unit: Unit;
  readonly sides: readonly Side[];
  readonly comparisons: readonly Comparison[];
}

export interface BenchResult {
  readonly name: string;
  readonly title: string;
  /** How it was measured, in a sentence or two. */
  readonly method: string;
  /** Day of the run. */
  readonly date: string;
  readonly isQuick: boolean;
  readonly rounds: number;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
}

export const resultsFolder = fileURLToPath(new URL("./results/", import.meta.url));
const datePartChars = "2026-01-01".length;

/** A row from samples by contestant; `ours` is the first. Ratios are of medians. */
export function row(
  id: string, label: string, unit: Unit, samples: Readonly<Record<string, readonly number[]>>, comparisons: readonly Comparison[] = [],
): Row {
  const sides = Object.entries(samples).map(([who, values]) => ({ who, summary: summarize(values) }));
  return { id, label, unit, sides, comparisons };
}

/** The ratio of two medians. */
export function ratio(what: string, of: readonly number[], to: readonly number[], target?: number): Comparison {
  return { what, kind: "ratio", value: summarize(of).median / summarize(to).median, ...(target === undefined ? {} : { target }) };
}

export function difference(what: string, value: number, target?: number): Comparison {
  return { what, kind: "difference", value, ...(target === undefined ? {} : { target }) };
}

export type Findings = Omit<BenchResult, "date" | "isQuick" | "machine">;

/** Prints the findings and writes them as JSON and SVG. A quick run is printed only: its figures are not to be shown. */
export async function report(findings: Findings, options: BenchOptions): Promise<BenchResult> {
  const result: BenchResult = {
    ...findings, date: new Date().toISOString().slice(0, datePartChars), isQuick: options.isQuick, machine: describeMachine(),
  };
  console.log(resultText(result));
  if (options.isQuick) return result;
  await mkdir(resultsFolder, { recursive: true });
  await writeFile(`${resultsFolder}${result.name}.json`, `${JSON.stringify(result, rounded, 1)}\n`);
  await writeFile(`${resultsFolder}${result.name}.svg`, drawResult(result));
  return result;
}

/** As text for a terminal. */
export function resultText(result: BenchResult): string {
  const versions = Object.entries(result.versions).map(([what, version]) => `${what} ${version}`).join(", ");
  const lines = [
    "", `${result.title}${result.isQuick ? " (quick: not a measurement)" : ""}`, result.method,
    `Machine: ${machineLine(result.machine)}`, `Versions: ${versions}`, `Rounds: ${result.rounds}; median (least to most)`, "",
  ];
  for (const { label, unit, sides, comparisons } of result.rows) {
    lines.push(label);
    const width = Math.max(...sides.map(({ who }) => who.length));
    for (const { who, summary: { median, min, max } } of sides) {
      lines.push(`  ${who.padEnd(width)}  ${figure(median, unit).padStart(12)}  (${figure(min, unit)} to ${figure(max, unit)})`);
    }
    for (const { what, value, kind, target } of comparisons) {
      const shown = kind === "ratio" ? ratioText(value) : figure(value, unit);
      const limit = target === undefined ? "" : value <= target ? `, target ${target}: met` : `, target ${target}: MISSED`;
      lines.push(`  → ${what}: ${shown}${limit}`);
    }
  }
  return [...lines, "", ...result.notes.map((note) => `* ${note}`)].join("\n");
}

/** Three significant digits, no more than a measurement can carry. */
export function figure(value: number, unit: Unit): string {
  const magnitude = Math.abs(value);
  const digits = unit === "bytes" || magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : 2;
  return `${value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits })} ${unit}`;
}

export function ratioText(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value >= 0.1 ? value.toFixed(2) : value.toFixed(3);
}

const decimalsKept = 1_000;

function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Math.round(value * decimalsKept) / decimalsKept : value;
}

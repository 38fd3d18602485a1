/** What a benchmark found, as values: report.ts prints and keeps it, chart.ts draws it, readme-table.ts quotes it. */
import { fileURLToPath } from "node:url";
import type { Machine } from "./machine.ts";
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

/** Three significant digits, no more than a measurement can carry. */
export function figure(value: number, unit: Unit): string {
  const magnitude = Math.abs(value);
  const digits = unit === "bytes" || magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : 2;
  return `${value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits })} ${unit}`;
}

export function ratioText(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value >= 0.1 ? value.toFixed(2) : value.toFixed(3);
}

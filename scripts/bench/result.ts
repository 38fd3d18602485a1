/** What a benchmark found, as values: report.ts prints and keeps it, chart.ts draws it, readme-table.ts quotes it. */
import { fileURLToPath } from "node:url";
import type { Machine } from "./machine.ts";
import { median, summarize, type Samples, type Summary } from "./statistics.ts";

/** `count` is a number of things, `a second` how often something is done. Of the latter, more is better. */
export type Unit = "ms" | "MB" | "kB" | "bytes" | "µs" | "ticks" | "count" | "a second";

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
  /** The most that `value` may be. */
  readonly target?: number;
  /** The least that `value` may be. */
  readonly least?: number;
}

/** Whether a comparison has a target and does not reach it. */
export function isMissed({ value, target = Infinity, least = -Infinity }: Comparison): boolean {
  return value > target || value < least;
}

export interface Row {
  /** The README's table names rows by it, so it stays as it is when the label changes. */
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

/** A row from samples by contestant, ours first. */
export function row(
  id: string, label: string, unit: Unit, samples: Samples, comparisons: readonly Comparison[] = [],
): Row {
  const sides = Object.entries(samples).map(([who, values]) => ({ who, summary: summarize(values) }));
  return { id, label, unit, sides, comparisons };
}

/** The ratio of two medians. */
export function ratio(what: string, of: readonly number[], to: readonly number[], target?: number): Comparison {
  return { what, kind: "ratio", value: median(of) / median(to), ...(target === undefined ? {} : { target }) };
}

/** The ratio of the median of `ours` to that of another contestant, with the words that every result has for it. */
export function oursTo(other: string, samples: Samples, target?: number): Comparison {
  const what = other === "reference" || other === "before" ? `ours to ${other}` : `ours to the ${other}`;
  return ratio(what, samples["ours"] ?? [], samples[other] ?? [], target);
}

/** The comparison with a target that is reached from above. */
export function atLeast(least: number | undefined, comparison: Comparison): Comparison {
  return { ...comparison, ...(least === undefined ? {} : { least }) };
}

export function difference(what: string, value: number, target?: number): Comparison {
  return { what, kind: "difference", value, ...(target === undefined ? {} : { target }) };
}

/** Three significant digits, no more than a measurement can carry. */
export function figure(value: number, unit: Unit): string {
  const magnitude = Math.abs(value);
  const isWhole = unit === "bytes" || unit === "count";
  const digits = isWhole || magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : 2;
  const number = value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return unit === "count" ? number : `${number} ${unit}`;
}

/** Two or three significant digits. */
export function ratioText(value: number): string {
  if (value >= 100) return value.toFixed(0);
  if (value >= 10) return value.toFixed(1);
  return value >= 0.1 ? value.toFixed(2) : value.toFixed(3);
}

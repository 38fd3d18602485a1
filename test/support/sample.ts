/**
 * How many of its cases a test draws. `SAMPLE` in the environment says which sample: `small` (of `npm test`, and the
 * default), `large` (of the long suites, as CI runs them), `whole` (the flag `--whole`), or a number: the count itself.
 * `SEED` is where the drawing of random cases begins. No other test file reads either.
 */

export interface Sample {
  /** The cases, in the plural: "random histories". */
  readonly what: string;
  /** A second or two at most: `npm test` has many files. */
  readonly small: number;
  /** For the long suites in CI; without it they run the whole. */
  readonly large?: number;
  readonly whole: number;
}

/** The count to run. It is printed, so that a report says what was left out and how to run it. */
export function sampleOf(
  sample: Sample, name = process.env["SAMPLE"] ?? "small", print: (line: string) => void = console.log,
): number {
  const count = countOf(sample, name);
  const rest = count < sample.whole ? ` of ${sample.whole.toLocaleString("en")} (all: --whole, or SAMPLE=whole)` : "";
  print(`sample: ${count.toLocaleString("en")}${rest} ${sample.what}`);
  return count;
}

/** Whether exactly that many are wanted, however long they take: the whole, or a count. */
export function isCountFixed(name = process.env["SAMPLE"] ?? "small"): boolean {
  return name !== "small" && name !== "large";
}

/** The first seed to draw with: `SEED`, else the test's own. */
export function seedOf(usual: number, text = process.env["SEED"]): number {
  if (text === undefined) return usual;
  if (!/^\d{1,9}$/.test(text)) {
    throw new Error(`SEED: expected a whole number of up to nine digits, got ${JSON.stringify(text)}`);
  }
  return Number(text);
}

function countOf({ small, large, whole }: Sample, name: string): number {
  if (name === "small") return small;
  if (name === "large") return large ?? whole;
  if (name === "whole") return whole;
  if (/^[1-9]\d{0,8}$/.test(name)) return Number(name);
  throw new Error(`SAMPLE: expected small, large, whole or a count, got ${JSON.stringify(name)}`);
}

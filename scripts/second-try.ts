/** What failed in a run of tests, and which files of it are run once more. */
import { existsSync, readFileSync } from "node:fs";
import { relative, sep } from "node:path";
import type { Suite } from "./suites.ts";

/** A test that failed. */
export interface Failure {
  /** Its file's path, as the runner names it; a file that broke off is a test of that name. */
  readonly file: string;
  readonly test: string;
}

/** An event of Node's test runner, as far as it is looked at. */
export interface RunnerEvent {
  readonly type: string;
  readonly data: {
    readonly name?: string;
    readonly file?: string;
    readonly details?: { readonly error?: { readonly failureType?: string } };
  };
}

/** What an event says has failed; a suite of which a test fails does so for no reason of its own. */
export function failureOf({ type, data: { name = "", file, details } }: RunnerEvent): Failure | undefined {
  if (type !== "test:fail" || details?.error?.failureType === "subtestsFailed") return undefined;
  return { file: file ?? name, test: name };
}

/** What the reporter wrote to `path`, the files relative to `root` and with `/`. */
export function failuresIn(path: string, root: string): Failure[] {
  const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").filter((line) => line !== "") : [];
  return lines.flatMap((line) => {
    const failure = failureOf(JSON.parse(line) as RunnerEvent);
    if (failure === undefined) return [];
    return { file: relative(root, failure.file).split(sep).join("/"), test: failure.test };
  });
}

/** The files of a suite that are run once more; none where it has no second try, or where nobody knows what failed. */
export function filesToRepeat(suite: Suite, files: readonly string[], failures: readonly Failure[]): readonly string[] {
  if (suite.hasSecondTry !== true) return [];
  const failed = [...new Set(failures.map(({ file }) => file))];
  return failed.every((file) => files.includes(file)) ? failed : [];
}

/** Of a test that failed at first, for the end of the output. */
export function secondTryLine({ file, test }: Failure): string {
  return `passed at the second try: ${file}: ${test.endsWith(file) ? "all of it" : test}`;
}

/**
 * Runs test files under Node's runner: those of `npm test`, or of a long suite (see test/README.md).
 *
 *     tsx scripts/test.ts [--suite=real|clients|soak|bench|all] [--whole] [--no-coverage] [part of a file's path …]
 *
 * With parts of paths only the files that hold one run, of any suite unless one is named. Files are collected here
 * because Node 20's `--test` takes no patterns; everything is started by its JS entry, as Windows has no shell scripts.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { compiledLoader } from "./compiled.ts";
import { withCoverage } from "./coverage.ts";
import { type Failure, failuresIn, filesToRepeat, secondTryLine } from "./second-try.ts";
import { installInterop, InteropInstallError } from "./interop-install.ts";
import { parseTestArguments, type TestArguments } from "./test-arguments.ts";
import { longSuites, needsInterop, offline, sharedProcesses, type Suite } from "./suites.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const reporter = new URL("./failures-reporter.mjs", import.meta.url).href;
/** To run more files than these it is cheaper to compile all there are than to have `tsx` look for each. */
const filesByTsxMax = 3;

try {
  const startMs = performance.now();
  const asked = parseTestArguments(process.argv.slice(2));
  const lines: string[] = [];
  const failed = runsFor(asked).filter((run) => {
    const { passes, failures } = outcomeOf(run, asked);
    return !passes && !(asked.suite === "all" && passesAgain(run, asked, failures, lines));
  });
  if (failed.length > 0) process.exitCode = 1;
  const name = `npm ${asked.suite === undefined ? "test" : `run test:${asked.suite}`}`;
  const names = new Set(failed.map(({ suite }) => suite.name));
  if (asked.suite === "all" && failed.length > 0) lines.push(`failed: ${[...names].join(", ")}`);
  for (const line of lines) console.error(`${name}: ${line}`);
  console.log(`${name}: ${((performance.now() - startMs) / 1_000).toFixed(0)} s`);
} catch (error) {
  if (!(error instanceof InteropInstallError || error instanceof RangeError)) throw error;
  console.error(`npm test: ${error.message}`);
  process.exitCode = 1;
}

interface Run {
  readonly suite: Suite;
  readonly files: readonly string[];
}

interface Outcome {
  readonly passes: boolean;
  /** What failed, as far as it is known: a test by its file. */
  readonly failures: readonly Failure[];
}

/** Runs the files once more in which something failed, where the suite has a second try. `lines` is told of it. */
function passesAgain(
  { suite, files }: Run, asked: TestArguments, failures: readonly Failure[], lines: string[],
): boolean {
  const repeated = filesToRepeat(suite, files, failures);
  if (repeated.length === 0) return false;
  console.error(`npm run test:all: ${suite.name} failed, see above; run once more: ${repeated.join(", ")}`);
  const { passes } = outcomeOf({ suite, files: repeated }, asked);
  if (passes) lines.push(...failures.map(secondTryLine));
  return passes;
}

/** Throws a RangeError where no file is asked for. */
function runsFor({ suite: name, parts }: TestArguments): Run[] {
  const isAsked = (file: string): boolean => parts.length === 0 || parts.some((part) => file.includes(part));
  const files = testFiles().filter(isAsked);
  if (name === undefined && parts.length > 0) return nonEmpty([{ suite: offline, files }], parts);
  const suites = name === undefined ? [offline] : longSuites.filter((suite) => name === "all" || suite.name === name);
  return nonEmpty(suites.map((suite) => ({ suite, files: files.filter(suite.has) })), parts);
}

function nonEmpty(runs: readonly Run[], parts: readonly string[]): Run[] {
  const found = runs.filter(({ files }) => files.length > 0);
  const where = parts.length === 0 ? "there is no test file" : `no test file's path holds ${parts.join(" or ")}`;
  if (found.length === 0) throw new RangeError(where);
  return found;
}

function outcomeOf({ suite, files }: Run, { isWhole, hasCoverage, parts }: TestArguments): Outcome {
  if (files.some(needsInterop)) installInterop(join(root, "test", "interop"));
  const sample = isWhole ? "whole" : process.env["SAMPLE"] ?? suite.sample;
  if (suite.name !== undefined) {
    const more = isWhole ? "" : ` (the whole: npm run test:${suite.name} -- --whole)`;
    console.log(`test:${suite.name}: ${files.length} files, the ${sample} sample${more}`);
  }
  const folder = mkdtempSync(join(tmpdir(), "claude-max-api-tests-"));
  const failuresPath = join(folder, "failures");
  const isCovered = suite.isCovered === true && hasCoverage && parts.length === 0;
  const run = (more: Readonly<Record<string, string>>): boolean => {
    const runner = [
      ...loaderFor(files, folder, isCovered), "--test", `--test-concurrency=${suite.filesAtOnceMax}`,
      "--test-reporter=spec", "--test-reporter-destination=stdout",
      `--test-reporter=${reporter}`, `--test-reporter-destination=${failuresPath}`,
    ];
    const entries = inFewerProcesses(files, folder);
    // What several files need is made once, in there: see test/support/made-once.ts.
    const env = { ...process.env, SAMPLE: sample, MADE_FOR_TESTS: folder, ...more };
    const options = { cwd: root, stdio: "inherit", env } as const;
    const { status, error } = spawnSync(process.execPath, [...runner, ...entries], options);
    if (error !== undefined) throw error;
    return status === 0;
  };
  try {
    const hasTypes = suite.checksTypes !== true || parts.length > 0 || typesHold();
    const passes = (isCovered ? withCoverage(root, run) : run({})) && hasTypes;
    return { passes, failures: passes ? [] : failuresIn(failuresPath, root) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Node's arguments by which it understands TypeScript. Covered lines are counted by places in what was compiled, in all
 * processes alike: some of them, such as those of a newer Node, start with tsx.
 */
function loaderFor(files: readonly string[], folder: string, isCovered: boolean): readonly string[] {
  const isByTsx = isCovered || files.length <= filesByTsxMax;
  return isByTsx ? ["--import", "tsx"] : compiledLoader(root, join(folder, "compiled"));
}

/** Of `src`, the tests and the scripts. Says what is wrong. */
function typesHold(): boolean {
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const { status, error } = spawnSync(process.execPath, [compiler, "--noEmit"], { cwd: root, stdio: "inherit" });
  if (error !== undefined) throw error;
  if (status !== 0) console.error("npm run typecheck: the types do not hold, see above");
  return status === 0;
}

/**
 * A made-up entry in `folder` for each process that files share, and the other files as they are. A test that fails is
 * still told with its own file and line.
 */
function inFewerProcesses(files: readonly string[], folder: string): string[] {
  const groups = sharedProcesses(files.map((path) => ({ path, source: readFileSync(join(root, path), "utf8") })));
  const entries = groups.map((paths, index) => {
    const entry = join(folder, `shared-process-${index + 1}.test.mjs`);
    const imports = paths.map((path) => `import ${JSON.stringify(pathToFileURL(join(root, path)).href)};\n`);
    writeFileSync(entry, imports.join(""));
    return entry;
  });
  const shared = new Set(groups.flat());
  // Those that are alone begin first: behind the others one of them would run by itself at the end.
  return [...files.filter((file) => !shared.has(file)), ...entries];
}

/** Every `test/**\/*.test.ts`, relative to the project and with `/`, outside of node_modules. */
function testFiles(folder = join(root, "test")): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : testFiles(path);
    return entry.name.endsWith(".test.ts") ? [relative(root, path).split(sep).join("/")] : [];
  }).sort();
}

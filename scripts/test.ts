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
import { withCoverage } from "./coverage.ts";
import { installInterop, InteropInstallError } from "./interop-install.ts";
import { parseTestArguments, type TestArguments } from "./test-arguments.ts";
import { longSuites, needsInterop, offline, sharedProcesses, type Suite } from "./suites.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

try {
  const asked = parseTestArguments(process.argv.slice(2));
  const hasSecondTry = asked.suite === "all";
  const failed = runsFor(asked).filter((run) => !passes(run, asked) && !(hasSecondTry && passesAgain(run, asked)));
  if (failed.length > 0) process.exitCode = 1;
  if (asked.suite === "all" && failed.length > 0) {
    const names = new Set(failed.map(({ suite }) => suite.name));
    console.error(`npm run test:all: failed: ${[...names].join(", ")}`);
  }
} catch (error) {
  if (!(error instanceof InteropInstallError || error instanceof RangeError)) throw error;
  console.error(`npm test: ${error.message}`);
  process.exitCode = 1;
}

interface Run {
  readonly suite: Suite;
  readonly files: readonly string[];
}

/**
 * Runs a suite once more, as one that starts a hundred real processes on two cores may miss a bounded wait. The output
 * has both runs.
 */
function passesAgain(run: Run, asked: TestArguments): boolean {
  console.error(`npm run test:all: ${run.suite.name} failed, see above; it is run once more`);
  return passes(run, asked);
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

function passes({ suite, files }: Run, { isWhole, hasCoverage, parts }: TestArguments): boolean {
  if (files.some(needsInterop)) installInterop(join(root, "test", "interop"));
  const sample = isWhole ? "whole" : process.env["SAMPLE"] ?? suite.sample;
  if (suite.name !== undefined) {
    const more = isWhole ? "" : ` (the whole: npm run test:${suite.name} -- --whole)`;
    console.log(`test:${suite.name}: ${files.length} files, the ${sample} sample${more}`);
  }
  const runner = ["--import", "tsx", "--test", "--test-reporter=spec", `--test-concurrency=${suite.filesAtOnceMax}`];
  const folder = mkdtempSync(join(tmpdir(), "claude-max-api-tests-"));
  const entries = inFewerProcesses(files, folder);
  const run = (more: Readonly<Record<string, string>>): boolean => {
    // What several files need is made once, in there: see test/support/made-once.ts.
    const env = { ...process.env, SAMPLE: sample, MADE_FOR_TESTS: folder, ...more };
    const options = { cwd: root, stdio: "inherit", env } as const;
    const { status, error } = spawnSync(process.execPath, [...runner, ...entries], options);
    if (error !== undefined) throw error;
    return status === 0;
  };
  try {
    return suite.isCovered === true && hasCoverage && parts.length === 0 ? withCoverage(root, run) : run({});
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
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
  return [...entries, ...files.filter((file) => !shared.has(file))];
}

/** Every `test/**\/*.test.ts`, relative to the project and with `/`, outside of node_modules. */
function testFiles(folder = join(root, "test")): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : testFiles(path);
    return entry.name.endsWith(".test.ts") ? [relative(root, path).split(sep).join("/")] : [];
  }).sort();
}

/**
 * `npm test`: installs what the tests run against (test/interop), then runs the test files under Node's runner with coverage.
 *
 *     tsx scripts/test.ts [--no-coverage] [part of a file's path …]
 *
 * With a part of a path only the files that hold it run, and coverage is not checked. Files are collected here because
 * Node 20's `--test` takes no patterns, and everything is started by its JS entry because Windows has no shell scripts.
 */
import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { installInterop, InteropInstallError } from "./interop-install.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const linesCoveredPercentMin = 95;
const filesAtOnceMax = 3;

const args = process.argv.slice(2);
const filters = args.filter((arg) => !arg.startsWith("--"));
const unknown = args.find((arg) => arg.startsWith("--") && arg !== "--no-coverage");
if (unknown !== undefined) fail(`unknown option ${unknown}; known is --no-coverage`);

try {
  installInterop(join(root, "test", "interop"));
} catch (error) {
  if (error instanceof InteropInstallError) fail(error.message);
  throw error;
}

const files = testFiles().filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)));
if (files.length === 0) fail(filters.length === 0 ? "there is no test file" : `no test file's path holds ${filters.join(" or ")}`);

const nodeTest = [process.execPath, "--import", "tsx", "--test", "--test-reporter=spec", `--test-concurrency=${filesAtOnceMax}`, ...files];
const withCoverage = filters.length === 0 && !args.includes("--no-coverage");
const command = withCoverage ? [process.execPath, ...coverage(), ...nodeTest] : nodeTest;
process.exitCode = exitCode(spawnSync(command[0] ?? "", command.slice(1), { cwd: root, stdio: "inherit" }));

/** Every `test/**\/*.test.ts`, relative to the project and with `/`, outside of node_modules. */
function testFiles(folder = join(root, "test")): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : testFiles(path);
    return entry.name.endsWith(".test.ts") ? [relative(root, path).split(sep).join("/")] : [];
  }).sort();
}

/** c8 by its JS entry, with its options: every file of src counts, also one that no test loads. */
function coverage(): string[] {
  const folder = join(root, "node_modules", "c8");
  if (!existsSync(folder)) fail("c8 is missing: run npm ci first");
  const { bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { bin: string | Record<string, string> };
  const entry = typeof bin === "string" ? bin : bin["c8"];
  if (entry === undefined) fail("c8 names no executable in its package.json");
  return [
    join(folder, entry), "--all", "--src", "src", "--include", "src/**",
    "--check-coverage", "--lines", String(linesCoveredPercentMin),
    "--reporter", "text", "--reporter", "lcov",
  ];
}

function exitCode({ status, error }: SpawnSyncReturns<Buffer>): number {
  if (error !== undefined) fail(`the test runner did not start: ${error.message}`);
  return status ?? 1;
}

function fail(message: string): never {
  console.error(`npm test: ${message}`);
  process.exit(1);
}

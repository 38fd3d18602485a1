/** Runs tests with Node's own coverage and holds `src` to its share of covered lines. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const linesCoveredPercentMin = 95;

/**
 * True when `run`, which starts the tests with this environment, is and enough lines are covered. It says what is not;
 * else the last that is seen are the tests' own numbers. The table by file is in `coverage/`.
 */
export function withCoverage(root: string, run: (environment: Readonly<Record<string, string>>) => boolean): boolean {
  const raw = mkdtempSync(join(tmpdir(), "claude-max-api-coverage-"));
  try {
    const passes = run({ NODE_V8_COVERAGE: raw });
    // Every file of src counts, also one that no test loads.
    const { status, error, stdout, stderr } = spawnSync(process.execPath, [
      c8Entry(root), "report", "--temp-directory", raw, "--all", "--src", "src", "--include", "src/**",
      "--check-coverage", "--lines", String(linesCoveredPercentMin), "--reporter", "text", "--reporter", "lcov",
    ], { cwd: root, encoding: "utf8" });
    if (error !== undefined) throw error;
    if (status !== 0) console.error(`${stdout}${stderr}`);
    return passes && status === 0;
  } finally {
    rmSync(raw, { recursive: true, force: true });
  }
}

/** c8's JS entry. Throws a RangeError where it is not installed. */
function c8Entry(root: string): string {
  const folder = join(root, "node_modules", "c8");
  try {
    const { bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { bin: string | { c8: string } };
    return join(folder, typeof bin === "string" ? bin : bin.c8);
  } catch {
    throw new RangeError("c8 is missing: run npm ci first");
  }
}

/** Versions of the CLI, each fetched from npm once and kept in a cache outside the repository: 240 to 380 MB each. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "../../src/claude/launch.ts";
import { npmEntry, withoutLifecycle } from "../npm.ts";

export const packageName = "@anthropic-ai/claude-code";
const testModules = fileURLToPath(new URL("../../test/interop/node_modules/", import.meta.url));
const installMsMax = 10 * 60_000;

/** `XDG_CACHE_HOME` or `~/.cache`, and a folder of our own in it. */
export function cacheFolder(environment: NodeJS.ProcessEnv, home = homedir()): string {
  const { XDG_CACHE_HOME: cache } = environment;
  return join(cache === undefined || cache === "" ? join(home, ".cache") : cache, "claude-max-api-compat");
}


/**
 * The version's command: that of the tests, where they have it, else that of the cache, into which it is fetched.
 * Throws an Error of one line where it cannot be had.
 */
export function installedClaude(cache: string, version: string): Command {
  const ofTests = join(testModules, `claude-code-${version}`, "bin", "claude.exe");
  if (existsSync(ofTests)) return { file: ofTests, leadingArguments: [] };
  const folder = join(cache, version);
  if (!existsSync(packageFolder(folder))) {
    console.error(`fetching ${version} into ${cache}`);
    fetchClaude(cache, folder, version);
  }
  const { bin } = JSON.parse(readFileSync(join(packageFolder(folder), "package.json"), "utf8")) as {
    bin: string | { readonly claude: string };
  };
  const path = join(packageFolder(folder), typeof bin === "string" ? bin : bin.claude);
  const isScript = /\.[cm]?js$/u.test(path);
  return isScript ? { file: process.execPath, leadingArguments: [path] } : { file: path, leadingArguments: [] };
}

/** Into a folder beside, which gets its name when all is there: an install that was broken off is done again. */
function fetchClaude(cache: string, folder: string, version: string): void {
  const npm = npmEntry();
  if (npm === undefined) throw new Error("npm's own script was not found on the PATH");
  const partial = join(cache, `${version}.${process.pid}`);
  mkdirSync(partial, { recursive: true });
  try {
    const quiet = ["--no-audit", "--no-fund", "--no-save", "--ignore-scripts"];
    run([npm, "install", "--prefix", partial, ...quiet, `${packageName}@${version}`], partial);
    // npm may be set up to refuse it, so it is run here. A version that is a script has none.
    const install = join(packageFolder(partial), "install.cjs");
    if (existsSync(install)) run([install], packageFolder(partial));
    renameSync(partial, folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

function packageFolder(folder: string): string {
  return join(folder, "node_modules", ...packageName.split("/"));
}

function run(args: readonly string[], cwd: string): void {
  const { status, error, stderr } = spawnSync(process.execPath, args, {
    cwd, encoding: "utf8", timeout: installMsMax, env: withoutLifecycle(),
  });
  if (error === undefined && status === 0) return;
  const lines = (stderr ?? "").trim().split("\n");
  // npm says the reason behind its code, and where its log is at the end.
  throw new Error(error?.message ?? lines.find((line) => /^npm error (?!code)/u.test(line)) ?? lines.at(-1));
}

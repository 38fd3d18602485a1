/** The benchmarks by name, and how one is run. */
import { spawn, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { endingOf } from "./child-process.ts";
import type { Scope } from "./scope.ts";

/** In the order in which they run; each is the script of that name beside this file. */
export const benchmarks = [
  "first-token", "tool-result", "relay", "burst", "single-questions", "branching", "slow-readers", "upstream",
  "conversations", "streams", "added-latency", "idle",
] as const;

export interface Benchmark {
  readonly name: (typeof benchmarks)[number];
  /** As on a command line, without `--reference`. */
  readonly args: readonly string[];
  /** The folder in which the reference is installed. */
  readonly reference: string;
}

/** Runs one in a process of its own, at the latest until the scope closes. Gives its exit code, null after a signal. */
export async function runBenchmark(
  scope: Scope, { name, args, reference }: Benchmark, stdio: StdioOptions = "inherit",
): Promise<number | null> {
  const script = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", script, ...args, "--reference", reference], { stdio });
  endingOf(scope, child);
  const [code] = await once(child, "close") as [number | null];
  return code;
}

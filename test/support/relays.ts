/** The executable behind the made-up CLIs whose mind is in the test: it only relays its pipes (fake-claude/relays). */
import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { madeOnce } from "./made-once.ts";

/** Whether this machine can run it at all. */
export const relaysUnavailable: string | false =
  process.platform === "win32" ? "a script is not executable by itself there" : false;

/** The relay as a program of its own; undefined where there is no C compiler, or where what it makes may not run. */
export function compiledRelay(): string | undefined {
  const executable = join(madeOnce("relay", compile), "relays");
  return existsSync(executable) ? executable : undefined;
}

function compile(folder: string): void {
  const source = fileURLToPath(new URL("./fake-claude/relays.c", import.meta.url));
  const executable = join(folder, "relays");
  const runs = (command: string, args: readonly string[]): boolean =>
    spawnSync(command, args, { stdio: "ignore" }).status === 0;
  if (!runs("cc", ["-O1", "-o", executable, source]) || !runs(executable, ["--version"])) rmSync(executable, { force: true });
}

/** As CLI 2.1.330 resolves its aliases. */
export function resolvedModel(name: string): string {
  return ["opus", "sonnet", "haiku"].includes(name) ? `claude-${name}-5-5` : name;
}

/** A contestant's environment: a home of its own, a made-up login, the stub upstream, and `claude` on PATH. */
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import type { Scope } from "./scope.ts";

export interface EnvironmentOptions {
  /** The executable that `claude` is to be. */
  readonly claude: string;
  /** Where the CLI finds the Messages API. A fake CLI asks no upstream and has none. */
  readonly upstreamUrl?: string;
  /** A file that gets a line for each start of a `claude` that is to answer; `claude --version` is none. */
  readonly startsFile?: string;
}

/** A whole environment. Its only settings of the CLI switch off telemetry and updates. */
export async function contestantEnvironment(
  scope: Scope, { claude, upstreamUrl, startsFile }: EnvironmentOptions,
): Promise<Record<string, string>> {
  const folder = await scope.folder();
  const inside = async (name: string): Promise<string> => {
    const path = join(folder, name);
    await mkdir(path);
    return path;
  };
  const commands = await inside("bin");
  if (startsFile === undefined) await symlink(claude, join(commands, "claude"));
  else await writeFile(join(commands, "claude"), countingScript(claude, startsFile), { mode: 0o755 });
  return {
    // This Node comes first: a fake's `#!/usr/bin/env node` takes the first one on PATH.
    PATH: [commands, dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter),
    HOME: await inside("home"),
    TMPDIR: await inside("tmp"),
    CLAUDE_CONFIG_DIR: await inside("config"),
    CLAUDE_CODE_OAUTH_TOKEN: "sk-ant-oat01-made-up-for-benchmarks",
    ...(upstreamUrl === undefined ? {} : { ANTHROPIC_BASE_URL: upstreamUrl }),
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    DISABLE_TELEMETRY: "1",
    DISABLE_AUTOUPDATER: "1",
  };
}

/** A shell script that notes its start and becomes the CLI. The paths are the benchmark's own and hold no quotes. */
function countingScript(claude: string, startsFile: string): string {
  return `#!/bin/sh\ncase "$1" in -p|--print) echo started >> '${startsFile}' ;; esac\nexec '${claude}' "$@"\n`;
}

/** For `--pass-env`: these of the variables above our server passes to the CLI only when told so. */
export const passedNames = "ANTHROPIC_BASE_URL,DISABLE_TELEMETRY";

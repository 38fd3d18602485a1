/** Our server as it is published: compiled into a temporary folder and run by Node without tsx, as the reference is. */
import { spawnSync } from "node:child_process";
import { copyFile, readFile } from "node:fs/promises";
import { get } from "node:http";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startServer, type ServerProcess } from "./child-process.ts";
import { passedNames } from "./environment.ts";
import type { BenchOptions } from "./options.ts";
import type { Scope } from "./scope.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const healthPollMs = 50;

export interface Build {
  readonly folder: string;
  readonly version: string;
}

/** Compiles `src` as it is now, if no `build` is given: later changes to `src` do not reach the benchmark. */
export async function buildOurs(scope: Scope, { build }: Pick<BenchOptions, "build">): Promise<Build> {
  if (build !== undefined) return { folder: resolve(build), version: await versionIn(build) };
  const folder = await scope.folder();
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const args = [compiler, "-p", join(root, "tsconfig.build.json"), "--outDir", join(folder, "dist")];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`src does not compile: ${stdout}`);
  await copyFile(join(root, "package.json"), join(folder, "package.json"));
  return { folder, version: await versionIn(root) };
}

async function versionIn(folder: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as { version: string };
  return version;
}

export interface OurServerOptions {
  readonly env: Readonly<Record<string, string>>;
  /** Further arguments of the server. */
  readonly args?: readonly string[];
  /** Arguments of Node. */
  readonly nodeArgs?: readonly string[];
  readonly cwd?: string;
}

/** With its defaults, but for the port and the default model, of which the pool boots processes at the start. */
export function startOurs(scope: Scope, { folder }: Build, options: OurServerOptions): Promise<ServerProcess> {
  const { env, args = [], nodeArgs = [], cwd = folder } = options;
  const entry = join(folder, "dist", "main.js");
  const serverArgs = ["--port", "0", "--default-model", "sonnet", "--pass-env", passedNames, ...args];
  return startServer(scope, {
    args: [...nodeArgs, entry, ...serverArgs], cwd, env, ready: /http:\/\/[\d.]+:(\d+)\s/,
  });
}

export interface Health {
  readonly status: string;
  readonly running_turns: number;
  readonly processes: {
    readonly all: number; readonly warm: number; readonly resting?: number; readonly parked?: number;
    /** Of a build from before processes were told by what they do. */
    readonly resting_conversations?: number;
  };
  readonly turns?: {
    readonly went_on: number; readonly rewound: number; readonly told: Readonly<Record<string, number>>;
  };
  /** Of an older build. */
  readonly reuse?: Readonly<Record<string, number>>;
}

/** How many turns went on with their process, were rewound, or were told anew, by the reason. */
export function turnsBy({ turns, reuse = {} }: Health): Readonly<Record<string, number>> {
  const { hit, ...older } = reuse;
  return turns === undefined ? { went_on: hit ?? 0, ...older }
    : { went_on: turns.went_on, rewound: turns.rewound, ...turns.told };
}

export function healthOf(port: number): Promise<Health> {
  return new Promise((resolve, reject) => {
    get({ port, host: "127.0.0.1", path: "/health", agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => { text += part; });
      response.on("end", () => resolve(JSON.parse(text) as Health));
    }).on("error", reject);
  });
}

/** How many warm processes the server keeps by default for a model in use. */
export const warm = 1;

/**
 * Waits until `warm` processes wait for a new conversation, and none boots or runs a turn. Those that rest count: used
 * ones stand in for all but one of the warm ones. Throws an Error after `withinMs`.
 */
export async function waitUntilWarm(port: number, warm: number, withinMs = 20_000): Promise<void> {
  const start = performance.now();
  for (;;) {
    const { processes, running_turns } = await healthOf(port);
    const { all, warm: waiting } = processes;
    const resting = processes.resting_conversations ?? (processes.resting ?? 0) + (processes.parked ?? 0);
    const isUp = waiting >= Math.min(1, warm) && waiting + resting >= warm && all === waiting + resting;
    if (isUp && running_turns === 0) return;
    if (performance.now() - start > withinMs) {
      throw new Error(`${waiting} processes are warm and ${resting} rest, of ${warm}, after ${withinMs} ms`);
    }
    await delay(healthPollMs);
  }
}

/**
 * Our server with its defaults and the reference, started anew for each measurement: what one measurement leaves behind
 * is no part of the next. Each keeps its environment, so that only its first start finds the CLI's caches empty.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ServerProcess } from "./child-process.ts";
import type { BenchOptions } from "./options.ts";
import { startOurs } from "./our-server.ts";
import type { CliRun } from "./real-cli.ts";
import { startReference } from "./reference.ts";
import type { Scope } from "./scope.ts";
import { untilQuiet } from "./tree-usage.ts";

const names = ["ours", "reference"] as const;

export interface FreshServer {
  readonly name: (typeof names)[number];
  /** Starts one and, but in a quick run, waits until it rests, its pool included. It is ended with the scope. */
  start(scope: Scope, options: BenchOptions): Promise<ServerProcess>;
}

/** One that tells how many CLI processes it has started, all its runs together. */
export interface CountedServer extends FreshServer {
  processStarts(): number;
}

type Environment = Readonly<Record<string, string>>;

export function freshServers(run: CliRun): Promise<FreshServer[]> {
  return Promise.all(names.map(async (name) => fresh(run, name, await run.environment())));
}

/** The same, with a `claude` that counts its starts: a shell script before the CLI, a millisecond each time. */
export function countedServers(run: CliRun): Promise<CountedServer[]> {
  return Promise.all(names.map(async (name) => {
    const startsFile = join(await run.scope.folder(), "starts");
    const server = fresh(run, name, await run.environment({ startsFile }));
    return { ...server, processStarts: () => linesOf(startsFile) };
  }));
}

function fresh({ build, reference }: CliRun, name: FreshServer["name"], env: Environment): FreshServer {
  return {
    name,
    start: async (scope, options) => {
      const isOurs = name === "ours";
      const server = await (isOurs ? startOurs(scope, build, { env }) : startReference(scope, reference, env));
      await untilQuiet(server.pid, options);
      return server;
    },
  };
}

function linesOf(file: string): number {
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").length - 1 : 0;
}

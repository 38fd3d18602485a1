/** Processes that a benchmark starts. Each is ended by its own id, at the latest when the scope closes. */
import { spawn, type ChildProcess } from "node:child_process";
import { type AddressInfo, createServer } from "node:net";
import { endChild, exitOf, within } from "../../test/support/exit.ts";
import type { Scope } from "./scope.ts";

export interface ServerProcess {
  readonly port: number;
  readonly pid: number;
  /** Ends it now. */
  stop(): Promise<void>;
}

export interface ServerLaunch {
  /** This Node by default. */
  readonly command?: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Matches its standard output once it listens. The first group is the port. */
  readonly ready: RegExp;
}

const startMsMax = 30_000;

/** A server. Every contestant's stderr is thrown away: a log that somebody reads costs time. */
export async function startServer(scope: Scope, launch: ServerLaunch): Promise<ServerProcess> {
  const { command = process.execPath, args, cwd, env, ready } = launch;
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "ignore"] });
  const stop = endingOf(scope, child);
  let stdout = "";
  const listening = new Promise<number>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout = (stdout + text).slice(-10_000);
      const match = ready.exec(stdout);
      if (match !== null) resolve(Number(match[1]));
    });
    child.once("error", reject);
    child.once("close", (code) => reject(new Error(`a server ended with code ${code}; it wrote: ${stdout}`)));
  });
  const port = await within(listening, startMsMax, () => `a server does not listen; it wrote: ${stdout}`);
  return { port, pid: child.pid ?? 0, stop };
}

/** Ends the child when called, and when the scope closes. */
export function endingOf(scope: Scope, child: ChildProcess): () => Promise<void> {
  const exited = exitOf(child);
  exited.catch(() => undefined);
  const stop = async (): Promise<void> => {
    await endChild(child, exited).catch(() => undefined);
  };
  scope.defer(stop);
  return stop;
}

/** A port that was free a moment ago, for a server that does not take port 0. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject).listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

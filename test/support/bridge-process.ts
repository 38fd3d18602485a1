/** The server as a user starts it: a process of its own, reached by the URL it prints. */
import { spawn, type ChildProcess } from "node:child_process";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { cleanUp } from "./cleanup.ts";
import { endChild, exitOf, within, type Exit } from "./exit.ts";
import { faultIn, faultReporter } from "./faults.ts";
import { programArguments } from "./program.ts";
import { platformEnvironment } from "./real-claude.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const startMsMax = 20_000;

export interface BridgeProcess {
  /** `http://host:port`, without a slash at the end. */
  readonly url: string;
  readonly child: ChildProcess;
  /** All that it has written so far. */
  stdout(): string;
  stderr(): string;
  /** Settles when it has ended, however that came. */
  readonly exited: Promise<Exit>;
  /** Sends the signal (SIGTERM) and waits; SIGKILL follows when it does not end. */
  stop(signal?: NodeJS.Signals): Promise<Exit>;
  /** Settles with the output when stdout and stderr together match; rejects after `withinMs`. */
  waitForOutput(pattern: RegExp, withinMs?: number): Promise<string>;
}

export interface BridgeOptions {
  /** After `--port 0`. */
  readonly args?: readonly string[];
  /** The whole environment, but for PATH. */
  readonly env?: Readonly<Record<string, string>>;
  /** Another Node to run it on. */
  readonly node?: string;
  /** A program and its arguments that stand before node, and become it. */
  readonly before?: readonly string[];
}

/**
 * Settles when the server has printed its URL. It is ended after the test, which fails on what the server threw and did
 * not catch.
 */
export async function startBridge(t: TestContext, { args = [], env = {}, node = process.execPath, before = [] }: BridgeOptions = {}): Promise<BridgeProcess> {
  const coverage = process.env["NODE_V8_COVERAGE"];
  const start = [node, "--import", faultReporter, ...programArguments()];
  const [program = node, ...rest] = [...before, ...start, "--port", "0", ...args];
  const child = spawn(program, rest, {
    cwd: root,
    env: { ...platformEnvironment(), ...(coverage === undefined ? {} : { NODE_V8_COVERAGE: coverage }), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = exitOf(child);
  // A server that cannot be spawned is reported by what waits for its output.
  exited.catch(() => undefined);
  let stdout = "";
  let stderr = "";
  cleanUp(t, async () => {
    await endChild(child, exited).catch(() => undefined);
    const fault = faultIn(stderr);
    if (fault !== undefined) throw new Error(`the server did not catch: ${fault}`);
  });

  const watchers = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => { stdout += text; for (const check of watchers) check(); });
  child.stderr.setEncoding("utf8").on("data", (text: string) => { stderr += text; for (const check of watchers) check(); });

  const told = () => `its stdout: ${JSON.stringify(stdout)}, its stderr: ${JSON.stringify(stderr)}`;
  function waitFor(output: () => string, pattern: RegExp, withinMs: number): Promise<RegExpExecArray> {
    let check = () => {};
    const found = new Promise<RegExpExecArray>((resolve, reject) => {
      check = () => {
        const match = pattern.exec(output());
        if (match !== null) resolve(match);
      };
      watchers.add(check);
      check();
      const ended = (how: string) => reject(new Error(`the server ended (${how}) without ${pattern}; ${told()}`));
      exited.then(({ code, signal }) => ended(`code ${code}, signal ${signal}`), (error: unknown) => ended(String(error)));
    });
    return within(found, withinMs, () => `the server did not write ${pattern}; ${told()}`).finally(() => watchers.delete(check));
  }

  // The character after the port shows that all of it has been read.
  const match = await waitFor(() => stdout, /(http:\/\/[^\s/]+)[\s/]/, startMsMax);
  return {
    url: match[1] ?? "",
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    exited,
    stop: (signal) => endChild(child, exited, signal),
    waitForOutput: async (pattern, withinMs = startMsMax) => {
      await waitFor(() => stdout + stderr, pattern, withinMs);
      return stdout + stderr;
    },
  };
}

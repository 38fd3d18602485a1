/** An agent's command line program, run in a home and a work folder of its own: once, or again and again. */
import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { cleanUp } from "./cleanup.ts";
import { endChild, exitOf, within } from "./exit.ts";
import { platformEnvironment } from "./real-claude.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const outputCharsShown = 2_000;
/** Nobody listens there: what a program asks of the internet fails at once, here as on a machine without one. */
const deadProxy = "http://127.0.0.1:9";

export interface AgentCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Beside the platform's and those of its home. */
  readonly env: Readonly<Record<string, string>>;
}

export interface AgentCli extends Omit<AgentCommand, "args"> {
  /** They may name the folder in which it works. */
  readonly args: (folder: string) => readonly string[];
  /** Files of its home, by their paths there. */
  readonly home: Readonly<Record<string, string>>;
}

export interface AgentRun {
  readonly stdout: string;
  /** Where it worked. */
  readonly folder: string;
}

/** What a program finds again when it is run once more. */
export interface AgentPlace {
  /** Where it works. */
  readonly folder: string;
  /** Settles when the program has ended well, with its stdout; rejects with its output when it has not, or not within `withinMs`. */
  readonly run: (command: AgentCommand, withinMs: number) => Promise<string>;
}

/** As `AgentPlace.run` settles, in a place for this run alone. */
export async function runAgentCli(t: TestContext, { command, args, env, home }: AgentCli, withinMs: number): Promise<AgentRun> {
  const { folder, run } = await agentPlace(t, home);
  return { stdout: await run({ command, args: args(folder), env }, withinMs), folder };
}

/** `home`: files of its home, by their paths there. */
export async function agentPlace(t: TestContext, home: AgentCli["home"]): Promise<AgentPlace> {
  const root = await temporaryFolder(t);
  const inside = (name: string): string => join(root, name);
  for (const name of ["work", "home", "tmp"]) await mkdir(inside(name));
  for (const [path, text] of Object.entries(home)) {
    await mkdir(dirname(join(inside("home"), path)), { recursive: true });
    await writeFile(join(inside("home"), path), text);
  }
  return { folder: inside("work"), run: (command, withinMs) => runIn(t, inside, command, withinMs) };
}

async function runIn(t: TestContext, inside: (name: string) => string, { command, args, env }: AgentCommand, withinMs: number): Promise<string> {
  const child = spawn(command, [...args], {
    cwd: inside("work"),
    env: {
      ...platformEnvironment(),
      HOME: inside("home"), USERPROFILE: inside("home"), APPDATA: inside("home"), LOCALAPPDATA: inside("home"),
      TMPDIR: inside("tmp"), TEMP: inside("tmp"), TMP: inside("tmp"),
      HTTP_PROXY: deadProxy, HTTPS_PROXY: deadProxy, http_proxy: deadProxy, https_proxy: deadProxy, NO_PROXY: "127.0.0.1,localhost", no_proxy: "127.0.0.1,localhost",
      NO_COLOR: "1", TERM: "dumb", LANG: "C.UTF-8", SHELL: "/bin/sh",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
    // What it starts itself ends with it.
    detached: process.platform !== "win32",
  });
  const exited = exitOf(child);
  exited.catch(() => undefined);
  cleanUp(t, async () => {
    endGroup(child.pid);
    await endChild(child, exited, "SIGKILL").catch(() => undefined);
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => { stdout += text; });
  child.stderr.setEncoding("utf8").on("data", (text: string) => { stderr += text; });
  const told = (): string => `stdout: ${JSON.stringify(stdout.slice(-outputCharsShown))}, stderr: ${JSON.stringify(stderr.slice(-outputCharsShown))}`;
  const { code, signal } = await within(exited, withinMs, () => `the program did not end; ${told()}`);
  if (code !== 0) throw new Error(`the program ended with code ${code}, signal ${signal}; ${told()}`);
  return stdout;
}

/** A process group that was started here. */
function endGroup(pid: number | undefined): void {
  if (pid === undefined || process.platform === "win32") return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // All of it has ended.
  }
}

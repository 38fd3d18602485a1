/** A load of paced streams: the CLI and the clients are C programs, so that the server is what is measured. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { watchIdleShare } from "./calm.ts";
import { endingOf, type ServerProcess } from "./child-process.ts";
import { cpuMicroseconds } from "./process-usage.ts";
import { withScope, type Scope } from "./scope.ts";

/** The paths of the compiled programs: `fakes/paced.c`, `fakes/paced-clients.c` and `fakes/relay-server.c`. */
export interface PacedPrograms {
  readonly fake: string;
  readonly clients: string;
  readonly relay: string;
}

export interface PacedLoad {
  readonly streams: number;
  /** `model`: 30 to 100 deltas a second in bursts, each stream at a rate of its own. `steady`: 100, one by one. */
  readonly pace: "model" | "steady";
  /** From the first delta of the last stream to the window in which deltas count. */
  readonly settleMs: number;
  readonly windowMs: number;
}

/** A server that is asked, and how. */
export interface PacedServer {
  readonly server: ServerProcess;
  /** The whole request for an answer to this prompt, head and body. */
  readonly request: (port: number, prompt: string) => string;
}

export interface PacedOutcome {
  /** Of each delta that was written in the window, in milliseconds, in the order in which they were read. */
  readonly ages: Float64Array;
  /** What the server's process used in the window. */
  readonly cpuMicroseconds: number;
  /** The share of the machine's CPU time that nobody used in the busiest second of the window, 0 to 1. */
  readonly leastIdleShare: number;
  /** The window on the monotonic clock, in microseconds. */
  readonly window: { readonly from: number; readonly to: number };
  /** How many streams ended well with all of their deltas. */
  readonly whole: number;
  /** What happened to the first that did not; empty where all did. */
  readonly failure: string;
}

/** For a benchmark that cannot run. */
export const pacedNeeds = "this benchmark needs Linux and a C compiler (cc): it was skipped";
/** The slowest and the fastest stream, in deltas a second. Half of the streams have less than 55. */
const rates = { least: 30, most: 100 };
/** So many wait for their first delta at the same time: no server is asked for a thousand processes at once. */
const openingMax = 50;
const nsPerMs = 1e6;
const nsPerMicrosecond = 1e3;
const stopFileBytes = 8;
/** The connection, and the pipes of a process; some servers have a third and a fourth of these. */
const filesAStream = 6;
const filesOfAServer = 100;
const fakes = fileURLToPath(new URL("./fakes/", import.meta.url));

/** Undefined where it cannot be done: see `pacedNeeds`. Throws where a program does not compile. */
export async function compilePaced(scope: Scope): Promise<PacedPrograms | undefined> {
  if (process.platform !== "linux" || spawnSync("cc", ["--version"]).error !== undefined) return undefined;
  const folder = await scope.folder();
  const compile = (name: string): string => {
    const path = join(folder, name);
    const { status } = spawnSync("cc", ["-O2", "-o", path, join(fakes, `${name}.c`)], { stdio: "inherit" });
    if (status !== 0) throw new Error(`${name}.c does not compile`);
    return path;
  };
  return { fake: compile("paced"), clients: compile("paced-clients"), relay: compile("relay-server") };
}

/** How many streams the limit on a process's open files allows: all programs raise their own up to the hard one. */
export function streamsByOpenFiles(): number {
  const hard = /^Max open files +\S+ +(\S+)/mu.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
  return hard === "unlimited" ? Infinity : Math.floor((Number(hard) - filesOfAServer) / filesAStream);
}

/** The prompts of a load: each stream has a rate and draws of its own, the same ones in every load of that size. */
export function promptsOf({ streams, pace }: Pick<PacedLoad, "streams" | "pace">, stopFile: string): string[] {
  return Array.from({ length: streams }, (_, index) => {
    const modelRate = rates.least * (rates.most / rates.least) ** ((index + 0.5) / streams);
    const rate = pace === "steady" ? rates.most : Math.round(modelRate);
    return `RATE ${rate} SEED ${index + 1} ${pace === "steady" ? "STEADY " : ""}STOP ${stopFile}`;
  });
}

/** Has the server answer that many streams, and measures the deltas of the window. */
export function runLoad(
  scope: Scope, { clients }: PacedPrograms, { server, request }: PacedServer, load: PacedLoad,
): Promise<PacedOutcome> {
  return withScope(async (inner) => {
    const folder = await inner.folder();
    const [stopFile, agesFile] = [join(folder, "stop"), join(folder, "ages")];
    await writeFile(stopFile, new Uint8Array(stopFileBytes));
    const numbers = [server.port, openingMax, load.settleMs, load.windowMs].map(String);
    const child = spawn(clients, [...numbers, stopFile, agesFile], { stdio: ["pipe", "pipe", "inherit"] });
    endingOf(inner, child);
    const closed = once(child, "close");
    // Clients that end early say why on stderr.
    child.stdin.on("error", () => {});
    child.stdin.end(promptsOf(load, stopFile).map((prompt) => `${request(server.port, prompt)}\0`).join(""));
    const cpu = { from: Number.NaN, to: Number.NaN };
    const window = { from: Number.NaN, to: Number.NaN };
    let idle: ReturnType<typeof watchIdleShare> | undefined;
    let leastIdleShare = Number.NaN;
    let last = "";
    for await (const line of createInterface({ input: child.stdout })) {
      const [end = "", ns] = line.split(" ");
      if (end === "from" || end === "to") {
        cpu[end] = cpuMicroseconds(server.pid);
        window[end] = Number(ns) / nsPerMicrosecond;
        if (end === "from") idle = watchIdleShare();
        else leastIdleShare = idle?.stop() ?? Number.NaN;
      }
      last = line;
    }
    const [code] = await closed as [number | null];
    if (code !== 0) throw new Error(`the clients ended with code ${code}`);
    const { whole, failure } = JSON.parse(last) as { readonly whole: number; readonly failure: string };
    const bytes = Uint8Array.from(await readFile(agesFile));
    const ages = new Float64Array(bytes.buffer).map((ns) => ns / nsPerMs);
    return { ages, cpuMicroseconds: cpu.to - cpu.from, leastIdleShare, window, whole, failure };
  }, scope);
}

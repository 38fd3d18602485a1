/** The processes of this machine as tests need to see them: on Linux by /proc, on macOS by ps. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

export interface RunningProcess { readonly pid: number; readonly parent: number; readonly command: string }

const hasProc = process.platform === "linux";
const pollMs = 20;

/** Whose command line holds `text`; with `parent` only that process's children. Zombies are not among them. */
export function listProcesses(text: string, parent?: number): RunningProcess[] {
  const all = hasProc ? fromProc(parent) : fromPs();
  return all.filter((entry) => entry.command.includes(text) && (parent === undefined || entry.parent === parent));
}

/** Whether the process runs: one that has ended and was not yet waited for does not. */
export function isRunning(pid: number): boolean {
  if (hasProc) return stateAndParent(pid) !== null;
  return fromPs().some((entry) => entry.pid === pid);
}

/** Settles with the milliseconds it took; rejects after `withinMs`. It polls, as another's child gives no event. */
export async function waitUntilGone(pid: number, withinMs: number): Promise<number> {
  const start = performance.now();
  while (isRunning(pid)) {
    if (performance.now() - start > withinMs) throw new Error(`process ${pid} still runs after ${withinMs} ms`);
    await delay(pollMs);
  }
  return performance.now() - start;
}

/** Linux only: the arguments as the kernel holds them. */
export function argumentsOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
}

/** How long a program may be in the middle of an exec, in milliseconds. */
const environmentWaitMsMax = 5_000;

/** Linux only: the environment with which it was started. */
export function environmentOf(pid: number): Record<string, string> {
  const deadlineMs = performance.now() + environmentWaitMsMax;
  for (;;) {
    const entries = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").filter((entry) => entry.includes("="));
    // Between the two programs of an exec the file is empty for a moment; the kernel gives no event of its end.
    if (entries.length === 0 && performance.now() < deadlineMs) continue;
    return Object.fromEntries(entries.map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]));
  }
}

/** Linux only: resident memory now and at its highest. */
export function memoryOf(pid: number): { readonly residentBytes: number; readonly residentBytesMax: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const bytes = (field: string) => Number(new RegExp(`^${field}:\\s*(\\d+) kB`, "m").exec(status)?.[1] ?? Number.NaN) * 1024;
  return { residentBytes: bytes("VmRSS"), residentBytesMax: bytes("VmHWM") };
}

function fromProc(parent: number | undefined): RunningProcess[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    const pid = Number(name);
    const found = stateAndParent(pid);
    // A process may end between the listing and the reading.
    if (found === null || (parent !== undefined && found.parent !== parent)) return [];
    try {
      return [{ pid, parent: found.parent, command: readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim() }];
    } catch {
      return [];
    }
  });
}

/** Null when there is no such process or it is a zombie. */
function stateAndParent(pid: number): { parent: number } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold anything, parentheses included.
    const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return state === "Z" || state === "X" ? null : { parent: Number(parent) };
  } catch {
    return null;
  }
}

function fromPs(): RunningProcess[] {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid=,stat=,command="], { encoding: "utf8" }).split("\n");
  return lines.flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line);
    if (match === null || match[3]?.startsWith("Z")) return [];
    return [{ pid: Number(match[1]), parent: Number(match[2]), command: match[4] ?? "" }];
  });
}

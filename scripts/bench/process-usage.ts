/** What a process has used: CPU time and memory, on Linux by /proc, elsewhere by ps. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

const hasProc = process.platform === "linux";
const bytesPerMegabyte = 1_000_000;
const bytesPerKilobyte = 1024;
const msPerSecond = 1000;
const nsPerMicrosecond = 1000;
/** USER_HZ: /proc tells CPU time in hundredths of a second, whatever the kernel's own clock rate. */
export const ticksPerSecond = 100;
const pollMs = 20;

/** User and system time so far, of all threads and not of children, in milliseconds; steps of 10. */
export function cpuMs(pid: number): number {
  if (hasProc) return (cpuTicks(pid) * msPerSecond) / ticksPerSecond;
  const parts = ps(pid, "time").split(/[:-]/).map(Number);
  return parts.reduce((seconds, part) => seconds * 60 + part, 0) * msPerSecond;
}

/** The same in microseconds, of the threads that still run, by the scheduler's own count; Linux only. */
export function cpuMicroseconds(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, task) => {
    const [ns = ""] = readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ", 1);
    return sum + Number(ns) / nsPerMicrosecond;
  }, 0);
}

/** The same in the kernel's ticks of 10 ms; Linux only. */
export function cpuTicks(pid: number): number {
  const [user, system] = timeFields(pid);
  return user + system;
}

/** The same with the children that have ended, and theirs; Linux only. */
export function cpuTicksWithEnded(pid: number): number {
  return timeFields(pid).reduce((sum, ticks) => sum + ticks, 0);
}

/** utime, stime, and both of the children that were waited for: proc(5), fields 14 to 17. */
function timeFields(pid: number): [user: number, system: number, endedUser: number, endedSystem: number] {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name in parentheses may hold anything, parentheses included.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return [Number(fields[11]), Number(fields[12]), Number(fields[13]), Number(fields[14])];
}

/** Resident memory now, in MB of a million bytes. */
export function residentMegabytes(pid: number): number {
  return (hasProc ? statusKilobytes(pid, "VmRSS") : Number(ps(pid, "rss"))) * bytesPerKilobyte / bytesPerMegabyte;
}

/** PSS in MB: resident memory, a page shared by n processes counted as a page / n. Undefined except on Linux. */
export function proportionalMegabytes(pid: number): number | undefined {
  if (!hasProc) return undefined;
  const match = /^Pss:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
  return match === null ? undefined : (Number(match[1]) * bytesPerKilobyte) / bytesPerMegabyte;
}

/** A process's highest resident memory from now on: the kernel's own mark on Linux, a look every 20 ms elsewhere. */
export function watchPeakMegabytes(pid: number): { stop(): number } {
  if (hasProc) {
    // Resets VmHWM to the memory that is resident now (proc(5), clear_refs).
    writeFileSync(`/proc/${pid}/clear_refs`, "5");
    return { stop: () => (statusKilobytes(pid, "VmHWM") * bytesPerKilobyte) / bytesPerMegabyte };
  }
  let peak = residentMegabytes(pid);
  const timer = setInterval(() => {
    peak = Math.max(peak, residentMegabytes(pid));
  }, pollMs);
  return {
    stop: () => {
      clearInterval(timer);
      return Math.max(peak, residentMegabytes(pid));
    },
  };
}

/** The children of `pid` that still run, their children, and so on. */
export function descendants(pid: number): number[] {
  const children = hasProc ? childrenByProc(pid) : childrenByPs(pid);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function childrenByProc(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) => {
      const ids = readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ");
      return ids.filter((id) => id !== "").map(Number);
    });
  } catch {
    // The process has ended, and its folder in /proc with it.
    return [];
  }
}

function childrenByPs(pid: number): number[] {
  return execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([child, parent]) => (parent === pid && child !== undefined ? [child] : []));
}

function statusKilobytes(pid: number, field: "VmRSS" | "VmHWM"): number {
  const match = new RegExp(`^${field}:\\s*(\\d+) kB`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(match?.[1] ?? Number.NaN);
}

function ps(pid: number, field: string): string {
  return execFileSync("ps", ["-p", String(pid), "-o", `${field}=`], { encoding: "utf8" }).trim();
}

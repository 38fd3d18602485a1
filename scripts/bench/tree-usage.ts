/** What a process and its descendants use together; Linux only, by /proc. */
import { setTimeout as delay } from "node:timers/promises";
import type { BenchOptions } from "./options.ts";
import { cpuTicksWithEnded, descendants, proportionalMegabytes, ticksPerSecond } from "./process-usage.ts";

const msPerSecond = 1_000;
const lookMs = 100;
/** After a look at memory, nothing for so many times as long: looking takes no more than a tenth of a core. */
const restsPerLook = 9;
const quietWindowMs = 500;
/** In a window, of all processes together: a tenth of a core. */
const quietTicksMax = 5;
/** So many windows in a row must be quiet. */
const quietWindowsNeeded = 2;
const quietWaitMsMax = 20_000;

export interface TreeMemory {
  /** The first one included. */
  readonly processes: number;
  /** PSS, in MB. */
  readonly megabytes: number;
}

/** Throws an Error where there is no /proc. */
export function requireProc(): void {
  if (process.platform !== "linux") throw new Error("this benchmark needs Linux's /proc");
}

/** User and system time so far of the tree, of processes that have ended too, in milliseconds; steps of 10. */
export function treeCpuMs(pid: number): number {
  return (sumOf(treeOf(pid), cpuTicksWithEnded) * msPerSecond) / ticksPerSecond;
}

export function treeMemory(pid: number): TreeMemory {
  const pids = treeOf(pid);
  return { processes: pids.length, megabytes: sumOf(pids, (each) => proportionalMegabytes(each) ?? 0) };
}

/** The tree's highest PSS from now on, in MB. It is looked at every 100 ms, seldomer where a look takes long. */
export function watchTreePeak(pid: number): { stop(): number } {
  let peak = 0;
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    const start = performance.now();
    peak = Math.max(peak, treeMemory(pid).megabytes);
    timer = setTimeout(look, Math.max(lookMs, restsPerLook * (performance.now() - start)));
  };
  look();
  return {
    stop: () => {
      clearTimeout(timer);
      return Math.max(peak, treeMemory(pid).megabytes);
    },
  };
}

/**
 * Waits until the tree has used less than a tenth of a core for a second, and no longer than 20 s. A quick run measures
 * nothing, so it does not wait.
 */
export async function untilQuiet(pid: number, { isQuick }: Pick<BenchOptions, "isQuick">): Promise<void> {
  if (isQuick) return;
  const start = performance.now();
  let ticks = sumOf(treeOf(pid), cpuTicksWithEnded);
  for (let windows = 0; windows < quietWindowsNeeded;) {
    if (performance.now() - start > quietWaitMsMax) return;
    await delay(quietWindowMs);
    const before = ticks;
    ticks = sumOf(treeOf(pid), cpuTicksWithEnded);
    windows = ticks - before <= quietTicksMax ? windows + 1 : 0;
  }
}

/** Descendants first: the time of one that ends meanwhile is then in its parent's figure. */
function treeOf(pid: number): number[] {
  return [...descendants(pid), pid];
}

/** A process that has ended since it was listed counts nothing. */
function sumOf(pids: readonly number[], of: (pid: number) => number): number {
  return pids.reduce((sum, pid) => {
    try {
      return sum + of(pid);
    } catch {
      return sum;
    }
  }, 0);
}

/** What the engine is given of the real world: this machine's clock and random ids, and processes of the CLI. */

import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { findInstallation } from "./claude/installation.ts";
import { findPolicy, hasServerPolicy } from "./claude/managed-policy.ts";
import { longParameterBytesMax } from "./claude/parameters.ts";
import { ClaudeProcess } from "./claude/process.ts";
import type { Clock, World } from "./engine/world.ts";

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  today: () => new Date().toDateString(),
  // A second after midnight: timers go by another clock than the date.
  untilTomorrow: () => new Date().setHours(24, 0, 1, 0) - Date.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/**
 * A process's resident memory. Takes some 30 µs. Systems other than Linux tell it only by a program of their own, which
 * would take longer.
 */
function residentBytes(pid: number): number | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    const kilobytes = /^VmRSS:\s*(\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    // The process is gone.
    return undefined;
  }
}

/** The world of a real server: this machine. */
export const realWorld: World = {
  clock,
  startedAtMs: performance.timeOrigin,
  randomId: randomUUID,
  findInstallation,
  launch: (options) => new ClaudeProcess({
    ...options, hasServerPolicy: hasServerPolicy(process.platform, existsSync),
  }),
  cores: availableParallelism(),
  memoryOf: residentBytes,
  longParameterBytesMax: () => longParameterBytesMax(
    process.platform, findPolicy(process.platform, existsSync).length > 0,
  ),
};

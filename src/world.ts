/** The real world that the engine is given: this machine's clock, chance, and processes of the CLI. */

import { randomUUID } from "node:crypto";
import { findInstallation } from "./claude/installation.ts";
import { ClaudeProcess } from "./claude/process.ts";
import type { Clock, World } from "./engine/world.ts";

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  today: () => new Date().toDateString(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** This machine. */
export const realWorld: World = {
  clock,
  startedAtMs: performance.timeOrigin,
  randomId: randomUUID,
  findInstallation,
  launch: (options) => new ClaudeProcess(options),
};

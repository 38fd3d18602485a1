/** Before every measurement the benchmark waits, within a bound, until no other process uses the CPU. */
import { cpus } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { BenchOptions } from "./options.ts";

/** The share of all cores' time that must be idle. */
const idleShareMin = 0.8;
const lookMs = 200;
/** So many looks in a row must find the machine idle. */
const looksNeeded = 2;
const waitMsMax = 8_000;
const secondMs = 1_000;

let waits = 0;
let givenUp = 0;

/**
 * Waits `leastMs`, then until the machine was 80 % idle for 400 ms. It gives up after 8 s, and counts that. A quick run
 * measures nothing, so it waits for nothing.
 */
export async function calm(leastMs: number, { isQuick }: Pick<BenchOptions, "isQuick">): Promise<void> {
  if (isQuick) return;
  await delay(leastMs);
  waits++;
  const start = performance.now();
  for (let looks = 0; looks < looksNeeded;) {
    if (performance.now() - start > waitMsMax) {
      givenUp++;
      return;
    }
    const before = machineTimes();
    await delay(lookMs);
    looks = idleShareSince(before) >= idleShareMin ? looks + 1 : 0;
  }
}

/** For a result's notes. */
export function calmNote(): string {
  const goal = `Every measurement waited until the machine was at least ${idleShareMin * 100} % idle`;
  return `${goal}; ${waits - givenUp} of ${waits} waits found it so within ${waitMsMax / 1000} s.`;
}

/** From now on: the least share of all cores' time that nobody used in a whole second, 0 to 1. */
export function watchIdleShare(): { stop(): number } {
  let least = 1;
  let before = machineTimes();
  const timer = setInterval(() => {
    least = Math.min(least, idleShareSince(before));
    before = machineTimes();
  }, secondMs);
  // Where what is measured fails, nobody stops it.
  timer.unref();
  return {
    stop: () => {
      clearInterval(timer);
      return least;
    },
  };
}

/** Of all cores together, in milliseconds. */
interface MachineTimes {
  readonly idle: number;
  readonly all: number;
}

function idleShareSince(before: MachineTimes): number {
  const after = machineTimes();
  return (after.idle - before.idle) / Math.max(1, after.all - before.all);
}

function machineTimes(): MachineTimes {
  let idle = 0;
  let all = 0;
  for (const { times: spent } of cpus()) {
    idle += spent.idle;
    all += spent.user + spent.nice + spent.sys + spent.irq + spent.idle;
  }
  return { idle, all };
}

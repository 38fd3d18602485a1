/** A shared machine is not always free: every measurement waits, within a bound, until nobody else computes. The same for every contestant. */
import { cpus } from "node:os";
import { setTimeout as delay } from "node:timers/promises";

/** Of all cores. */
const idleShareMin = 0.8;
const lookMs = 200;
/** So many looks in a row must find the machine free. */
const looksNeeded = 2;
const waitMsMax = 8_000;

let waits = 0;
let givenUp = 0;

/** Waits `leastMs`, and then until the machine has been all but idle for 400 ms; after 8 s it is left at that, and counted. */
export async function calm(leastMs: number): Promise<void> {
  await delay(leastMs);
  waits++;
  const start = performance.now();
  for (let looks = 0; looks < looksNeeded;) {
    if (performance.now() - start > waitMsMax) {
      givenUp++;
      return;
    }
    const before = times();
    await delay(lookMs);
    const after = times();
    looks = (after.idle - before.idle) / Math.max(1, after.all - before.all) >= idleShareMin ? looks + 1 : 0;
  }
}

/** For a result's notes. */
export function calmNote(): string {
  return `Every measurement waited until the machine was at least ${idleShareMin * 100} % idle; ${waits - givenUp} of ${waits} waits found it so within ${waitMsMax / 1000} s.`;
}

function times(): { idle: number; all: number } {
  let idle = 0;
  let all = 0;
  for (const { times: spent } of cpus()) {
    idle += spent.idle;
    all += spent.user + spent.nice + spent.sys + spent.irq + spent.idle;
  }
  return { idle, all };
}

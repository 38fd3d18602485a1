/** What nobody caught, in this process or in a server's own: a test that starts a server fails on it. */
import type { TestContext } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { cleanUp } from "./cleanup.ts";

/** Loaded into a server's process, it tells of a fault on stderr, behind this mark. */
export const faultReporter = fileURLToPath(new URL("./fault-reporter.mjs", import.meta.url));
export const faultMark = "UNCAUGHT IN THE SERVER: ";

/** What each test that runs was told of so far. Tests that run at once are all told: nobody knows whose fault it is. */
const told = new Set<unknown[]>();

function note(fault: unknown): void {
  for (const faults of told) faults.push(fault);
}

/** Fails the test, once all that was opened later is closed, if anything was thrown or rejected that nobody caught. */
export function failOnFaults(t: TestContext): void {
  const faults: unknown[] = [];
  if (told.size === 0) process.on("uncaughtExceptionMonitor", note).on("unhandledRejection", note);
  told.add(faults);
  cleanUp(t, async () => {
    // A rejection is told of a round after it was.
    await nextRound();
    told.delete(faults);
    if (told.size === 0) process.off("uncaughtExceptionMonitor", note).off("unhandledRejection", note);
    if (faults.length > 0) throw new AggregateError(faults, `nobody caught: ${faults.map(String).join("; ")}`);
  });
}

/** The fault that a server's stderr tells of, with its stack; undefined when there is none. */
export function faultIn(stderr: string): string | undefined {
  return stderr.split(faultMark)[1];
}

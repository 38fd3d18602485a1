/** What a test opened is closed in reverse order: Node runs `t.after` in the order of registration, and a folder must outlive the process that writes into it. */
import type { TestContext } from "node:test";

const opened = new WeakMap<TestContext, (() => unknown)[]>();

/** Runs `close` after the test, after all that was registered later. One that fails does not keep the others from running. */
export function cleanUp(t: TestContext, close: () => unknown): void {
  const known = opened.get(t);
  if (known !== undefined) {
    known.push(close);
    return;
  }
  const closers = [close];
  opened.set(t, closers);
  t.after(async () => {
    const failures: unknown[] = [];
    for (let next = closers.pop(); next !== undefined; next = closers.pop()) {
      try {
        await next();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, `cleaning up failed: ${failures.map(String).join("; ")}`);
  });
}

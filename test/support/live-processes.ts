/** The processes that this one starts, counted from their start to the moment when the system has let go of them. */
import type { ChildProcess } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { TestContext } from "node:test";

export interface LiveProcesses {
  readonly now: number;
  /** The most that lived at once. */
  readonly most: number;
  readonly started: number;
}

/** Counts until the test's end those that speak: one that is asked for its version alone is not counted. */
export function countLiveProcesses(t: TestContext): LiveProcesses {
  const count = { now: 0, most: 0, started: 0 };
  const onChild = (message: unknown): void => {
    const { process: child } = message as { readonly process: ChildProcess };
    child.once("spawn", () => {
      if (!child.spawnargs.includes("stream-json")) return;
      count.started++;
      count.most = Math.max(count.most, ++count.now);
      child.once("exit", () => count.now--);
    });
  };
  subscribe("child_process", onChild);
  t.after(() => unsubscribe("child_process", onChild));
  return count;
}

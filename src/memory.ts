import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * How far the process's resident memory must have grown before a collection is run, in bytes. Below that it is not
 * worth its cost: a collection also throws away compiled code.
 */
const worthCollectingBytes = 64 * 1024 * 1024;

/** Returns a function that runs the garbage collector if memory has grown by `worthCollectingBytes` since this call. */
export function collectorAtRest(): () => void {
  const startBytes = process.memoryUsage.rss();
  return () => {
    if (process.memoryUsage.rss() > startBytes + worthCollectingBytes) collectGarbage();
  };
}

/**
 * Frees the garbage of the last answers, in about 20 ms. V8 collects only when something is allocated, so an idle
 * server would otherwise keep its peak memory for as long as it is idle.
 */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  setFlagsFromString("--no-expose-gc");
  if (typeof collect !== "function") return;
  collect();
  // Also shrinks the young generation's space, which V8 otherwise keeps at its largest. Node 22 and later know this
  // flavor; earlier versions do not.
  collect({ type: "major", execution: "sync", flavor: "last-resort" });
}

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * How far above its start the process's memory must be to be worth a collection, in bytes: one also throws away
 * compiled code.
 */
const worthCollectingBytes = 64 * 1024 * 1024;

/** Collects when the process has grown well above what it was when this was made. */
export function collectorAtRest(): () => void {
  const startBytes = process.memoryUsage.rss();
  return () => {
    if (process.memoryUsage.rss() > startBytes + worthCollectingBytes) collectGarbage();
  };
}

/**
 * Gives back what the last answers left behind, in about 20 ms. V8 collects when something is allocated, so a server at
 * rest would keep its high-water mark for as long as it rests.
 */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  setFlagsFromString("--no-expose-gc");
  if (typeof collect !== "function") return;
  collect();
  // The room of the young too, which V8 keeps at its largest otherwise (from Node 22 on; before, it knows no such
  // flavor).
  collect({ type: "major", execution: "sync", flavor: "last-resort" });
}

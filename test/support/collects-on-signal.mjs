/** Loaded into a server before its own code: on SIGUSR2 it collects its garbage and tells on stderr what is left. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");
let times = 0;

process.on("SIGUSR2", () => {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  process.stderr.write(`collected ${++times} left ${heapUsed + external} bytes\n`);
});

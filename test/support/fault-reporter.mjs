/** Loaded by `--import` into a server that a test starts; rejections that nobody handles come by here too. */
import { writeSync } from "node:fs";

const stderr = 2;

process.on("uncaughtExceptionMonitor", (fault) => {
  writeSync(stderr, `UNCAUGHT IN THE SERVER: ${fault instanceof Error ? fault.stack : String(fault)}\n`);
});

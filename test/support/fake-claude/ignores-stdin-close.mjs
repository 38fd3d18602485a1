#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Does not end with its stdin; ends on SIGTERM and leaves a note of it in its folder. */
import { writeFileSync } from "node:fs";
import { answeredVersion, readMessages, sayReady, stayAlive } from "./protocol.mjs";

if (!answeredVersion()) {
  process.on("SIGTERM", () => {
    writeFileSync("ended-by", "SIGTERM");
    process.exit(0);
  });
  readMessages(() => {});
  stayAlive();
  sayReady();
}

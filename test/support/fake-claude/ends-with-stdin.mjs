#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Ends with its stdin and leaves a note of what ended it in its folder. */
import { writeFileSync } from "node:fs";
import { answeredVersion, readMessages, sayReady } from "./protocol.mjs";

if (!answeredVersion()) {
  process.on("SIGTERM", () => {
    writeFileSync("ended-by", "SIGTERM");
    process.exit(0);
  });
  readMessages(() => {}, () => {
    writeFileSync("ended-by", "stdin");
    process.exit(0);
  });
  sayReady();
}

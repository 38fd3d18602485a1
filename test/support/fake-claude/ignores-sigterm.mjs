#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Ends neither with its stdin nor on SIGTERM, of which it leaves a note in its folder. */
import { writeFileSync } from "node:fs";
import { answeredVersion, readMessages, sayReady, stayAlive } from "./protocol.mjs";

if (!answeredVersion()) {
  process.on("SIGTERM", () => writeFileSync("ignored", "SIGTERM"));
  readMessages(() => {});
  stayAlive();
  sayReady();
}

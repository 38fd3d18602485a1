#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Accepts everything, answers no turn, and ends neither with its stdin nor on SIGTERM. */
import { serve, stayAlive } from "./protocol.mjs";

if (!process.argv.includes("--version")) {
  process.on("SIGTERM", () => {});
  stayAlive();
}
serve({ onTurn: () => {} });

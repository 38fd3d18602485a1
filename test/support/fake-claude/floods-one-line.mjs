#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Begins a line and never ends it. */
import { serve } from "./protocol.mjs";

const piece = "x".repeat(1_000_000);

function flood() {
  while (process.stdout.write(piece));
  process.stdout.once("drain", flood);
}

process.stdout.on("error", () => process.exit(0));
serve({ onTurn: flood });

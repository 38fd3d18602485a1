#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Answers with deltas without end, as fast as they are taken. */
import { sayStart, sayText, serve } from "./protocol.mjs";

function flood() {
  while (sayText("flood ".repeat(100)));
  process.stdout.once("drain", flood);
}

serve({
  onTurn() {
    sayStart();
    flood();
  },
  onEnd: () => process.exit(0),
});

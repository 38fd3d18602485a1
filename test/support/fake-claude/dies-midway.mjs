#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Answers two words, writes to stderr and exits with code 7. */
import { sayStart, sayText, serve } from "./protocol.mjs";

serve({
  onTurn() {
    sayStart();
    sayText("w0 ");
    sayText("w1 ", () => process.stderr.write("first words\nlast words\n", () => process.exit(7)));
  },
});

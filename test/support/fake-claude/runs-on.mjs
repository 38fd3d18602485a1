#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Is cut at its token limit and goes on by itself at once, as the CLI does. All of it is one write. */
import { sayResult, sayStart, sayStop, sayText, serve } from "./protocol.mjs";

serve({
  onTurn() {
    process.stdout.cork();
    sayStart();
    sayText("first ");
    sayStop("max_tokens", 1);
    sayStart();
    sayText("more that nobody asked for");
    sayStop("end_turn", 6);
    sayResult();
    process.stdout.uncork();
  },
});

#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Its stream breaks and it begins anew with another message, all in one write. */
import { sayResult, sayStart, sayStop, sayText, serve } from "./protocol.mjs";

serve({
  onTurn() {
    process.stdout.cork();
    sayStart();
    sayText("half an ");
    sayStart();
    sayText("a whole answer, from the start again");
    sayStop("end_turn", 8);
    sayResult();
    process.stdout.uncork();
  },
});

#!/usr/bin/env node
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

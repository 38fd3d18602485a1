#!/usr/bin/env node
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

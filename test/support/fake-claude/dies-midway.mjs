#!/usr/bin/env node
/** Answers two words, writes to stderr and exits with code 7. */
import { sayStart, sayText, serve } from "./protocol.mjs";

serve({
  onTurn() {
    sayStart();
    sayText("w0 ");
    sayText("w1 ", () => process.stderr.write("first words\nlast words\n", () => process.exit(7)));
  },
});

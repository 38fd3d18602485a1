#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Answers 50 MB as fast as they are taken: 50,000 deltas of 1,000 characters, numbered. */
import { sayResult, sayStart, sayStop, sayText, serve } from "./protocol.mjs";

const deltas = 50_000;

serve({
  onTurn() {
    sayStart();
    let next = 0;
    const burst = () => {
      while (next < deltas) {
        const text = String(next++).padEnd(1_000, ".");
        if (!sayText(text)) return process.stdout.once("drain", burst);
      }
      sayStop("end_turn", deltas);
      sayResult();
    };
    burst();
  },
});

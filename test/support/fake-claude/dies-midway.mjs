#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Answers two words, writes to stderr and exits with code 7. */
import { runAsProgram } from "./protocol.mjs";

export default function live({ complain, exit, sayStart, sayText, serve }) {
  serve({
    onTurn() {
      sayStart();
      sayText("w0 ");
      sayText("w1 ");
      complain("first words\nlast words\n");
      exit(7);
    },
  });
}

runAsProgram(import.meta.url, live);

#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Exits with code 9 at its first turn, unless another has: that has made the file that `DIED` names. Then it answers. */
import { existsSync, writeFileSync } from "node:fs";
import { sayAnswer, serve } from "./protocol.mjs";

const { DIED: note = "" } = process.env;

serve({
  onTurn() {
    if (existsSync(note)) return sayAnswer(["this ", "is ", "it"]);
    writeFileSync(note, "");
    process.exit(9);
  },
});

#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Writes 50 MB to stderr in every turn, and answers one word. */
import { once } from "node:events";
import { sayAnswer, serve } from "./protocol.mjs";

const piece = `${"x".repeat(99)}\n`.repeat(10_000);

serve({
  async onTurn() {
    for (let written = 0; written < 50; written += 1) if (!process.stderr.write(piece)) await once(process.stderr, "drain");
    sayAnswer(["answered"]);
  },
});

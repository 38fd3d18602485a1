#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Repeats all that it is told on stderr, and in its refusal to begin so; with END in it, it exits with code 6 instead. Without a system prompt it accepts. */
import { runAsProgram } from "./protocol.mjs";

export default function live({ complain, exit, refuse, serve }) {
  serve({
    onTurn: () => {},
    onControl(message) {
      const words = JSON.stringify(message.request);
      if (message.request.subtype !== "initialize" || !words.includes("SYSTEM")) return false;
      complain(`${words}\n`);
      if (words.includes("END")) exit(6);
      else refuse(message, words);
      return true;
    },
  });
}

runAsProgram(import.meta.url, live);

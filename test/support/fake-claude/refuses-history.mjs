#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Answers a message of the history with a failed `result`. */
import { runAsProgram } from "./protocol.mjs";

export default function live({ sayResult, serve }) {
  serve({ onTurn: () => {}, onHistory: () => sayResult({ is_error: true, num_turns: 0 }) });
}

runAsProgram(import.meta.url, live);

#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Answers one word and falls silent; an interrupt is acknowledged and ends the turn. */
import { loggedIn, runAsProgram } from "./protocol.mjs";

export default function live({ accept, sayResult, sayStart, sayText, serve }) {
  serve({
    onTurn() {
      sayStart();
      sayText("w0 ");
    },
    onControl(message) {
      if (message.request.subtype === "interrupt") {
        accept(message, { interrupted: true });
        sayResult({ subtype: "error_during_execution", is_error: true, terminal_reason: "aborted_streaming" });
        return true;
      }
      accept(message, loggedIn);
      return true;
    },
  });
}

runAsProgram(import.meta.url, live);

#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Answers `initialize` with an error. */
import { runAsProgram } from "./protocol.mjs";

export default function live({ refuse, serve }) {
  serve({
    onTurn: () => {},
    onControl(message) {
      if (message.request.subtype !== "initialize") return false;
      refuse(message, "system prompt not to my taste");
      return true;
    },
  });
}

runAsProgram(import.meta.url, live);

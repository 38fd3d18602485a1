#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Answers `initialize` with an error, in one write with the acknowledgement of the history that follows it. */
import { accept, answeredVersion, readMessages, refuse, sayResult } from "./protocol.mjs";

if (!answeredVersion()) {
  process.stdout.cork();
  readMessages((message) => {
    if (message.type === "control_request") return message.request.subtype === "initialize" ? refuse(message, "schema not to my taste") : accept(message);
    if (message.shouldQuery !== false) return;
    sayResult({ num_turns: 0, result: "" });
    process.stdout.uncork();
  });
}

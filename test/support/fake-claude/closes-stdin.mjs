#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Closes its stdin at the first message and lives on. */
import { answeredVersion, closeStdin, readMessages, sayReady, stayAlive } from "./protocol.mjs";

if (!answeredVersion()) {
  readMessages(() => {
    closeStdin();
    stayAlive();
    sayReady();
  });
}

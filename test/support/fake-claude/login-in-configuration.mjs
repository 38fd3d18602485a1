#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Is logged in only where it has the user's own configuration. */
import { accept, loggedIn, sayResult, sayText, serve } from "./protocol.mjs";

serve({
  onControl(message) {
    const hasUsers = process.env.CLAUDE_CONFIG_DIR === undefined;
    accept(message, hasUsers ? loggedIn : { models: [], account: { tokenSource: "none" } });
    return true;
  },
  onTurn() {
    sayText("Hello.");
    sayResult();
  },
});

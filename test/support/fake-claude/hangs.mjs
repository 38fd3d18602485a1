#!/usr/bin/env node
/** Answers one word and falls silent; an interrupt is acknowledged and ends the turn. */
import { accept, loggedIn, sayResult, sayStart, sayText, serve } from "./protocol.mjs";

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

#!/usr/bin/env node
/** Answers `initialize` with an error. */
import { refuse, serve } from "./protocol.mjs";

serve({
  onTurn: () => {},
  onControl(message) {
    if (message.request.subtype !== "initialize") return false;
    refuse(message, "system prompt not to my taste");
    return true;
  },
});

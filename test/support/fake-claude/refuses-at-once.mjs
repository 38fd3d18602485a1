#!/usr/bin/env node
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

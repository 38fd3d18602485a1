#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Is not logged in: says so to `initialize`, and answers a turn as the CLI does then. */
import { runAsProgram } from "./protocol.mjs";

export default function live({ accept, say, sayResult, serve }) {
  serve({
    onControl(message) {
      accept(message, { models: [], account: { tokenSource: "none" } });
      return true;
    },
    onTurn() {
      const text = "Not logged in · Please run /login";
      say({ type: "assistant", message: { id: "made-up", model: "<synthetic>", role: "assistant", content: [{ type: "text", text }] }, error: "authentication_failed" });
      sayResult({ is_error: true, result: text });
    },
  });
}

runAsProgram(import.meta.url, live);

#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Its subscription window is used up, until the epoch second in the prompt. */
import { runAsProgram, textOf } from "./protocol.mjs";

export default function live({ say, sayResult, serve }) {
  serve({
    onTurn(message) {
      const resetsAt = Number(/\d+/u.exec(textOf(message))?.[0]);
      say({ type: "rate_limit_event", rate_limit_info: { status: "rejected", resetsAt, rateLimitType: "five_hour" } });
      const text = "You've hit your limit";
      say({ type: "assistant", message: { id: "made-up", model: "<synthetic>", role: "assistant", content: [{ type: "text", text }] }, error: "rate_limit" });
      sayResult({ is_error: true, api_error_status: 429, result: text });
    },
  });
}

runAsProgram(import.meta.url, live);

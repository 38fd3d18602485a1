#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Tells of its subscription window before it answers: a quarter is used, and it ends at the epoch second in the prompt. */
import { runAsProgram, textOf } from "./protocol.mjs";

export default function live({ say, sayAnswer, serve }) {
  serve({
    onTurn(message) {
      const resetsAt = Number(/\d+/u.exec(textOf(message))?.[0]);
      say({ type: "rate_limit_event", rate_limit_info: { status: "allowed", resetsAt, rateLimitType: "five_hour", unifiedWindows: { five_hour: { utilization: 0.25 } } } });
      sayAnswer(["ok"]);
    },
  });
}

runAsProgram(import.meta.url, live);

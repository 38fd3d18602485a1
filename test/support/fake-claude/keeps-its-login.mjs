#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/**
 * Answers with the login that it had at its start, the words of LOGIN_FILE. Once that was changed it is refused, as any is
 * whose login is "none": it tries once more by itself, as the CLI does.
 */
import { readFileSync } from "node:fs";
import { runAsProgram } from "./protocol.mjs";

export default function live({ env, say, sayAnswer, sayResult, serve }) {
  const readLogin = () => readFileSync(env.LOGIN_FILE, "utf8");
  const login = readLogin();

  serve({
    onTurn() {
      if (login === readLogin() && login !== "none") return sayAnswer([login]);
      const text = "Invalid authentication credentials";
      say({ type: "system", subtype: "api_retry", attempt: 1, max_retries: 1, retry_delay_ms: 1, error_status: 401, error: "authentication_failed" });
      say({ type: "assistant", message: { id: "made-up", model: "<synthetic>", role: "assistant", content: [{ type: "text", text }] }, error: "authentication_failed" });
      sayResult({ is_error: true, api_error_status: 401, result: text });
    },
  });
}

runAsProgram(import.meta.url, live);

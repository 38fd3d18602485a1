/**
 * Rewrites the threads that Codex keeps in this home as one of its older versions wrote them: what its shell tool was
 * asked is a `local_shell_call`. Fails where there was none.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

let rewritten = 0;

function older(line) {
  const { type, payload, ...rest } = JSON.parse(line);
  if (type !== "response_item" || payload.type !== "function_call" || payload.name !== "exec_command") return line;
  rewritten++;
  const command = ["/bin/sh", "-c", JSON.parse(payload.arguments).cmd];
  const action = { type: "exec", command, timeout_ms: null, working_directory: null, env: null, user: null };
  return JSON.stringify({ ...rest, type, payload: { type: "local_shell_call", call_id: payload.call_id, status: "completed", action } });
}

const sessions = join(homedir(), ".codex", "sessions");
for (const name of readdirSync(sessions, { recursive: true })) {
  if (!name.endsWith(".jsonl")) continue;
  const path = join(sessions, name);
  const lines = readFileSync(path, "utf8").split("\n");
  writeFileSync(path, lines.map((line) => (line === "" ? line : older(line))).join("\n"));
}
if (rewritten === 0) throw new Error(`no call of the shell in ${sessions}`);

/** Uses up every file descriptor of this process, then starts a claude process, and prints what came of it. */
import { openSync } from "node:fs";
import { ClaudeProcess } from "../../src/claude/process.ts";
import { BridgeError } from "../../src/errors.ts";

// Before there is nothing left to write with.
const { stdout } = process;

function outcome(): string {
  try {
    new ClaudeProcess({ command: { file: process.execPath, leadingArguments: ["--version"] }, model: "fake", cwd: process.cwd(), environment: {} });
    return "started";
  } catch (error) {
    return error instanceof BridgeError ? `${error.code}: ${error.message}` : String(error);
  }
}

try {
  for (;;) openSync("/dev/null", "r");
} catch {
  stdout.write(outcome());
}

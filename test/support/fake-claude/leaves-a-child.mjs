#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Starts a child that holds its stdout, tells its pid, and ends with stdin, or with code 4 at a message: the child stays. */
import { spawn } from "node:child_process";
import { answeredVersion, readMessages, say } from "./protocol.mjs";

if (!answeredVersion()) {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"], { stdio: ["ignore", "inherit", "inherit"] });
  child.unref();
  readMessages(() => process.exit(4), () => process.exit(0));
  say({ type: "fake_child", pid: child.pid });
}

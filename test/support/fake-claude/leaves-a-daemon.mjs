#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Starts a child in a session of its own that holds its pipes for a minute, tells its pid, and at a message writes as many bytes of lines as that says and exits with code 5: the child stays. */
import { spawn } from "node:child_process";
import { writeSync } from "node:fs";
import { answeredVersion, readMessages, say, textOf } from "./protocol.mjs";

const lineBytes = 1_000;

if (!answeredVersion()) {
  const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 6e4)"], { stdio: ["ignore", "inherit", "inherit"], detached: true });
  child.unref();
  readMessages((message) => {
    const bytes = Number(/\d+/u.exec(textOf(message))?.[0] ?? 0);
    for (let written = 0; written < bytes; written += lineBytes) writeAll(`${JSON.stringify({ type: "fake_filler", filler: "x".repeat(lineBytes) })}\n`);
    process.exit(5);
  }, () => process.exit(0));
  say({ type: "fake_child", pid: child.pid });
}

/** The pipe may be one that takes no more for now. */
function writeAll(text) {
  for (let bytes = Buffer.from(text); bytes.length > 0;) {
    try {
      bytes = bytes.subarray(writeSync(1, bytes));
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

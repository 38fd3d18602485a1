#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Has a version, and crashes when it is to serve: words on stderr, exit code 3. */
import { runAsProgram } from "./protocol.mjs";

export default function live({ answeredVersion, complain, exit }) {
  if (answeredVersion()) return;
  complain("some context\nfake claude: cannot boot\n");
  exit(3);
}

runAsProgram(import.meta.url, live);

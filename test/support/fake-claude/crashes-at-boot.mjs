#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Has a version, and crashes when it is to serve: words on stderr, exit code 3. */
import { answeredVersion } from "./protocol.mjs";

if (!answeredVersion()) {
  process.stderr.write("some context\nfake claude: cannot boot\n", () => process.exit(3));
}

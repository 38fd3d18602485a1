#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Never reads its stdin. */
import { answeredVersion, sayReady, stayAlive } from "./protocol.mjs";

if (!answeredVersion()) {
  stayAlive();
  sayReady();
}

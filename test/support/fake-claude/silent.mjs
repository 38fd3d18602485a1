#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Takes everything and never says a word, but for its version. */
import { runAsProgram } from "./protocol.mjs";

export default function live({ answeredVersion, readMessages }) {
  if (!answeredVersion()) readMessages(() => {});
}

runAsProgram(import.meta.url, live);

#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** The same as relays.c, where there is no C compiler. */
import { connect } from "node:net";
import { answeredVersion } from "./protocol.mjs";

if (!answeredVersion()) {
  const model = process.argv[process.argv.indexOf("--model") + 1];
  const link = connect({ port: Number(process.env.RELAYS_PORT), host: "127.0.0.1", allowHalfOpen: true });
  link.write(`${JSON.stringify({ pid: process.pid, model })}\n`);
  process.stdin.pipe(link).on("error", () => process.exit(1)).on("close", () => process.exit(0));
  link.pipe(process.stdout);
}

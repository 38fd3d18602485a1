#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** At a message it writes 1 MB, and does nothing else while nobody reads them; leaves a note in its folder when it sees its stdin end. */
import { writeFileSync, writeSync } from "node:fs";
import { answeredVersion, readMessages } from "./protocol.mjs";

// process.stdout would queue what does not fit; a write of its own blocks.
const sayBlocking = (message) => {
  let rest = Buffer.from(`${JSON.stringify(message)}\n`);
  while (rest.length > 0) rest = rest.subarray(writeSync(1, rest));
};

if (!answeredVersion()) {
  readMessages(() => sayBlocking({ type: "much", text: "x".repeat(1_000_000) }), () => {
    writeFileSync("ended-by", "stdin");
    process.exit(0);
  });
  sayBlocking({ type: "fake_ready" });
}

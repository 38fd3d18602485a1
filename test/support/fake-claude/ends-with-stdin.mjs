#!/usr/bin/env node
/** Ends with its stdin and leaves a note of what ended it in its folder. */
import { writeFileSync } from "node:fs";
import { answeredVersion, readMessages, sayReady } from "./protocol.mjs";

if (!answeredVersion()) {
  process.on("SIGTERM", () => {
    writeFileSync("ended-by", "SIGTERM");
    process.exit(0);
  });
  readMessages(() => {}, () => {
    writeFileSync("ended-by", "stdin");
    process.exit(0);
  });
  sayReady();
}

#!/usr/bin/env node
/** Ends neither with its stdin nor on SIGTERM, of which it leaves a note in its folder. */
import { writeFileSync } from "node:fs";
import { answeredVersion, readMessages, sayReady, stayAlive } from "./protocol.mjs";

if (!answeredVersion()) {
  process.on("SIGTERM", () => writeFileSync("ignored", "SIGTERM"));
  readMessages(() => {});
  stayAlive();
  sayReady();
}

#!/usr/bin/env node
/** Accepts everything, answers no turn, and ends neither with its stdin nor on SIGTERM. */
import { serve, stayAlive } from "./protocol.mjs";

if (!process.argv.includes("--version")) {
  process.on("SIGTERM", () => {});
  stayAlive();
}
serve({ onTurn: () => {} });

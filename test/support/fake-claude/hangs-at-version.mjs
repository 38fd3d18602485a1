#!/usr/bin/env node
/** Is asked for its version, says nothing, and does not end on SIGTERM. Writes its pid into the file VERSION_PID. */
import { renameSync, writeFileSync } from "node:fs";

process.on("SIGTERM", () => {});
setInterval(() => {}, 60_000);
// In place, so that who sees the file sees all of it.
writeFileSync(`${process.env.VERSION_PID}~`, String(process.pid));
renameSync(`${process.env.VERSION_PID}~`, process.env.VERSION_PID);

#!/usr/bin/env node
/** Closes its stdin at the first message and lives on. */
import { answeredVersion, closeStdin, readMessages, sayReady, stayAlive } from "./protocol.mjs";

if (!answeredVersion()) {
  readMessages(() => {
    closeStdin();
    stayAlive();
    sayReady();
  });
}

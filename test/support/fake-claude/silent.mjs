#!/usr/bin/env node
/** Takes everything and never says a word, but for its version. */
import { answeredVersion, readMessages } from "./protocol.mjs";

if (!answeredVersion()) readMessages(() => {});

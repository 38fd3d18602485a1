#!/usr/bin/env node
/** Never reads its stdin. */
import { answeredVersion, sayReady, stayAlive } from "./protocol.mjs";

if (!answeredVersion()) {
  stayAlive();
  sayReady();
}

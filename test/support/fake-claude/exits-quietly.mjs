#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Exits with code 0 and without a word as soon as a turn begins. */
import { serve } from "./protocol.mjs";

serve({ onTurn: () => process.exit(0) });

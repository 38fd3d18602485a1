#!/usr/bin/env node
/** Answers a message of the history with a failed `result`. */
import { sayResult, serve } from "./protocol.mjs";

serve({ onTurn: () => {}, onHistory: () => sayResult({ is_error: true, num_turns: 0 }) });

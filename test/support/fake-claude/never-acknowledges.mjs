#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Takes messages that ask nothing without a word. With `ANSWERS_ALL` in its environment it answers them as if they asked. */
import { sayAnswer, serve } from "./protocol.mjs";

const answer = () => sayAnswer(["this ", "is ", "it"]);

serve({ onTurn: answer, onHistory: process.env.ANSWERS_ALL === undefined ? () => {} : answer });

#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/**
 * Takes messages that ask nothing without a word. With `ANSWERS_ALL` in its environment it answers them as if they asked;
 * with `TAKES_WORDS` it acknowledges those that have content, so that only a rehearsal, whose messages are empty, never ends
 * or is answered.
 */
import { runAsProgram } from "./protocol.mjs";

export default function live({ env, sayAnswer, sayResult, serve }) {
  const answer = () => sayAnswer(["this ", "is ", "it"]);

  function onHistory({ message: { content } }) {
    if (env.TAKES_WORDS !== undefined && content.length > 0) sayResult({ num_turns: 0, result: "" });
    else if (env.ANSWERS_ALL !== undefined) answer();
  }

  serve({ onTurn: answer, onHistory });
}

runAsProgram(import.meta.url, live);

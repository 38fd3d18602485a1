#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Answers a prompt that holds `WORDS n` with n deltas: "w0 ", "w1 "… With `THINK` it thinks first; the first word carries what needs escaping. */
import { runAsProgram, textOf } from "./protocol.mjs";

export default function live({ sayEvent, sayResult, sayStart, sayStop, sayText, serve }) {
  serve({
    onTurn(message) {
      const text = textOf(message);
      const words = Number(/WORDS (\d+)/u.exec(text)?.[1] ?? 1);
      sayStart();
      if (text.includes("THINK")) sayEvent({ type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "hm “\n”" } });
      for (let word = 0; word < words; word++) sayText(word === 0 && text.includes("ODD") ? "é\"\\\n😀 " : `w${word} `);
      sayStop("end_turn", words);
      sayResult();
    },
  });
}

runAsProgram(import.meta.url, live);

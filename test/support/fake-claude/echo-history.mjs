#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/**
 * Answers with the JSON of all that it was told, in the order in which it came. A message of the history is acknowledged
 * a moment late, and the acknowledgement stands in the list too: who does not wait for it is seen. So does each message
 * that is taken back, as a word behind them all. A long answer comes in
 * pieces, as a model's does.
 */
import { loggedIn, runAsProgram } from "./protocol.mjs";

const ackDelayMs = 20;

export default function live({ accept, answeredVersion, readMessages, sayAnswer, sayResult, stay }) {
  const told = [];

  if (!answeredVersion()) {
    readMessages((message) => {
      told.push(message);
      if (message.type === "control_request") return accept(message, message.request.subtype === "initialize" ? loggedIn : {});
      if (message.type === "assistant") return;
      if (message.shouldQuery === false) {
        const leave = stay();
        setTimeout(() => {
          told.push("acknowledged");
          sayResult({ num_turns: 0, result: "" });
          leave();
        }, ackDelayMs);
        return;
      }
      sayAnswer(JSON.stringify(told).match(/.{1,100000}/gsu));
    }, () => {}, () => told.push("rewound"));
  }
}

runAsProgram(import.meta.url, live);

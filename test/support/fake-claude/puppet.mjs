#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/**
 * Does in a turn what a test tells it: the prompt names a port, `PUPPETEER 4711`, to which it connects, tells its pid and
 * the prompt, and from which it takes its orders, a JSON line each. In a turn it does not end with its stdin, as the CLI does not.
 */
import { connect } from "node:net";
import { runAsProgram, textOf } from "./protocol.mjs";

export default function live({ sayResult, sayStart, sayStop, sayText, serve, pid, die, write, stay }) {
  function obey({ order, text, stopReason }) {
    if (order === "start") sayStart();
    if (order === "say") sayText(text);
    if (order === "die") die();
    if (order === "raw") write(text);
    if (order === "finish") {
      sayStop(stopReason, 1);
      sayResult({ result: "" });
    }
  }

  serve({
    onTurn(message) {
      const prompt = textOf(message);
      const strings = connect(Number(/PUPPETEER (\d+)/u.exec(prompt)?.[1]), "127.0.0.1");
      strings.write(`${JSON.stringify({ pid, prompt })}\n`);
      let rest = "";
      strings.setEncoding("utf8").on("data", (text) => {
        const lines = (rest + text).split("\n");
        rest = lines.pop();
        for (const line of lines) obey(JSON.parse(line));
      });
      // The test is over, or the turn is.
      strings.on("error", () => {}).on("end", () => strings.end()).on("close", stay(() => strings.destroy()));
    },
  });
}

runAsProgram(import.meta.url, live);

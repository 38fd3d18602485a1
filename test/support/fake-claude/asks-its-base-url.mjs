#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Asks the model as the CLI does, with the headers that its environment has, but at the address in the prompt; says what came. */
import { sayEvent, sayResult, sayStart, sayStop, sayText, serve, textOf } from "./protocol.mjs";

const headers = Object.fromEntries((process.env.ANTHROPIC_CUSTOM_HEADERS ?? "").split("\n").filter((line) => line !== "").map((line) => line.split(": ")));

serve({
  async onTurn(message) {
    const body = JSON.stringify({ model: "opus", max_tokens: 9, messages: [{ role: "user", content: "WORDS 1" }] });
    const response = await fetch(`${textOf(message)}/v1/messages`, { method: "POST", headers: { "content-type": "application/json", ...headers }, body });
    sayStart();
    sayText(JSON.stringify({ status: response.status, headers: Object.keys(headers), text: await response.text() }));
    sayStop("end_turn", 1);
    sayResult();
  },
});

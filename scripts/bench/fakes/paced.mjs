#!/usr/bin/env node
/** paced.c for a machine without a C compiler. A process of it is heavier, so fewer streams fit. */
import { writeSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { onEachMessage } from "./stdin-messages.mjs";

const identity = {
  session_id: "567370be-dae6-469f-853e-c0b9bb1b81e4",
  parent_tool_use_id: null,
  uuid: "cea7223b-0429-453c-829f-488542788240",
  api_message_id: "msg_01paced",
};
const model = "claude-fake-1";
const nsPerMs = 1_000_000n;

if (process.argv.includes("--version")) console.log("2.1.330 (Claude Code, made up for benchmarks)");
else if (process.argv.includes("--input-format")) onEachMessage(reply);
else await answer(process.argv.at(-1) ?? "");

function reply(message) {
  if (message.type === "user" && message.shouldQuery === false) {
    say({ type: "result", subtype: "success", is_error: false, num_turns: 0, result: "" });
    return;
  }
  if (message.type === "user") {
    void answer(JSON.stringify(message));
    return;
  }
  if (message.type !== "control_request") return;
  const response = {
    models: [{ value: "sonnet", resolvedModel: model, displayName: "Fake" }],
    account: { tokenSource: "made-up" },
  };
  say({ type: "control_response", response: { subtype: "success", request_id: message.request_id, response } });
}

async function answer(prompt) {
  const deltas = Number(/DELTAS (\d+)/u.exec(prompt)?.[1] ?? 3);
  const every = BigInt(/EVERY (\d+)/u.exec(prompt)?.[1] ?? 20) * nsPerMs;
  const usage = { input_tokens: 9, output_tokens: 1 };
  const head = { id: identity.api_message_id, type: "message", role: "assistant", model };
  sayEvent({ type: "message_start", message: { ...head, content: [], stop_reason: null, usage } });
  sayEvent({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } });
  let due = process.hrtime.bigint();
  for (let index = 0; index < deltas; index++) {
    const wait = due - process.hrtime.bigint();
    if (wait > 0n) await delay(Number(wait / nsPerMs));
    due += every;
    const delta = { type: "text_delta", text: `t${process.hrtime.bigint()} ` };
    sayEvent({ type: "content_block_delta", index: 0, delta });
  }
  sayEvent({ type: "content_block_stop", index: 0 });
  const delta = { stop_reason: "end_turn", stop_sequence: null };
  sayEvent({ type: "message_delta", delta, usage: { output_tokens: 9 } });
  sayEvent({ type: "message_stop" });
  say({
    type: "result", subtype: "success", is_error: false, num_turns: 1, result: "", stop_reason: "end_turn",
    session_id: identity.session_id, usage, modelUsage: {},
  });
}

function sayEvent(event) {
  say({ type: "stream_event", event, ...identity });
}

function say(message) {
  writeSync(1, `${JSON.stringify(message)}\n`);
}

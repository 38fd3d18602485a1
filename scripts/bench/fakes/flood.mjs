#!/usr/bin/env node
/**
 * A fake CLI that answers as fast as its pipe takes it, in the CLI's exact line form. `DELTAS n` in the prompt is how
 * many text deltas, and `SIZE n` how many characters each has (without it they are words, some with escapes and beyond
 * ASCII). Like the CLI it repeats the whole answer in its last two lines; with `ECHO 0` those are empty. It can be
 * started in both ways: stream-json on stdin, and the prompt as the last argument. Deltas are written in blocks of a
 * pipe's size that are made once, so that the benchmark measures the reader and not the fake.
 */
import { writeSync } from "node:fs";
import { onEachMessage } from "./stdin-messages.mjs";

const blockBytes = 64 * 1024;
const words = [
  "Once ", "upon ", "a ", "time", ", ", "there ", "was ", "a ", "café", " on ", "the ", "hill", ".\n",
  "She ", "said ", '"yes', '" ', "and ", "— ", "well",
];
const session = "567370be-dae6-469f-853e-c0b9bb1b81e4";
const messageId = "msg_01flood";
const model = "claude-fake-1";
const welcome = {
  models: [{ value: "sonnet", resolvedModel: model, displayName: "Fake" }],
  account: { tokenSource: "made-up" },
};

if (process.argv.includes("--version")) {
  console.log("2.1.330 (Claude Code, made up for benchmarks)");
} else if (process.argv.includes("--input-format")) {
  onEachMessage(reply);
} else {
  answer(process.argv.at(-1) ?? "");
}

function reply(message) {
  if (message.type === "control_request") {
    const response = message.request.subtype === "initialize" ? welcome : {};
    say({ type: "control_response", response: { subtype: "success", request_id: message.request_id, response } });
  } else if (message.type === "user" && message.shouldQuery === false) {
    say({ type: "result", subtype: "success", is_error: false, num_turns: 0, result: "", session_id: session });
  } else if (message.type === "user") {
    answer(message.message.content.map((block) => block.text ?? "").join(" "));
  }
}

function answer(prompt) {
  const deltas = numberAfter("DELTAS", prompt) ?? 3;
  const size = numberAfter("SIZE", prompt);
  const texts = size === undefined ? words : ["x".repeat(size)];
  const usage = { input_tokens: 25, cache_creation_input_tokens: 0, cache_read_input_tokens: 7, output_tokens: 1 };
  say({ type: "system", subtype: "init", session_id: session, tools: [], mcp_servers: [], model });
  const head = { id: messageId, type: "message", role: "assistant", model };
  sayEvent({ type: "message_start", message: { ...head, content: [], stop_reason: null, stop_sequence: null, usage } });
  sayEvent({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } });
  writeLines(texts.map(deltaLine), deltas);
  const isRepeated = numberAfter("ECHO", prompt) !== 0;
  const whole = isRepeated ? Array.from({ length: deltas }, (_, index) => texts[index % texts.length]).join("") : "";
  const message = { ...head, content: [{ type: "text", text: whole }], stop_reason: null, usage };
  say({ type: "assistant", message, parent_tool_use_id: null, session_id: session });
  sayEvent({ type: "content_block_stop", index: 0 });
  const delta = { stop_reason: "end_turn", stop_sequence: null };
  sayEvent({ type: "message_delta", delta, usage: { output_tokens: deltas } });
  sayEvent({ type: "message_stop" });
  say({
    type: "result", subtype: "success", is_error: false, api_error_status: null, num_turns: 1, result: whole,
    stop_reason: "end_turn", session_id: session, usage: { ...usage, output_tokens: deltas }, modelUsage: {},
  });
}

function deltaLine(text) {
  return line(eventMessage({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } }));
}

/** Writes `count` lines by repeating the list: whole rounds of it in large blocks, then the remaining lines. */
function writeLines(lines, count) {
  const round = lines.join("");
  const roundsABlock = Math.max(1, Math.floor(blockBytes / Buffer.byteLength(round)));
  const block = Buffer.from(round.repeat(roundsABlock));
  const linesABlock = lines.length * roundsABlock;
  let left = count;
  for (; left >= linesABlock; left -= linesABlock) writeAll(block);
  writeAll(Buffer.from(Array.from({ length: left }, (_, index) => lines[index % lines.length]).join("")));
}

function numberAfter(word, prompt) {
  const match = new RegExp(`${word} (\\d+)`, "u").exec(prompt);
  return match === null ? undefined : Number(match[1]);
}

function eventMessage(event) {
  return {
    type: "stream_event", event, session_id: session, parent_tool_use_id: null,
    uuid: "cea7223b-0429-453c-829f-488542788240", api_message_id: messageId,
  };
}

function sayEvent(event) {
  say(eventMessage(event));
}

function say(message) {
  writeAll(Buffer.from(line(message)));
}

function line(message) {
  return `${JSON.stringify(message)}\n`;
}

/** The pipe blocks, but one write may still take only a part of the bytes. */
function writeAll(bytes) {
  let at = 0;
  while (at < bytes.length) at += writeSync(1, bytes, at);
}

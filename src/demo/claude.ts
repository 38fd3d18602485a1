/**
 * A stand-in for the Claude Code CLI, for `--demo`: it speaks the CLI's stdio protocol and asks no model. So a user
 * with neither CLI nor account can try a client against the whole server. It imports none of the server's code.
 */

import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";

const version = "2.1.330";
const models = [
  { value: "default", resolvedModel: "claude-demo", displayName: "Demo" },
  { value: "opus", resolvedModel: "claude-demo", displayName: "Demo" },
  { value: "sonnet", resolvedModel: "claude-demo", displayName: "Demo" },
  { value: "haiku", resolvedModel: "claude-demo", displayName: "Demo" },
];
/** The pause between two words, in milliseconds: about a model's pace. */
const wordPaceMs = 15;
const quotedCharsMax = 200;
/** An estimate, for the token counts that the stand-in reports. */
const charsPerToken = 4;

type Json = Readonly<Record<string, unknown>>;

let historyMessages = 0;
let historyChars = 0;
let systemChars = 0;
let turns = 0;
/** Whether the answer has to fit a schema, which the stand-in cannot do without a model. */
let isFormatted = false;
let interrupted: AbortController | undefined;
let queue: Promise<void> = Promise.resolve();

function say(message: Json): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map(blockText).join(" ");
}

function blockText(block: unknown): string {
  return isObject(block) && typeof block["text"] === "string" ? block["text"] : "";
}

function onControlRequest(id: unknown, request: Json): void {
  let response: Json = {};
  if (request["subtype"] === "initialize") {
    systemChars = Array.isArray(request["systemPrompt"]) ? request["systemPrompt"].join("").length : 0;
    response = { commands: [], agents: [], models, account: { tokenSource: "demo" } };
  }
  if (request["subtype"] === "get_context_usage") {
    const [system, messages] = [systemChars, historyChars].map((chars) => Math.ceil(chars / charsPerToken));
    response = { categories: [{ name: "System prompt", tokens: system }, { name: "Messages", tokens: messages }] };
  }
  const extraBody = extraBodyIn(request["settings"]);
  if (extraBody !== undefined) isFormatted = "output_config" in extraBody;
  if (request["subtype"] === "interrupt") interrupted?.abort();
  say({ type: "control_response", response: { subtype: "success", request_id: id, response } });
}

function extraBodyIn(settings: unknown): object | undefined {
  const env = isObject(settings) && isObject(settings["env"]) ? settings["env"] : {};
  const text = env["CLAUDE_CODE_EXTRA_BODY"];
  return typeof text === "string" ? JSON.parse(text) as object : undefined;
}

async function onUser(content: unknown, startsTurn: boolean): Promise<void> {
  const text = textOf(content);
  historyMessages++;
  historyChars += text.length;
  if (!startsTurn) return say({ type: "result", subtype: "success", is_error: false, num_turns: 0, result: "" });
  if (isFormatted) {
    const result = "API Error: 400 output_config.format: This model does not support output_config.format";
    return say({ type: "result", subtype: "success", is_error: true, api_error_status: 400, num_turns: 1, result });
  }
  const shown = text.length > quotedCharsMax ? `${text.slice(0, quotedCharsMax)}…` : text;
  const messages = `${historyMessages} message${historyMessages === 1 ? "" : "s"}`;
  const answer = `This is the demo of claude-max-api: no model was asked. You wrote: “${shown}” `
    + `The conversation has ${messages}, and its system prompt ${systemChars} characters.`;
  interrupted = new AbortController();
  await stream(answer, interrupted.signal);
  historyMessages++;
  historyChars += answer.length;
}

async function stream(answer: string, signal: AbortSignal): Promise<void> {
  const id = `msg_demo_${++turns}`;
  const usage = {
    input_tokens: Math.ceil((historyChars + systemChars) / charsPerToken),
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: 1,
  };
  const event = (inner: Json): void => {
    say({ type: "stream_event", event: inner, session_id: "demo", parent_tool_use_id: null });
  };
  const head = { id, type: "message", role: "assistant", model: "claude-demo" };
  event({ type: "message_start", message: { ...head, content: [], stop_reason: null, usage } });
  event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } });
  for (const text of answer.match(/\S+\s*/gu) ?? []) {
    event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } });
    try {
      await wait(wordPaceMs, undefined, { signal });
    } catch {
      const reason = { subtype: "error_during_execution", terminal_reason: "aborted_streaming" };
      return say({ type: "result", is_error: true, num_turns: 1, ...reason });
    }
  }
  event({ type: "content_block_stop", index: 0 });
  const outputTokens = Math.ceil(answer.length / charsPerToken);
  const delta = { stop_reason: "end_turn", stop_sequence: null };
  event({ type: "message_delta", delta, usage: { output_tokens: outputTokens } });
  event({ type: "message_stop" });
  say({
    type: "result", subtype: "success", is_error: false, api_error_status: null, num_turns: 1, stop_reason: "end_turn",
    result: answer,
  });
}

function onLine(line: string): void {
  const message: unknown = JSON.parse(Buffer.from(line, "latin1").toString("utf8"));
  if (!isObject(message)) return;
  if (message["type"] === "control_request" && isObject(message["request"])) {
    onControlRequest(message["request_id"], message["request"]);
    return;
  }
  const inner = isObject(message["message"]) ? message["message"] : {};
  if (message["type"] === "user") queue = queue.then(() => onUser(inner["content"], message["shouldQuery"] !== false));
  if (message["type"] === "assistant") {
    historyMessages++;
    historyChars += textOf(inner["content"]).length;
  }
}

if (process.argv.includes("--version")) {
  console.log(`${version} (Claude Code, demo stand-in)`);
} else {
  // Read as latin1: from Node 24 on, readline also breaks lines at U+2028 and U+2029, which JSON may hold unescaped.
  const lines = createInterface({ input: process.stdin.setEncoding("latin1"), crlfDelay: Infinity });
  lines.on("line", onLine);
  // stdin closes when the server exits: abort the streaming turn, so that this process exits too.
  lines.on("close", () => interrupted?.abort());
}

/**
 * What the made-up CLIs share: the stdio protocol as far as they speak it, and nothing of the server's own code. Those that
 * tests start most are functions of what `speak` gives: they run as programs, and without one (`hosted-fakes.ts`).
 */
import { closeSync, realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";

export function textOf(message) {
  const { content } = message.message;
  return typeof content === "string" ? content : content.map((block) => block.text ?? "").join(" ");
}

export const loggedIn = { models: [{ value: "fake", resolvedModel: "claude-fake-1", displayName: "Fake" }], account: { tokenSource: "fake" } };

/** The words and ears of a process with these pipes. */
export function speak({ pipes, args, env, pid, complain, exit, die, stay }) {
  let answers = 0;
  /** The lines by uuid. */
  const said = new Map();

  /** Writes one message; the callback is told when the pipe has taken it. */
  function say(message, written) {
    return pipes.output.write(`${JSON.stringify(message)}\n`, written);
  }

  /** Writes a stream event. */
  function sayEvent(event, written) {
    return say({ type: "stream_event", event, session_id: "fake", parent_tool_use_id: null }, written);
  }

  function sayText(text, written) {
    return sayEvent({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } }, written);
  }

  /** The head of an answer; gives its message id. */
  function sayStart(model = "claude-fake-1", inputTokens = 10) {
    const id = `msg_fake_${++answers}`;
    const usage = { input_tokens: inputTokens, cache_creation_input_tokens: 2, cache_read_input_tokens: 3, output_tokens: 1 };
    sayEvent({ type: "message_start", message: { id, type: "message", role: "assistant", model, content: [], stop_reason: null, usage } });
    sayEvent({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } });
    return id;
  }

  /** The end of a content block: the API sends it before the next block begins. */
  function sayBlockStop(index = 0) {
    sayEvent({ type: "content_block_stop", index });
  }

  /** The tail of an answer of one block, up to where the CLI either ends the turn or goes on by itself. */
  function sayStop(stopReason, outputTokens) {
    sayBlockStop();
    sayMessageStop(stopReason, outputTokens);
  }

  /** The tail of an answer whose blocks have ended. */
  function sayMessageStop(stopReason, outputTokens) {
    sayEvent({ type: "message_delta", delta: { stop_reason: stopReason, stop_sequence: null }, usage: { output_tokens: outputTokens } });
    sayEvent({ type: "message_stop" });
  }

  function sayResult(more = {}) {
    say({ type: "result", subtype: "success", is_error: false, api_error_status: null, num_turns: 1, ...more });
  }

  /** A whole answer in one delta a text. */
  function sayAnswer(texts) {
    const id = sayStart();
    for (const text of texts) sayText(text);
    say({ type: "assistant", message: { id, role: "assistant", model: "claude-fake-1", content: [{ type: "text", text: texts.join("") }] } });
    sayStop("end_turn", texts.length);
    sayResult({ result: texts.join("") });
  }

  function accept(message, response = {}) {
    say({ type: "control_response", response: { subtype: "success", request_id: message.request_id, response } });
  }

  function refuse(message, error) {
    say({ type: "control_response", response: { subtype: "error", request_id: message.request_id, error } });
  }

  /**
   * Each line of stdin as a message. Lines are cut at \n alone, as JSON lets every other line end stand raw in a string.
   * With REWINDS in its environment it can be rewound to any line that it was told, but to none that has the words of
   * REWINDS_REFUSED; without, it answers as the CLIs do that
   * know no rewind (2.1.120 to 2.1.160).
   */
  function readMessages(onMessage, onEnd = () => {}, onRewound = () => {}) {
    let rest = "";
    const told = [];
    pipes.input.setEncoding("utf8");
    pipes.input.on("data", (text) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        const message = JSON.parse(line);
        if (message.uuid !== undefined) told.push(message.uuid), said.set(message.uuid, line);
        if (message.request?.subtype === "rewind_conversation") rewind(message, told, onRewound);
        else onMessage(message);
      }
    });
    pipes.input.on("end", onEnd);
  }

  function rewind(message, told, onRewound) {
    if (env.REWINDS === undefined) return refuse(message, "Unsupported control request subtype: rewind_conversation");
    const at = told.indexOf(message.request.target_message_uuid);
    if (at === -1 || said.get(told[at]).includes(env.REWINDS_REFUSED)) return accept(message, { rewound: false, error: "turn running" });
    for (const uuid of told.splice(at)) onRewound(uuid);
    accept(message, { rewound: true });
  }

  /** Answers `--version` and gives true when that is all that was asked. */
  function answeredVersion(words = "2.1.330 (Claude Code, made up for tests)") {
    if (!args.includes("--version")) return false;
    console.log(words);
    return true;
  }

  /**
   * Runs until stdin ends. `onTurn` gets each message that starts a turn; history is acknowledged; control requests are
   * accepted, unless `onControl` gives true for having answered.
   */
  function serve({ onTurn, onControl = () => false, onHistory = () => sayResult({ num_turns: 0, result: "" }), onEnd }) {
    if (answeredVersion()) return;
    readMessages((message) => {
      if (message.type === "control_request") {
        if (onControl(message) !== true) accept(message, message.request.subtype === "initialize" ? loggedIn : {});
      } else if (message.shouldQuery === false || message.type === "assistant") {
        if (message.type === "user") onHistory(message);
      } else if (message.type === "user") {
        onTurn(message);
      }
    }, onEnd);
  }

  return {
    env, pid, complain, exit, die, stay, say, sayEvent, sayText, sayStart, sayBlockStop, sayStop, sayMessageStop, sayResult, sayAnswer, accept, refuse, readMessages, answeredVersion, serve,
    cork: () => pipes.output.cork(),
    uncork: () => pipes.output.uncork(),
    write: (text) => pipes.output.write(text),
  };
}

/** This process itself. Its pipes are opened when they are needed: some CLIs never open theirs. */
const own = {
  pipes: { get input() { return process.stdin; }, get output() { return process.stdout; } },
  args: process.argv,
  env: process.env,
  pid: process.pid,
  // A pipe is written to at once: what was said before is out.
  complain: (words) => process.stderr.write(words),
  // Once all of it is out, where a pipe is not written to at once.
  exit: (code) => process.stdout.write("", () => process.stderr.write("", () => process.exit(code))),
  die: () => process.kill(process.pid, "SIGKILL"),
  // What is still to come keeps a process alive by itself.
  stay: () => () => {},
};

export const { say, sayEvent, sayText, sayStart, sayBlockStop, sayStop, sayMessageStop, sayResult, sayAnswer, accept, refuse, readMessages, answeredVersion, serve } = speak(own);

/** Runs the CLI if this process was started to be it. */
export function runAsProgram(url, live) {
  if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(url)) live(speak(own));
}

/** Tells that signal handlers stand: a message of a type that nobody knows. */
export function sayReady() {
  say({ type: "fake_ready", pid: process.pid });
}

/** Stays until it is killed. */
export function stayAlive() {
  setInterval(() => {}, 1_000_000);
}

/** Closes the pipe for good, so that who writes to it gets EPIPE. */
export function closeStdin() {
  process.stdin.destroy();
  closeSync(0);
}

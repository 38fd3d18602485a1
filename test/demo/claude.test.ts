import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { cleanUp } from "../support/cleanup.ts";
import { endChild, exitOf, within } from "../support/exit.ts";
import { programArguments } from "../support/program.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const waitMsMax = 20_000;

/** The CLI's own JSON, of which a test reads a field or two. */
type CliMessage = any;

/** The stand-in by itself, driven as the server drives the CLI. */
function startDemo(t: TestContext, args: readonly string[] = []) {
  const child = spawn(process.execPath, [...programArguments("demo/claude"), ...args], { cwd: root, stdio: ["pipe", "pipe", "inherit"] });
  const exited = exitOf(child);
  child.stdin.on("error", () => undefined);
  cleanUp(t, () => endChild(child, exited));
  const lines: string[] = [];
  const messages: CliMessage[] = [];
  const watchers = new Set<() => void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    if (line.startsWith("{")) messages.push(JSON.parse(line));
    for (const check of watchers) check();
  });
  const waitFor = (fits: (message: CliMessage) => boolean, from = 0): Promise<CliMessage> => {
    let check = (): void => {};
    const found = new Promise<CliMessage>((resolve) => {
      check = () => {
        const message = messages.slice(from).find(fits);
        if (message !== undefined) resolve(message);
      };
      watchers.add(check);
      check();
    });
    return within(found, waitMsMax, () => `the stand-in wrote no such message; its lines: ${lines.join("\n")}`).finally(() => watchers.delete(check));
  };
  const write = (message: object): void => void child.stdin.write(`${JSON.stringify(message)}\n`);
  return {
    child, exited, lines, messages, waitFor, write,
    say: (content: unknown, more: object = {}) => write({ type: "user", message: { role: "user", content }, ...more }),
    control: (request: object) => {
      const request_id = `r${messages.length}`;
      write({ type: "control_request", request_id, request });
      return waitFor((message) => message.type === "control_response" && message.response.request_id === request_id);
    },
  };
}

const isResult = (message: CliMessage): boolean => message.type === "result";
const deltasOf = (messages: readonly CliMessage[]): string[] => messages.flatMap((message) => message.event?.delta?.text ?? []);

test("it has a version that serves", async (t) => {
  const demo = startDemo(t, ["--version"]);
  assert.deepEqual(await demo.exited, { code: 0, signal: null });
  assert.deepEqual(demo.lines, ["2.1.330 (Claude Code, demo stand-in)"]);
});

test("it tells its models and that it is logged in, streams an answer a word a delta, and ends with its stdin", async (t) => {
  const demo = startDemo(t);
  const { response } = await demo.control({ subtype: "initialize", systemPrompt: ["Be terse."] });
  assert.equal(response.subtype, "success");
  assert.equal(response.response.account.tokenSource, "demo");
  assert.deepEqual(response.response.models.map((model: CliMessage) => model.value), ["default", "opus", "sonnet", "haiku"]);
  demo.say("Grüße");
  const result = await demo.waitFor(isResult);
  const answer = deltasOf(demo.messages).join("");
  assert.match(answer, /^This is the demo .* You wrote: “Grüße” The conversation has 1 message, and its system prompt 9 characters\.$/);
  assert.ok(deltasOf(demo.messages).every((delta) => /^\S+\s*$/.test(delta)), "a word each");
  assert.deepEqual([result.is_error, result.stop_reason, result.result], [false, "end_turn", answer]);
  const events = demo.messages.flatMap((message) => message.event?.type ?? []);
  assert.deepEqual(events.filter((type, index) => type !== events[index - 1]), ["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop"]);
  demo.child.stdin.end();
  assert.deepEqual(await demo.exited, { code: 0, signal: null });
});

test("it takes history without answering it, counts it, and takes blocks and what it does not know", async (t) => {
  const demo = startDemo(t);
  demo.write({ type: "novelty" });
  demo.child.stdin.write("[1]\n");
  demo.say("first", { shouldQuery: false });
  assert.equal((await demo.waitFor(isResult)).num_turns, 0);
  demo.write({ type: "assistant", message: { role: "assistant", content: [{ type: "text", text: "an answer" }] } });
  demo.say([{ type: "text", text: "x".repeat(300) }, { type: "image", source: {} }]);
  const result = await demo.waitFor((message) => isResult(message) && message.num_turns === 1);
  assert.match(result.result, /You wrote: “x{200}…” The conversation has 3 messages, and its system prompt 0 characters\.$/);
  const from = demo.messages.length;
  demo.say(null);
  assert.match((await demo.waitFor(isResult, from)).result, /You wrote: “” The conversation has 5 messages/);
});

test("it can be interrupted, and still answers the next", async (t) => {
  const demo = startDemo(t);
  demo.say("first");
  await demo.waitFor((message) => message.event?.delta?.text !== undefined);
  assert.equal((await demo.control({ subtype: "interrupt" })).response.subtype, "success");
  const result = await demo.waitFor(isResult);
  assert.deepEqual([result.is_error, result.terminal_reason], [true, "aborted_streaming"]);
  const from = demo.messages.length;
  demo.say("second");
  assert.match((await demo.waitFor(isResult, from)).result, /“second”/);
});

test("it ends in the middle of a turn when the server is gone", async (t) => {
  const demo = startDemo(t);
  demo.say("first");
  await demo.waitFor((message) => message.event?.delta?.text !== undefined);
  demo.child.stdin.end();
  await within(demo.exited, waitMsMax, () => "the stand-in lives on");
  assert.equal(demo.messages.some(({ event }) => event?.type === "message_stop"), false);
});

test("it refuses to answer by a schema, as a model does that cannot, until it is told none", async (t) => {
  const demo = startDemo(t);
  await demo.control({ subtype: "initialize", systemPrompt: [] });
  const tell = (body: object): Promise<CliMessage> => demo.control({ subtype: "apply_flag_settings", settings: { env: { CLAUDE_CODE_EXTRA_BODY: JSON.stringify(body) } } });
  await tell({ output_config: { format: {} } });
  demo.say("go");
  const refused = await demo.waitFor(isResult);
  assert.deepEqual([refused.is_error, refused.api_error_status], [true, 400]);
  await tell({});
  const before = demo.messages.length;
  demo.say("go");
  assert.equal((await demo.waitFor(isResult, before)).is_error, false);
});

/** A conversation on made-up CLIs: what its process is told, and what becomes of each turn. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { parseLine, type RateLimitInfo } from "../../src/claude/protocol.ts";
import type { BridgeError } from "../../src/errors.ts";
import type { TurnEvent } from "../../src/turn/event.ts";
import type { Message } from "../../src/turn/message.ts";
import type { Turn } from "../../src/turn/turn.ts";
import { runningFakes, Witness } from "../support/fake-claude.ts";
import { statusOf } from "../support/openai-error.ts";
import { meanwhile, startConversation } from "../support/started-conversation.ts";
import { collect, noUsage, summaryOf } from "../support/turn-events.ts";
import { ask, assistant, callsOf, never, resultsOf, systemOf, turnOf, user } from "../support/turns.ts";

describe("a turn", () => {
  it("gives the start, the deltas and the finish, and leaves the process ready for the next", async (t) => {
    const { conversation, claude } = await startConversation(t, "answers");
    const { events, error } = await collect(conversation.run(ask("WORDS 3 ODD THINK"), 0, never));
    assert.equal(error, undefined);
    assert.deepEqual(summaryOf(events), {
      model: "claude-fake-1", thinking: "hm “\n”", text: 'é"\\\n😀 w1 w2 ', stopReason: "end_turn", order: "message_start thinking text message_stop",
      usage: { ...noUsage, inputTokens: 10, cacheReadInputTokens: 3, cacheCreationInputTokens: 2, outputTokens: 3 },
    });
    assert.deepEqual([claude.state, conversation.isReusable, conversation.hasBegun], ["ready", true, true]);

    const messages = [user("WORDS 3"), assistant("w0 w1 w2"), user("WORDS 2")];
    const second = await collect(conversation.run(turnOf({ messages }), 2, never));
    assert.equal(summaryOf(second.events).text, "w0 w1 ");
    assert.deepEqual([claude.state, conversation.isReusable], ["ready", true]);
  });

  it("gives no empty batch", async (t) => {
    const { conversation } = await startConversation(t, "answers");
    for await (const batch of conversation.run(ask("WORDS 50"), 0, never)) assert.ok(batch.length > 0, "a batch has events");
  });

  it("is not disturbed by what is no message, or none that is known", async (t) => {
    const { conversation } = await startConversation(t, "writes-noise");
    const { events, error } = await collect(conversation.run(ask("hi"), 0, never));
    assert.equal(error, undefined);
    assert.deepEqual([summaryOf(events).text, summaryOf(events).order], ["a\u2028b\u2029", "message_start text message_stop"]);
  });

  it("ends where it is cut, though the CLI goes on by itself in the same breath", async (t) => {
    const { conversation } = await startConversation(t, "runs-on");
    const { events, error } = await collect(conversation.run(ask("hi"), 0, never));
    assert.equal(error, undefined);
    assert.deepEqual([summaryOf(events).text, summaryOf(events).stopReason, summaryOf(events).order], ["first ", "max_tokens", "message_start text message_stop"]);
    assert.equal(conversation.isReusable, false);
  });

  it("fails where the answer broke off upstream, and gives nothing of the second attempt", async (t) => {
    const { conversation } = await startConversation(t, "breaks-off");
    const { events, error } = await collect(conversation.run(ask("hi"), 0, never));
    assert.deepEqual([summaryOf(events).text, summaryOf(events).stopReason, (error as BridgeError).code], ["half an ", undefined, "upstream_error"]);
    assert.equal(conversation.isReusable, false);
  });

  it("of 50 MB arrives whole, in batches that are bounded by the reads", async (t) => {
    const { conversation } = await startConversation(t, "bursts");
    let next = 0;
    let batchCharsMax = 0;
    for await (const batch of conversation.run(ask("hi"), 0, never)) {
      let chars = 0;
      for (const event of batch) {
        if (event.type !== "text") continue;
        assert.equal(event.text, String(next++).padEnd(1_000, "."));
        chars += event.text.length;
      }
      batchCharsMax = Math.max(batchCharsMax, chars);
      // A reader slower than the CLI: what waits meanwhile must not pile up here.
      await new Promise(setImmediate);
    }
    assert.equal(next, 50_000);
    assert.ok(batchCharsMax < 1_000_000, `${batchCharsMax} characters in a batch`);
  });
});

describe("what the process is told", () => {
  /** The list that echo-history answers with, as [kind, what it says]. */
  async function told(t: TestContext, turn: Turn, seen = 0): Promise<(readonly [string, unknown])[]> {
    const { conversation } = await startConversation(t, "echo-history");
    const { events, error } = await collect(conversation.run(turn, seen, never));
    assert.equal(error, undefined);
    return (JSON.parse(summaryOf(events).text) as any[]).map((message) => {
      if (message === "acknowledged") return [message, ""];
      if (message.type === "control_request") return ["control", message.request];
      return [message.shouldQuery === false ? "history user" : message.type, message.message];
    });
  }

  it("is the system prompt and the message, when there is no history", async (t) => {
    assert.deepEqual(await told(t, ask("hello\u2028 é 😀", { system: systemOf("Be terse.\nAlways.") })), [
      ["control", { subtype: "initialize", systemPrompt: ["Be terse.\nAlways."] }],
      ["user", { role: "user", content: [{ type: "text", text: "hello\u2028 é 😀" }] }],
    ]);
  });

  it("is an earlier answer's thinking under the id of the model that answers, or no turn where the CLI tells no id", async (t) => {
    const thought: Message = { role: "assistant", content: [{ type: "thinking", thinking: "hm", signature: "s" }, { type: "text", text: "b" }] };
    const messages = [user("a"), thought, user("c"), assistant("d"), user("e")];
    const list = await told(t, turnOf({ messages }));
    const answers = list.filter(([kind]) => kind === "assistant").map(([, message]) => message as { model: string; content: unknown });
    assert.deepEqual(answers.map(({ model, content }) => [model, content]), [["claude-fake-1", thought.content], ["claude-fake-1", assistant("d").content]]);
    const { conversation } = await startConversation(t, "echo-history");
    const { error } = await collect(conversation.run(turnOf({ model: "unheard-of", messages }), 0, never));
    assert.deepEqual([(error as BridgeError).code, (error as BridgeError).part], ["unsupported_parameter", "messages"]);
  });

  it("is the history in its true roles, each of the user's acknowledged before what follows", async (t) => {
    const call = { role: "assistant", content: [...assistant("one moment").content, ...callsOf(["t1", "look", { a: [1] }]).content] } as Message;
    const messages = [user("first"), assistant("second"), user("third"), call, resultsOf(["t1", "seen"]), assistant("sixth"), user("seventh")];
    const list = await told(t, turnOf({ messages }));
    assert.deepEqual(list.map(([kind]) => kind), [
      "control", "history user", "acknowledged", "assistant", "history user", "acknowledged", "assistant", "history user", "acknowledged", "assistant", "user",
    ]);
    const said = list.filter(([kind]) => kind !== "control" && kind !== "acknowledged").map(([, message]) => message as { id?: string; role: string; content: unknown });
    assert.deepEqual(said.map(({ role, content }) => ({ role, content })), messages);
    // Equal or missing ids are merged by the CLI.
    const ids = said.filter(({ role }) => role === "assistant").map(({ id }) => id);
    assert.equal(new Set(ids).size, 3);
    assert.ok(ids.every((id) => id?.startsWith("msg_")), ids.join());
  });

  it("is told of message by message: each of the history's that the CLI has taken", async (t) => {
    let times = 0;
    const { conversation } = await startConversation(t, "echo-history", { onHistoryTold: () => times++ });
    const messages = [user("first"), assistant("second"), user("third"), assistant("fourth"), user("fifth")];
    await collect(conversation.run(turnOf({ messages }), 0, never));
    assert.equal(times, 2);
    await collect(conversation.run(turnOf({ messages: [...messages, assistant("sixth"), user("seventh")] }), 6, never));
    assert.equal(times, 2, "what it has seen is not told");
  });

  it("is only what it has not seen", async (t) => {
    const list = await told(t, turnOf({ system: systemOf("told before"), messages: [user("a"), assistant("b"), user("c")] }), 2);
    assert.deepEqual(list, [["user", { role: "user", content: [{ type: "text", text: "c" }] }]]);
  });

  it("is the token limit, before the message", async (t) => {
    const list = await told(t, ask("hi", { maxTokens: 5_000 }));
    assert.deepEqual(list.map(([kind]) => kind), ["control", "control", "user"]);
    assert.deepEqual(list[1], ["control", { subtype: "apply_flag_settings", settings: { env: { CLAUDE_CODE_MAX_OUTPUT_TOKENS: "5000" } } }]);
  });

  it("is large without harm: 5 MB of history", async (t) => {
    const list = await told(t, turnOf({ messages: [user("x".repeat(1_000)), assistant("y".repeat(5_000_000)), user("z")] }));
    assert.equal(list.length, 5);
    assert.equal((list[3]?.[1] as { content: { text: string }[] }).content[0]?.text.length, 5_000_000);
  });
});

describe("what the CLI tells beside the answer", () => {
  it("is handed on: the models and the login, once a process", async (t) => {
    const told: unknown[] = [];
    const { conversation } = await startConversation(t, "answers", { onInitialized: (answer) => told.push(answer) });
    await collect(conversation.run(ask("WORDS 1"), 0, never));
    await collect(conversation.run({ ...ask("WORDS 1"), messages: [user("a"), assistant("b"), user("c")] }, 2, never));
    assert.deepEqual(told, [{ models: [{ value: "fake", resolvedModel: "claude-fake-1", displayName: "Fake" }], loggedIn: true, knowsEmail: false }]);
  });

  it("is handed on: the subscription's window, and it decides what a refusal is", async (t) => {
    const told: RateLimitInfo[] = [];
    const { conversation } = await startConversation(t, "limit-reached", { onRateLimit: (info) => told.push(info) });
    const resetsAt = Math.floor(Date.now() / 1000) + 7_200;
    const { events, error } = await collect(conversation.run(ask(`resets at ${resetsAt}`), 0, never));
    assert.deepEqual(told, [{ status: "rejected", resetsAt, rateLimitType: "five_hour", utilization: undefined }]);
    assert.deepEqual(events, []);
    const { code, retryAfterSeconds = 0 } = error as BridgeError;
    assert.equal(code, "usage_limit_reached");
    assert.ok(retryAfterSeconds > 7_100 && retryAfterSeconds <= 7_200, String(retryAfterSeconds));
  });
});

describe("a turn fails", () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ["dies-midway", "cli_failed", /\(exit code 7\): last words$/u],
    ["exits-quietly", "cli_failed", /\(exit code 0\)\.$/u],
    ["crashes-at-boot", "cli_failed", /\(exit code 3\): fake claude: cannot boot$/u],
    ["refuses-initialize", "cli_failed", /refused initialize: system prompt not to my taste/u],
    ["logged-out", "not_logged_in", /Not logged in · Please run \/login .*type \/login/u],
    ["floods-one-line", "cli_failed", /a line that is longer than can be read/u],
  ];
  for (const [name, code, words] of cases) {
    it(`on a CLI like ${name}`, async (t) => {
      const { conversation } = await startConversation(t, name);
      const { events, error } = await collect(conversation.run(ask("hi"), 0, never));
      assert.equal((error as BridgeError).code, code);
      assert.match((error as BridgeError).message, words);
      // What came before is given; a finish is not.
      assert.deepEqual([summaryOf(events).text, summaryOf(events).stopReason], [name === "dies-midway" ? "w0 w1 " : "", undefined]);
      assert.equal(conversation.isReusable, false);
    });
  }

  it("when the history is refused", async (t) => {
    const { conversation } = await startConversation(t, "refuses-history");
    const { error } = await collect(conversation.run(turnOf({ messages: [user("a"), assistant("b"), user("c")] }), 0, never));
    assert.match((error as BridgeError).message, /did not take the conversation's history/u);
  });

  it("when the process has ended before it", async (t) => {
    const { conversation, claude } = await startConversation(t, "crashes-at-boot");
    await claude.closed;
    const { error } = await collect(conversation.run(ask("hi"), 0, never));
    assert.match((error as BridgeError).message, /exit code 3/u);
  });

  it("when the process dies in the middle of the history", async (t) => {
    const { conversation, claude } = await startConversation(t, "silent");
    const run = collect(conversation.run(turnOf({ messages: [user("a"), assistant("b"), user("c")] }), 0, never));
    claude.kill();
    assert.equal(((await run).error as BridgeError).code, "cli_failed");
  });
});

describe("silence", () => {
  it("of the CLI in the middle of an answer ends the turn", async (t) => {
    const { conversation } = await startConversation(t, "hangs", { silenceMsMax: 1_500 });
    const { events, error } = await collect(conversation.run(ask("hi"), 0, never));
    assert.deepEqual([summaryOf(events).text, (error as BridgeError).code, statusOf(error as BridgeError)], ["w0 ", "turn_timeout", 504]);
    assert.match((error as BridgeError).message, /silent for 1\.5 s/u);
  });

  it("of a CLI that never says a word ends the turn", async (t) => {
    const { conversation } = await startConversation(t, "silent", { silenceMsMax: 50 });
    const { error } = await collect(conversation.run(turnOf({ messages: [user("a"), assistant("b"), user("c")] }), 0, never));
    assert.equal((error as BridgeError).code, "turn_timeout");
    assert.equal(conversation.hasBegun, false);
  });

  it("is not the CLI's while the reader takes its time", async (t) => {
    const silenceMsMax = 1_500;
    const { conversation } = await startConversation(t, "bursts", { silenceMsMax });
    // A busy machine takes longer than that to boot it.
    await conversation.prepare(ask("hi"));
    let deltas = 0;
    let readAtMs: number | undefined;
    for await (const batch of conversation.run(ask("hi"), 0, never)) {
      deltas += batch.filter(({ type }) => type === "text").length;
      readAtMs ??= performance.now();
      // Longer than the bound, by things that happen.
      while (performance.now() - readAtMs < 1.2 * silenceMsMax) await meanwhile(t);
    }
    assert.equal(deltas, 50_000);
  });
});

describe("a caller that leaves", () => {
  it("by its signal ends the turn, and the CLI is interrupted", async (t) => {
    const { conversation, claude } = await startConversation(t, "hangs");
    const left = new AbortController();
    const events: TurnEvent[] = [];
    await assert.rejects(async () => {
      for await (const batch of conversation.run(ask("hi"), 0, left.signal)) {
        events.push(...batch);
        if (summaryOf(events).text !== "") left.abort();
      }
    }, { code: "client_closed" });
    assert.equal(summaryOf(events).text, "w0 ");
    assert.equal(conversation.isReusable, false);
    // The CLI's answer to the interrupt shows that it was told.
    const witness = new Witness();
    claude.attach(witness);
    await witness.message(({ response }) => String(JSON.stringify(response)).includes('"interrupted":true'));
  });

  it("by leaving the loop is the same", async (t) => {
    const { conversation, claude } = await startConversation(t, "hangs");
    for await (const batch of conversation.run(ask("hi"), 0, never)) {
      assert.ok(batch.length > 0, "a batch has events");
      break;
    }
    assert.equal(conversation.isReusable, false);
    const witness = new Witness();
    claude.attach(witness);
    await witness.message(({ response }) => String(JSON.stringify(response)).includes('"interrupted":true'));
  });

  it("before the turn began is told so, and the process nothing of the turn", async (t) => {
    const { conversation, claude } = await startConversation(t, "echo-history");
    const { events, error } = await collect(conversation.run(ask("never told"), 0, AbortSignal.abort()));
    assert.deepEqual([events, (error as BridgeError).code], [[], "client_closed"]);
    const witness = new Witness();
    claude.attach(witness);
    await claude.write('{"type":"user","message":{"role":"user","content":"what were you told?"}}\n');
    const answer = await witness.message(({ type }) => type === "assistant");
    assert.doesNotMatch(JSON.stringify(answer), /never told/u);
    assert.ok(witness.lines.every((line) => parseLine(line) !== undefined), "lines are messages");
  });

  it("leaves no listener on its signal", async (t) => {
    const { conversation } = await startConversation(t, "answers");
    const left = new AbortController();
    await collect(conversation.run(ask("WORDS 1"), 0, left.signal));
    left.abort();
    const again = await collect(conversation.run({ ...ask("x"), messages: [user("a"), assistant("b"), user("WORDS 2")] }, 2, never));
    assert.equal(summaryOf(again.events).text, "w0 w1 ");
  });
});

describe("what the CLI asks", () => {
  it("and the server does not know is refused, so that it does not wait", async (t) => {
    const { conversation } = await startConversation(t, "calls-tools");
    const { events } = await collect(conversation.run(ask("ASK"), 0, never));
    assert.deepEqual(JSON.parse(summaryOf(events).text), [["error", "not supported"], ["error", "not supported"], ["error", "not supported"]]);
  });
});

describe("an answer with a schema", () => {
  it("is the document that the model gave to the CLI's own tool", async (t) => {
    const { conversation } = await startConversation(t, "calls-tools");
    const turn = ask('SCHEMA {"city":"Paris"}', { responseSchema: { type: "object" } });
    const { events, error } = await collect(conversation.run(turn, 0, never));
    assert.deepEqual([error, summaryOf(events).text, summaryOf(events).stopReason, conversation.isReusable], [undefined, '{"city":"Paris"}', "end_turn", true]);
  });

  it("that is none fails the turn", async (t) => {
    const { conversation } = await startConversation(t, "answers");
    const { events, error } = await collect(conversation.run(ask("WORDS 2", { responseSchema: { type: "object" } }), 0, never));
    assert.deepEqual([summaryOf(events).text, (error as BridgeError).code, conversation.isReusable], ["", "upstream_error", false]);
  });
});

it("no process of these tests is left", () => {
  for (const name of ["answers", "calls-tools", "hangs", "silent", "bursts", "echo-history", "floods-one-line"]) assert.deepEqual(runningFakes(name), []);
});

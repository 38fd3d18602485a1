import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { Conversation } from "../../src/claude/conversation.ts";
import type { ConversationOptions } from "../../src/claude/run.ts";
import { parseLine, type RateLimitInfo } from "../../src/claude/protocol.ts";
import type { BridgeError } from "../../src/errors.ts";
import type { TurnEvent } from "../../src/turn/event.ts";
import type { Message } from "../../src/turn/message.ts";
import type { Turn } from "../../src/turn/turn.ts";
import { runningFakes, startFake, Witness } from "../support/fake-claude.ts";
import { callsIn, collect, noUsage, summaryOf } from "../support/turn-events.ts";
import { ask, assistant, callsOf, never, resultsOf, systemOf, tool, turnOf, user } from "../support/turns.ts";
import { statusOf } from "../support/openai-error.ts";

const all = { rewindSteps: true, rewindMany: true, rewindToEmpty: true, answerTarget: true };

async function startConversation(
  t: TestContext, name: string, options: Partial<ConversationOptions> = {}, environment: Readonly<Record<string, string>> = {},
) {
  const fake = await startFake(t, name, environment);
  const conversation = new Conversation(fake.claude, {
    silenceMsMax: 20_000, onInitialized: () => {}, onHistoryTold: () => {}, onModelRefused: () => {}, onRateLimit: () => {},
    onSpent: (_reason, haste) => (haste === "at once" ? fake.claude.kill() : void fake.claude.end()), ...options,
  });
  return { ...fake, conversation };
}

/** A whole turn of another process: passes time that is measured in events, not in milliseconds. */
async function meanwhile(t: TestContext): Promise<void> {
  const { conversation } = await startConversation(t, "answers");
  assert.equal((await collect(conversation.run(ask("WORDS 1"), 0, never))).error, undefined);
}

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

const tools = [tool("look"), tool("listen")];

/** An answer's calls as a client gives them back, with results in the order of the calls. */
function withResults(messages: readonly Message[], events: readonly TurnEvent[], ...contents: string[]): Message[] {
  const calls = callsIn(events);
  const answer: Message = {
    role: "assistant",
    content: [{ type: "text", text: summaryOf(events).text }, ...callsOf(...calls.map(({ id, name, json }) => [id, name, JSON.parse(json)] as const)).content] as never,
  };
  return [...messages, answer, resultsOf(...calls.map(({ id }, index) => [id, contents[index] ?? ""] as const))];
}

/** A conversation whose first answer ended in calls, and what its next request is. */
async function parkedConversation(t: TestContext, prompt: string, more: Partial<Turn> = {}) {
  const started = await startConversation(t, "calls-tools");
  const turn = ask(prompt, { tools, ...more });
  const { events, error } = await collect(started.conversation.run(turn, 0, never));
  assert.equal(error, undefined);
  assert.deepEqual([summaryOf(events).text, summaryOf(events).stopReason, started.conversation.isParked], ["one moment ", "tool_use", true]);
  return {
    ...started, events, calls: callsIn(events), claude: started.claude,
    next: (...contents: string[]): Turn => ({ ...turn, messages: withResults(turn.messages, events, ...contents) }),
  };
}

/** Where what follows waits for the process to do something of its own accord. */
async function until(holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 5_000;
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error(`not so after 5 s: ${String(holds)}`);
    await new Promise(setImmediate);
  }
}

/** What calls-tools tells of the results that it was given. */
const given = (events: readonly TurnEvent[]): unknown => (JSON.parse(summaryOf(events).text) as { id: string; content: { text: string }[]; isError?: boolean }[])
  .map(({ id, content, isError }) => [id, content.map(({ text }) => text).join(), ...(isError === undefined ? [] : [isError])]);

describe("the client's tools", () => {
  it("are told to the CLI: who serves them, and each of them", async (t) => {
    const { conversation } = await startConversation(t, "calls-tools");
    const { events } = await collect(conversation.run(ask("LIST", { tools }), 0, never));
    const { hello, ready, tools: listed } = JSON.parse(summaryOf(events).text) as { hello: { protocolVersion: string }; ready: string; tools: { name: string; inputSchema: unknown }[] };
    assert.deepEqual([hello.protocolVersion, ready], ["2025-11-25", "success"]);
    assert.deepEqual(listed.map(({ name, inputSchema }) => ({ name, inputSchema })), tools.map(({ name, inputSchema }) => ({ name, inputSchema })));
  });

  it("are not spoken of where there are none", async (t) => {
    const { conversation } = await startConversation(t, "calls-tools");
    assert.equal(summaryOf((await collect(conversation.run(ask("LIST"), 0, never))).events).text, "{}");
  });

  it("are called: the answer ends, the process waits, and goes on with the result", async (t) => {
    const { conversation, claude, calls, next } = await parkedConversation(t, 'CALL look {"at":"é\u2028"}');
    assert.deepEqual(calls.map(({ name, json }) => [name, json]), [["look", '{"at":"é\u2028"}']]);
    assert.deepEqual([claude.state, conversation.isReusable], ["parked", true]);
    const { events, error } = await collect(conversation.run(next("a bird 😀"), 2, never));
    assert.equal(error, undefined);
    assert.deepEqual(given(events), [[calls[0]?.id, "a bird 😀"]]);
    assert.deepEqual([summaryOf(events).order, summaryOf(events).stopReason, claude.state, conversation.isParked, conversation.isReusable], ["message_start text message_stop", "end_turn", "ready", false, true]);
  });

  it("are called again and again in one turn of the CLI's, and the conversation goes on after it", async (t) => {
    const { conversation, next } = await parkedConversation(t, "CALL look {}");
    const first = next('CALL listen {"to":"it"}');
    const second = await collect(conversation.run(first, 2, never));
    assert.deepEqual([callsIn(second.events).map(({ name, json }) => [name, json]), summaryOf(second.events).stopReason, conversation.isParked], [[["listen", '{"to":"it"}']], "tool_use", true]);
    const messages = withResults(first.messages, second.events, "tweet");
    const third = await collect(conversation.run({ ...first, messages }, 4, never));
    assert.deepEqual(given(third.events), [[callsIn(second.events)[0]?.id, "tweet"]]);
    const more = await collect(conversation.run({ ...first, messages: [...messages, assistant("tweet"), user("well?")] }, 6, never));
    assert.deepEqual([more.error, summaryOf(more.events).text], [undefined, "ok"]);
  });

  for (const manner of ["", "PARALLEL ", "LATE "]) {
    it(`are called several at once ${manner === "" ? "one after the other" : manner === "LATE " ? "after the answer ended" : "in parallel"}, each given its own result`, async (t) => {
      const { conversation, calls, next } = await parkedConversation(t, `${manner}CALL look {"n":1} CALL listen {"n":2} CALL look {"n":3}`);
      assert.deepEqual(calls.map(({ name, json }) => [name, json]), [["look", '{"n":1}'], ["listen", '{"n":2}'], ["look", '{"n":3}']]);
      const { events, error } = await collect(conversation.run(next("one", "two", "three"), 2, never));
      assert.equal(error, undefined);
      assert.deepEqual(given(events), [[calls[0]?.id, "one"], [calls[1]?.id, "two"], [calls[2]?.id, "three"]]);
    });

    it(`have their results taken in any order, and under ids of the client's own, ${manner.trim() || "one after the other"}`, async (t) => {
      const { conversation, calls, next } = await parkedConversation(t, `${manner}CALL look {"n":1} CALL listen {"n":2}`);
      const turn = next();
      const messages = [...turn.messages.slice(0, 1), callsOf(["mine-1", "look", { n: 1 }], ["mine-2", "listen", { n: 2 }]), resultsOf(["mine-2", "two", { is_error: true }], ["mine-1", "one"])];
      const { events } = await collect(conversation.run({ ...turn, messages }, 2, never));
      assert.deepEqual(given(events), [[calls[0]?.id, "one"], [calls[1]?.id, "two", true]]);
    });
  }

  it("that the client leaves in the middle of the second answer leave the process of no use", async (t) => {
    const { conversation, next } = await parkedConversation(t, "CALL look {}");
    const left = AbortSignal.abort();
    const { events, error } = await collect(conversation.run(next("x"), 2, left));
    assert.deepEqual([events, (error as BridgeError).code, conversation.isReusable, conversation.isParked], [[], "client_closed", false, false]);
  });
});

describe("a conversation that waits for the client's tools", () => {
  it("goes on with nothing but their results", async (t) => {
    const { conversation, next } = await parkedConversation(t, 'CALL look {"n":1} CALL listen {"n":2}');
    const turn = next("one", "two");
    const [asked, called, answered] = turn.messages as [Message, Message, Message];
    const fits = (messages: readonly Message[], seen: number): boolean => conversation.canContinue({ ...turn, messages }, seen);
    assert.equal(fits([asked, called, answered], 2), true);
    assert.equal(fits([asked, called, answered], 1), false);
    assert.equal(fits([asked, called, user("never mind")], 2), false);
    assert.equal(fits([asked, called, answered, assistant("x"), user("y")], 2), false);
    assert.equal(fits([asked, called, { role: "user", content: answered.content.slice(0, 1) } as Message], 2), false);
    assert.equal(fits([asked, called, { role: "user", content: [...answered.content, { type: "text", text: "and" }] } as Message], 2), false);
    assert.equal(fits(next("one", "").messages, 2), false);
  });

  it("is not one that has nothing open, nor one that is spent", async (t) => {
    const known = await startConversation(t, "answers");
    const turn = ask("WORDS 1");
    assert.equal(known.conversation.canContinue(turn, 0), true);
    await collect(known.conversation.run(turn, 0, never));
    assert.deepEqual([known.conversation.isParked, known.conversation.canContinue({ ...turn, messages: [...turn.messages, assistant("w0"), user("x")] }, 2)], [false, true]);
    const spent = await startConversation(t, "runs-on");
    await collect(spent.conversation.run(turn, 0, never));
    assert.deepEqual([spent.conversation.isReusable, spent.conversation.isParked, spent.conversation.canContinue(turn, 0)], [false, false, false]);
  });

  for (const manner of ["ALONE", "ALONE AT ONCE"]) {
    it(`is of no use any more when its CLI goes on ${manner.toLowerCase()}, and its process ends`, async (t) => {
      const { conversation, claude } = await startConversation(t, "calls-tools");
      const turn = ask(`${manner} CALL look {}`, { tools });
      const { events, error } = await collect(conversation.run(turn, 0, never));
      assert.deepEqual([error, summaryOf(events).text, callsIn(events).length, summaryOf(events).stopReason], [undefined, "one moment ", 1, "tool_use"]);
      await claude.closed;
      const next = { ...turn, messages: withResults(turn.messages, events, "x") };
      assert.deepEqual([conversation.isReusable, conversation.isParked, conversation.canContinue(next, 2)], [false, false, false]);
      const second = await collect(conversation.run(next, 2, never));
      assert.deepEqual([second.events, (second.error as BridgeError).code], [[], "cli_failed"]);
    });
  }

  it("is of no use any more when its process dies, and a late run says how", async (t) => {
    const { conversation, claude, next } = await parkedConversation(t, "CALL look {}");
    claude.kill();
    await claude.closed;
    assert.deepEqual([conversation.isReusable, conversation.isParked], [false, false]);
    const { error } = await collect(conversation.run(next("x"), 2, never));
    assert.match((error as BridgeError).message, process.platform === "win32" ? /exit code/u : /signal SIGKILL/u);
  });

  it("ends a run in which its CLI falls silent", async (t) => {
    const { conversation, next } = await parkedConversation(t, 'CALL look {"n":1} CALL listen {"n":2}');
    // A fresh one's silence is bounded by the same clock: here it is the client who gives too little.
    const turn = next("one", "two");
    const left = new AbortController();
    const run = collect(conversation.run({ ...turn, messages: turn.messages.slice(0, 2) }, 2, left.signal));
    left.abort();
    assert.equal(((await run).error as BridgeError).code, "client_closed");
  });
});

describe("a call that there should not be", () => {
  it("is answered with a refusal where the client wants none: it hears only the text", async (t) => {
    const { conversation } = await startConversation(t, "calls-tools");
    const { events, error } = await collect(conversation.run(ask('ANYWAY CALL look {"n":1} CALL listen {"n":2}', { tools, toolChoice: { type: "none" } }), 0, never));
    assert.equal(error, undefined);
    assert.deepEqual([callsIn(events), summaryOf(events).stopReason, summaryOf(events).order], [[], "end_turn", "message_start text message_stop"]);
    const { text } = summaryOf(events);
    assert.ok(text.startsWith("one moment "));
    const refusals = JSON.parse(text.slice("one moment ".length)) as { content: unknown; isError: boolean }[];
    const refusal = { content: [{ type: "text", text: "Tools may not be called in this turn. Answer in text." }], isError: true };
    assert.deepEqual(refusals.map(({ content, isError }) => ({ content, isError })), [refusal, refusal]);
    // Its process has seen calls that the client will not give back.
    assert.equal(conversation.isReusable, false);
  });

  it("is cut off where there may be one: the process is interrupted at once, and stands where it stood", async (t) => {
    const { conversation } = await startConversation(t, "calls-tools");
    const { events, error } = await collect(conversation.run(ask('ANYWAY CALL look {"n":1} CALL listen {"n":2}', { tools, disableParallelToolUse: true }), 0, never));
    assert.equal(error, undefined);
    assert.deepEqual([callsIn(events).map(({ name }) => name), summaryOf(events).stopReason], [["look"], "tool_use"]);
    assert.deepEqual([conversation.isReusable, conversation.isParked], [false, false]);
    assert.equal(conversation.process.state, "busy");
  });

  it("is none where there is only one", async (t) => {
    const { conversation, next } = await parkedConversation(t, 'CALL look {"n":1}', { disableParallelToolUse: true });
    assert.deepEqual((given((await collect(conversation.run(next("one"), 2, never))).events) as unknown[]).length, 1);
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

describe("a rehearsal", () => {
  const profile = turnOf({ system: systemOf("Be brief."), effort: "low", thinking: { type: "enabled", budgetTokens: 2_000 } });
  const silent = ["never", "told"];

  /** The kinds of what echo-history was told in the end. */
  async function toldOf(conversation: Conversation, turn: Turn): Promise<readonly string[]> {
    const { events, error } = await collect(conversation.run(turn, 0, never));
    assert.equal(error, undefined);
    return (JSON.parse(summaryOf(events).text) as any[]).map((message) =>
      typeof message === "string" ? message : message.type === "control_request" ? message.request.subtype : `${message.shouldQuery === false ? "history " : ""}${message.type} ${JSON.stringify(message.message.content)}`);
  }

  const motion = ["history user []", "acknowledged"];
  const motions = ["initialize", "apply_flag_settings", "set_max_thinking_tokens", ...motion];
  const rewinds = { REWINDS: "1" };

  it("tells all but the messages, once; a turn then tells only these", async (t) => {
    const infos: unknown[] = [];
    const { conversation, claude } = await startConversation(t, "echo-history", { onInitialized: (info) => infos.push(info) }, rewinds);
    await conversation.rehearse(profile, all);
    assert.deepEqual([conversation.isReusable, conversation.hasBegun, claude.state], [true, false, "busy"]);
    const told = await toldOf(conversation, { ...profile, messages: [user("hi")] });
    assert.deepEqual(told, [...motions, ...motion, ...motion, "rewound", "rewound", "rewound", 'user [{"type":"text","text":"hi"}]']);
    assert.deepEqual([infos.length, claude.state, conversation.isReusable], [1, "ready", true]);
  });

  it("sends no empty messages to a CLI that cannot take them back: its first message would stay one of them", async (t) => {
    const { conversation } = await startConversation(t, "echo-history");
    await conversation.rehearse(profile, { ...all, rewindToEmpty: false });
    const told = await toldOf(conversation, { ...profile, messages: [user("hi")] });
    assert.deepEqual(told, [...motions.slice(0, 3), 'user [{"type":"text","text":"hi"}]']);
  });

  it("that the CLI does not take back has no further use", async (t) => {
    const { conversation } = await startConversation(t, "echo-history");
    await assert.rejects(conversation.rehearse(profile, all), /rewind_conversation/u);
  });

  it("that goes on is waited for by a turn as far as it is begun, and nothing comes between", async (t) => {
    const { conversation } = await startConversation(t, "echo-history", {}, rewinds);
    const rehearsal = conversation.rehearse(profile, all);
    const told = await toldOf(conversation, { ...profile, messages: [user("a"), assistant("b"), user("c")] });
    await rehearsal;
    assert.deepEqual(told, [...motions, "rewound", 'history user [{"type":"text","text":"a"}]', "acknowledged", 'assistant [{"type":"text","text":"b"}]', 'user [{"type":"text","text":"c"}]']);
  });

  it("is one the client's tools are served in", async (t) => {
    const { conversation } = await startConversation(t, "calls-tools", {}, rewinds);
    await conversation.rehearse(turnOf({ tools }), all);
    const turn = ask('CALL look {"n":1}', { tools });
    const { events } = await collect(conversation.run(turn, 0, never));
    assert.deepEqual([callsIn(events).length, conversation.isParked], [1, true]);
    const second = await collect(conversation.run({ ...turn, messages: withResults(turn.messages, events, "one") }, 2, never));
    assert.deepEqual(given(second.events), [[callsIn(events)[0]?.id, "one"]]);
  });

  for (const [name, words] of [["refuses-initialize", /refused initialize/u], ["refuses-at-once", /schema not to my taste/u], ["refuses-history", /did not take the conversation's history/u], ["crashes-at-boot", /exit code 3/u]] as const) {
    it(`on a CLI like ${name} rejects, and a turn that waits for it fails with the same words`, async (t) => {
      const early = await startConversation(t, name);
      const rehearsal = assert.rejects(early.conversation.rehearse(profile, all), words);
      const { events, error } = await collect(early.conversation.run({ ...profile, messages: [user("hi")] }, 0, never));
      await rehearsal;
      assert.deepEqual([events, (error as BridgeError).code, early.conversation.isReusable, early.conversation.hasBegun], [[], "cli_failed", false, false]);
      assert.match((error as BridgeError).message, words);

      const late = await startConversation(t, name);
      await assert.rejects(late.conversation.rehearse(profile, all), words);
      assert.match(((await collect(late.conversation.run({ ...profile, messages: [user("hi")] }, 0, never))).error as BridgeError).message, words);
    });
  }

  it("that is never answered bounds the turn that waits for it", async (t) => {
    const { conversation } = await startConversation(t, "silent", { silenceMsMax: 50 });
    const rehearsal = assert.rejects(conversation.rehearse(profile, all), { code: "turn_timeout" });
    const { error } = await collect(conversation.run({ ...profile, messages: [user(silent.join(" "))] }, 0, never));
    await rehearsal;
    assert.deepEqual([(error as BridgeError).code, conversation.isReusable], ["turn_timeout", false]);
  });

  it("that does not settle holds a turn no longer than a rehearsal may, and the turn may go to another process", async (t) => {
    const { conversation } = await startConversation(t, "never-acknowledges", { rehearsalWaitMsMax: 50 });
    const rehearsal = assert.rejects(conversation.rehearse(profile, all), { code: "cli_failed" });
    const { events, error } = await collect(conversation.run({ ...profile, messages: [user("hi")] }, 0, never));
    await rehearsal;
    const { code, message } = error as BridgeError;
    assert.deepEqual([events, code, message], [[], "cli_failed", "The claude process did not end its rehearsal within 0.05 s."]);
    assert.deepEqual([conversation.isReusable, conversation.hasBegun], [false, false]);
  });

  it("that is answered like a question is refused, and its answer is given to no turn", async (t) => {
    const answersAll = { ANSWERS_ALL: "1" };
    const words = /answered what was no question/u;
    const waiting = await startConversation(t, "never-acknowledges", {}, answersAll);
    await assert.rejects(waiting.conversation.rehearse(profile, all), words);

    const taken = await startConversation(t, "never-acknowledges", {}, answersAll);
    const rehearsal = assert.rejects(taken.conversation.rehearse(profile, all), words);
    const { events, error } = await collect(taken.conversation.run({ ...profile, messages: [user("hi")] }, 0, never));
    await rehearsal;
    assert.deepEqual([events, (error as BridgeError).code, taken.conversation.hasBegun], [[], "cli_failed", false]);
    assert.match((error as BridgeError).message, words);
  });

  it("of a process that is ended leaves nobody waiting", async (t) => {
    const { conversation, claude } = await startConversation(t, "silent");
    const rehearsal = assert.rejects(conversation.rehearse(profile, all), { code: "cli_failed" });
    claude.kill();
    await rehearsal;
    await until(() => !conversation.isReusable);
  });
});

describe("what a process has of a turn that was left", () => {
  for (const [what, name, turn, settled] of [
    ["is all before the question once that was asked", "hangs", ask("hi"), { count: 0, isUntouched: false }],
    ["is not known where the CLI does not acknowledge what it is told", "never-acknowledges", turnOf({ messages: [user("a"), assistant("b"), user("c")] }), undefined],
    ["is not known before it has accepted what the turn begins with", "silent", ask("hi"), undefined],
  ] as const) {
    it(what, async (t) => {
      const { conversation } = await startConversation(t, name);
      const left = new AbortController();
      const running = collect(conversation.run(turn, 0, left.signal));
      // The first has begun to answer by then; the others wait for what does not come.
      await (name === "hangs" ? until(() => conversation.hasBegun) : meanwhile(t));
      left.abort();
      assert.equal(((await running).error as BridgeError).code, "client_closed");
      assert.deepEqual(await conversation.settle(), settled);
    });
  }
});

it("no process of these tests is left", () => {
  for (const name of ["answers", "calls-tools", "hangs", "silent", "bursts", "echo-history", "floods-one-line"]) assert.deepEqual(runningFakes(name), []);
});
